package policy

// module is the prefix of our own packages.
const module = "github.com/veltrix/veltrix"

// part is one row of the import table of ARCHITECTURE.md. A package belongs to the part with the longest path that is
// its own or a parent's.
type part struct {
	path string
	// row orders the parts: a part imports only from rows with a smaller number.
	row int
	// ours lists the parts that it may import. The parts that are anything lists all of them.
	ours []string
	// others lists the foreign packages that it may import beside the standard library; "/..." includes those below.
	others []string
	// why is the reason that nothing else is allowed.
	why string
}

// anything stands in a part that is free to import what it likes from the rows above it.
const anything = "..."

// Foreign packages that several parts may import.
const (
	clientGolang = "github.com/prometheus/client_golang/..."
	kafkaGo      = "github.com/segmentio/kafka-go/..."
	yaml         = "go.yaml.in/yaml/v3"
	zap          = "go.uber.org/zap/..."
	ulid         = "github.com/oklog/ulid/v2"
	errgroup     = "golang.org/x/sync/errgroup"
	etcdClient   = "go.etcd.io/etcd/client/..."
	etcdAPI      = "go.etcd.io/etcd/api/..."
	grpc         = "google.golang.org/grpc/..."
	promParser   = "github.com/prometheus/prometheus/promql/parser/..."
	promModel    = "github.com/prometheus/prometheus/model/..."
	promCommon   = "github.com/prometheus/common/..."
)

// parts is the import table.
func parts() []part {
	return []part{
		{path: "settings", row: 0, why: "everybody shares the vocabulary, so nobody may inherit a dependency from it"},
		{
			path: "settings/internal/generate", row: 1, ours: []string{"settings"},
			why: "the generator writes what the table says and knows nothing else",
		},
		{
			path: "tuner", row: 1, ours: []string{"settings"},
			why: "a decision is a function of its input: it can be replayed only if nothing else can reach it",
		},
		{
			path: "live", row: 1, ours: []string{"settings"}, others: []string{kafkaGo, clientGolang, zap, errgroup},
			why: "applications link it: each of its dependencies becomes theirs, and with Veltrix gone it must run on",
		},
		{
			path: "rules", row: 2, ours: []string{"settings", "tuner"}, others: []string{promParser, promModel, "github.com/prometheus/common/model", yaml},
			why: "the sidecar links it: the parser of PromQL is enough, Prometheus itself evaluates",
		},
		{
			path: "rules/ruletest", row: 3, ours: []string{"settings", "tuner", "rules"},
			others: []string{"github.com/prometheus/prometheus/...", promCommon, clientGolang, yaml},
			why:    "tests of rules need the PromQL engine, and only veltrixctl links them",
		},
		{
			path: "store", row: 2, ours: []string{"settings", "tuner"}, others: []string{etcdClient, etcdAPI, grpc, zap, ulid, errgroup},
			why: "applications link it for their settings: it is etcd's client and nothing of the loop",
		},
		{
			path: "store/memory", row: 3, ours: []string{"settings", "tuner", "store"}, others: []string{ulid},
			why: "the twin of the store works without a network",
		},
		{
			path: "store/storetest", row: 4, ours: []string{"settings", "tuner", "store"},
			others: []string{"github.com/stretchr/testify/require", ulid, "go.uber.org/goleak"},
			why:    "one suite for every store: it must not know which one it tests",
		},
		{
			path: "sidecar", row: 4, ours: []string{"settings", "tuner", "rules", "store"},
			others: []string{clientGolang, promCommon, "github.com/prometheus/exporter-toolkit/...", zap, yaml, ulid, errgroup},
			why:    "it meets the engine only in etcd's document, and asks Prometheus over HTTP",
		},
		{
			path: "broker", row: 4, ours: []string{"settings", "store"}, others: []string{kafkaGo, zap},
			why: "it is to brokers what a live client is to itself: documents in, reports out, nothing of the loop",
		},
		{path: "engine/hunt", row: 2, why: "the game is a pure reducer: what happened decides, nothing else"},
		{
			path: "engine", row: 4, ours: []string{"settings", "live", "engine/hunt"}, others: []string{clientGolang, kafkaGo, zap, ulid, errgroup},
			why: "it stands for any application: it knows its Kafka client, and neither rules nor tuner nor store",
		},
		{
			path: "process", row: 4, others: []string{clientGolang, "github.com/prometheus/exporter-toolkit/...", zap, errgroup},
			why: "a log, a server and exit codes are the same for every command, whatever it runs",
		},
		{path: "internal", row: 3, ours: []string{anything}, others: []string{anything}, why: "helpers of tests and of the lab"},
		{
			path: "dashboards", row: 5,
			ours:   []string{"settings", "rules", "live", "engine", "sidecar", "store", "store/memory", "process"},
			others: []string{"github.com/grafana/grafana-foundation-sdk/go/..."},
			why:    "it draws what the parts export, and its tests hold it against them; nothing imports it",
		},
		{path: "deploy", row: 6, ours: []string{anything}, why: "its tests run what it ships; there is no other code in it"},
		{path: "lab", row: 5, ours: []string{anything}, others: []string{anything}, why: "the lab runs everything at once"},
		{path: "cmd", row: 6, ours: []string{anything}, others: []string{anything}, why: "flags and wiring"},
	}
}

