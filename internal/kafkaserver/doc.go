// Package kafkaserver runs Apache Kafka itself on this machine: real brokers for tests and for the lab.
//
// It needs Java 17 and Maven, nothing else: the server's jars come from Maven Central by the pom.xml beside this
// file, once, into the user's cache folder. A [Cluster] has one node or several, in KRaft mode, every node both broker
// and controller, on free ports of the loopback interface, with its data in a folder of the caller's.
//
// A [Node] can be stopped, killed, started again on the same ports and data, and paused (SIGSTOP), which is how a slow
// broker is made: see [Node.Slow].
//
// Tests use package internal/kafkatest, which skips where Java is missing and fails instead under VELTRIX_REQUIRE_REAL=1.
package kafkaserver
