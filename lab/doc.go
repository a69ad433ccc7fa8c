// Package lab runs the whole loop on one machine: Kafka, etcd, Prometheus, two engines of the treasure hunt with the
// live client, the sidecar with its shipped rules, and players. It is the demonstration, the end-to-end test, and the
// place to try a rule or a fault.
//
// Every part can be the one inside this process or a real one: see [StartKafka], [StartPrometheus] and [StartEtcd]. The
// parts meet only as they do in production, through Kafka, Prometheus and etcd; the lab looks in from outside, by the
// players' own clocks, the engines' HTTP API and the journal.
//
// The in-memory broker answers in no time. So that settings matter to it as to a real one, a [Service] stands in front:
// each request costs a fixed time and each byte a little, one after the other.
//
// Traffic is open-loop: a request is sent when it is due, whatever became of the earlier ones, and its latency counts from then.
// A [Ledger] keeps every claim that was acknowledged, and compares it in the end with what the engines know.
package lab
