# The two commands of a fresh machine are `make run` and `make test`.

.PHONY: run test lint unit it generate helm-goldens bench fuzz setup

# Builds the release program and starts it with everything it needs, to try it out. ARGS="--listen 127.0.0.1:9000" for
# another port.
run: setup
	cargo build --release --locked
	target/release/trunkline dev $(ARGS)

# Everything that has to hold: form, lints, documentation, unit, property and integration tests.
test: setup lint unit it

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --quiet

unit:
	cargo test --locked --lib --bins --benches

# Against real Apache Kafka, started by the tests; fetched on first use.
it:
	tools/kafka/fetch
	tools/helm/fetch
	cargo test --locked --test it

# Everything that is made from the code: schemas and reference pages.
generate:
	cargo build --locked
	for what in event config openapi asyncapi; do target/debug/trunkline schema $$what > schemas/$$what.json; done
	for what in configuration metrics answers vendors; do target/debug/trunkline docs $$what > docs/$$what.md; done

# Everything of the Helm chart that is made from elsewhere: what it renders to, its schema, table of values, alerts and
# dashboards. Look at the difference before you commit it.
helm-goldens: generate
	tools/helm/fetch
	HELM_GOLDENS=write cargo test --locked --test it helm:: -- --test-threads=1

# Takes a few minutes and prints tables; figures are ratios and medians, machines differ.
bench: setup
	tools/kafka/fetch
	cargo bench --locked --bench window
	cargo bench --locked --bench pending
	cargo bench --locked --bench pipeline
	cargo bench --locked --bench visible

# Each fuzz target for so many seconds. The first run builds everything once more, with libFuzzer's counters in it.
SECONDS ?= 60
fuzz: setup
	tools/fuzz $(SECONDS)

setup:
	@tools/setup
