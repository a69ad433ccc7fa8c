package kafkaserver

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// logging sends the server's log to standard output, which the node's file takes.
const logging = `status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c %m%n
rootLogger.level = WARN
rootLogger.appenderRef.out.ref = out
`

// properties returns server.properties of node n as broker and controller in one process.
func (c *Cluster) properties(n *Node) string {
	replicas := min(len(c.nodes), 3)
	props := map[string]string{
		"process.roles":                                    "broker,controller",
		"node.id":                                          fmt.Sprint(n.ID),
		"controller.quorum.voters":                         c.voters(),
		"controller.listener.names":                        "CONTROLLER",
		"listeners":                                        fmt.Sprintf("PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d", n.port, n.controllerPort),
		"advertised.listeners":                             fmt.Sprintf("PLAINTEXT://127.0.0.1:%d", n.port),
		"listener.security.protocol.map":                   "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"log.dirs":                                         n.dataDir(),
		"num.partitions":                                   "1",
		"default.replication.factor":                       fmt.Sprint(replicas),
		"min.insync.replicas":                              fmt.Sprint(max(1, replicas-1)),
		"offsets.topic.replication.factor":                 fmt.Sprint(replicas),
		"offsets.topic.num.partitions":                     "4",
		"transaction.state.log.replication.factor":         fmt.Sprint(replicas),
		"transaction.state.log.min.isr":                    fmt.Sprint(max(1, replicas-1)),
		"share.coordinator.state.topic.replication.factor": fmt.Sprint(replicas),
		"share.coordinator.state.topic.min.isr":            fmt.Sprint(max(1, replicas-1)),
		"group.initial.rebalance.delay.ms":                 "0",
		"auto.create.topics.enable":                        "false",
		"controlled.shutdown.enable":                       "true",
	}
	maps.Copy(props, c.options.Properties)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(props)) {
		fmt.Fprintf(&b, "%s=%s\n", name, props[name])
	}
	return b.String()
}

func (c *Cluster) voters() string {
	voters := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		voters[i] = fmt.Sprintf("%d@127.0.0.1:%d", n.ID, n.controllerPort)
	}
	return strings.Join(voters, ",")
}