// onlyForTests lists what no production code but the lab's may import: helpers, suites, and what runs servers.
func onlyForTests() []string { return []string{"internal", "store/storetest"} }

// ban forbids a package to parts, whatever the import table says.
type ban struct {
	parts    []string
	packages []string
	why      string
}

// bans holds for production code, not for tests.
func bans() []ban {
	pure := []string{"settings", "tuner", "engine/hunt"}
	return []ban{
		{pure, []string{"context"}, "nothing in a pure package waits, so there is nothing to cancel"},
		{pure, []string{"math/rand/...", "crypto/rand"}, "the same input gives the same output, byte for byte"},
		{pure, []string{"os/...", "net/...", "io/ioutil", "log/...", "embed"}, "a pure package does no I/O"},
	}
}

// clockless lists the parts that get the time as an argument.
func clockless() []string { return []string{"settings", "tuner", "rules", "engine/hunt"} }

// goroutineless lists the parts that start no goroutine.
func goroutineless() []string { return []string{"settings", "tuner", "rules", "engine/hunt"} }

// binary says what a command must not link, directly or through others.
type binary struct {
	command string
	bans    []ban
}

func binaries() []binary {
	return []binary{
		{"cmd/veltrix", []ban{servers(), {
			packages: []string{module + "/engine/...", module + "/live/..."},
			why:      "the sidecar never carries records; to Kafka it talks only of brokers' settings, by the package broker",
		}}},
		{"cmd/hunt", []ban{servers(), {
			packages: []string{module + "/sidecar/...", module + "/rules/..."},
			why:      "the engine meets the sidecar only in etcd's document",
		}}},
	}
}

// servers bans what only the lab and tests run.
func servers() ban {
	return ban{
		packages: []string{
			"go.etcd.io/etcd/server/...", "go.etcd.io/bbolt/...", "go.etcd.io/raft/...",
			"github.com/twmb/franz-go/pkg/kfake/...",
			"github.com/prometheus/prometheus/promql", // promql/parser is fine
			"github.com/prometheus/prometheus/tsdb",   // the parser links types from below it
			"github.com/prometheus/prometheus/scrape", "github.com/prometheus/prometheus/rules/...", "github.com/prometheus/prometheus/web/...",
			module + "/lab/...", module + "/internal/...", module + "/rules/ruletest/...",
			"github.com/stretchr/testify/...",
		},
		why: "it asks servers, it doesn't carry them",
	}
}
