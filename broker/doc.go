// Package broker applies the settings of class broker to a Kafka cluster, by IncrementalAlterConfigs.
//
// An [Actuator] is to brokers what a live client is to its own settings: it follows the application's document, applies what
// it says of broker.* settings, reads back, and reports as an instance of the application. A change of such a setting is thus a
// trial as any other: it waits for the actuator's acknowledgement, is judged, and taken back if it doesn't help.
//
// It is careful: a change is validated by the broker before it is made, made on one broker and read back before any other
// broker sees it, and never doubles or halves a value by more than a factor of two at once, which is what Kafka demands of its
// thread pools. What the document doesn't have any more is deleted on the brokers, so that their own configuration counts
// again; only what a document of this application has ever set is deleted.
//
// It is off unless configured, and only the leader's runs.
package broker
