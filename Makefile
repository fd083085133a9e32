# The two commands of a fresh machine are `make run` and `make test`.

.PHONY: run test lint rules audit unit work it faults upgrade generate helm-goldens bench fuzz setup

# Builds the release program and starts it with everything it needs, to try it out. ARGS="--listen 127.0.0.1:9000" for
# another port.
run: setup
	cargo build --release --locked
	target/release/trunkline dev $(ARGS)

# Everything that has to hold: form, lints, documentation, unit, property and integration tests, and the work of a callback.
test: setup lint rules unit work it

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --no-default-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --quiet
	tools/deny bans licenses sources

# Known weaknesses of what the program is made of. Fetches the advisory database from GitHub.
audit:
	tools/deny advisories

# The alerts by Prometheus' own tool, the dashboards by Grafana's linter; fetched and built on first use.
rules:
	tools/observe/check

unit:
	cargo test --locked --lib --bins --benches

# No vendor's callback needs more instructions than benches/work.md allows.
work:
	tools/work

# Against real Apache Kafka and Prometheus, started by the tests, asked by Schemathesis, and with Helm; all fetched on first use.
it:
	tools/kafka/fetch
	tools/observe/fetch
	tools/schemathesis/fetch
	tools/consuming/fetch
	cargo build --locked --example consume
	tools/helm/fetch
	cargo test --locked --test it

# Every fault alone, then RUNS random mixes, on a Kafka of three nodes; a mix takes about a minute and a half. Everything
# follows from SEED, which is printed. FAULT=mix or the name of a fault runs only those. Stops at the first violation and says
# where the plan, the logs and the topics are kept.
RUNS ?= 10
faults: setup
	tools/kafka/fetch
	FAULT_RUNS=$(RUNS) FAULT_SEED=$(SEED) FAULT=$(FAULT) \
		cargo test --locked --test it -- --exact faults::every_fault_alone_and_mixes_of_them_lose_and_double_nothing --nocapture

# Rolling upgrades from FROM, an earlier commit, to this one and back, RUNS times under load.
FROM ?=
upgrade: setup
	tools/kafka/fetch
	previous=$$(tools/previous $(FROM)) && FAULT_PREVIOUS=$$previous FAULT_RUNS=$(RUNS) FAULT_SEED=$(SEED) \
		cargo test --locked --test it -- --exact faults::every_fault_alone_and_mixes_of_them_lose_and_double_nothing --nocapture

# Everything that is made from the code: schemas, reference pages, the settings compose.yaml runs with. And the chart's copies of
# alerts and dashboards, as a chart cannot reach what is outside of it.
generate:
	cargo build --locked
	for what in event config openapi asyncapi; do target/debug/trunkline schema $$what > schemas/$$what.json; done
	for what in configuration metrics answers vendors; do target/debug/trunkline docs $$what > docs/$$what.md; done
	for what in overview source; do target/debug/trunkline docs dashboard-$$what > dashboards/$$what.json; done
	target/debug/trunkline simulate --settings > compose/trunkline.toml
	rm -rf helm/trunkline/files/dashboards && mkdir helm/trunkline/files/dashboards
	cp dashboards/*.json helm/trunkline/files/dashboards
	cp dashboards/alerts.yaml helm/trunkline/files

# Everything of the Helm chart that is made from elsewhere: what it renders to, its schema and its table of values. Look at the
# difference before you commit it.
helm-goldens: generate
	tools/helm/fetch
	HELM_GOLDENS=write cargo test --locked --test it helm:: -- --test-threads=1

# Takes half an hour and prints tables; figures are ratios and medians, machines differ.
bench: setup
	tools/kafka/fetch
	cargo bench --locked --bench window
	cargo bench --locked --bench pending
	cargo bench --locked --bench pipeline
	cargo bench --locked --bench visible
	cargo bench --locked --bench spool
	cargo bench --locked --bench timing
	cargo bench --locked --bench overload
	cargo bench --locked --bench ingest
	cargo bench --locked --bench dedup

# Each fuzz target for so many seconds. The first run builds everything once more, with libFuzzer's counters in it.
SECONDS ?= 60
fuzz: setup
	tools/fuzz $(SECONDS)

setup:
	@tools/setup
