// Package bench measures Kafka clients against each other on one broker, in one run: the live client, kafka-go's own
// Writer and Reader, franz-go, and Kafka's own ProducerPerformance where Java is there.
//
// Every client is looked at from outside, by the same generators and the same clocks. In an open loop a record is due
// at its time whatever became of the earlier ones, and its latency counts from when it was due, so that a client that
// stalls can't hide behind the records that it kept from being sent. Before it is measured, each client may choose the
// best of a few settings for the scenario; what it chose stands in the result. Rounds repeat the measurement in turns,
// with the order rotated, because machines are noisy: read ratios, and how far rounds differ.
package bench
