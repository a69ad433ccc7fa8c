# Short names for what the project is worked on with. `make ci` is what continuous integration runs.

LINT = go tool -modfile=tools/go.mod golangci-lint
FUZZTIME ?= 30s
PKG ?= ./settings
SEEDS ?= 100
FIRST ?= 1
FUZZ ?= FuzzDecodeDocument
URL ?= http://127.0.0.1:8080
PROFILE ?= calm:30s@200,spike:60s@1000

.PHONY: build test lint fmt generate demo ci fuzz bench proof jmeter simulate judge

build: ## the commands, in bin/
	go build -o bin/ ./cmd/...

test: ## everything; what needs Java and Maven is skipped where they are missing
	go test -race ./...

lint: ## the linters of .golangci.yml; the first run builds them
	$(LINT) fmt --diff
	$(LINT) run

fmt:
	$(LINT) fmt

generate: ## what is derived from the table of settings
	go generate ./...

demo: ## the loop heals a spike, with nothing but Go
	go run ./cmd/lab demo

ci:
	.ci/run

fuzz: ## make fuzz PKG=./settings FUZZ=FuzzDecodeDocument FUZZTIME=30s
	go test -run '^$$' -fuzz '^$(FUZZ)$$' -fuzztime $(FUZZTIME) $(PKG)

bench:
	go test -run '^$$' -bench . -benchmem ./...

proof: ## the loop beside kafka-go's defaults and static settings, on a real Kafka; about an hour
	go run ./cmd/lab bench loop --kafka real --out loop.json --report loop.html

jmeter: ## the phases by JMeter against an engine that runs: make jmeter URL=http://127.0.0.1:8080 PROFILE=calm:20s@50
	mvn -q -f lab/jmeter/pom.xml verify -Dhunt.url=$(URL) -Dhunt.profile=$(PROFILE)

simulate: ## the tuner against the simulated plant for longer: make simulate SEEDS=1000 FIRST=1
	go test ./internal/simulation -count=1 -timeout 12h -v -seeds $(SEEDS) -first $(FIRST)

judge: ## docs/judge.md and its plot: how often the tuner's judgement is wrong
	go generate ./internal/simulation
