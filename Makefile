# The one way in. `make` lists the targets; the first two to try are `make demo` and `make test`.
SHELL := bash
.DEFAULT_GOAL := help
AFTERCARE := target/release/aftercare
.PHONY: help setup build bins demo test check up down status reset bench bench-short bench-desk fail-points faults kills fuzz docs freeze fmt triage-report

help: ## what can be done here
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: ## installs what this machine lacks (Debian, Ubuntu); nothing when all is there
	@deploy/setup

build: setup ## builds everything, optimised
	cargo build --release --workspace --bins

demo: build ## starts the system and plays 90 days through it, then recounts everything
	$(AFTERCARE) demo

up: build ## starts the system on this machine and leaves it running
	$(AFTERCARE) up

down: ## stops it
	$(AFTERCARE) down

status: ## says how it is
	$(AFTERCARE) status

reset: ## stops it and throws its data away
	$(AFTERCARE) reset --yes

bench: bench-short bench-desk ## how fast everything is (25 minutes, and building)

bench-short: build ## how fast it is, beside Postgres itself and every mark but those of lists (4 minutes, and building its benches)
	$(AFTERCARE) bench
	cargo bench -p aftercare --bench replay

bench-desk: setup ## how fast lists are: search and queue of a million cases, a shop's of five million orders (20 minutes, and building)
	cargo test --release -p intake --lib search::speed -- --ignored --nocapture
	cargo test --release -p fulfilment --test api open -- --ignored --nocapture

faults: build ## kills every process in turn and recounts everything, and one wherever it waits, RUNS=500 times (4 minutes, and building); RUNS=10000 is the long form
	$(AFTERCARE) faults
	$(MAKE) fail-points RUNS=$(or $(RUNS),500)

fail-points: setup ## kills fulfilment wherever it waits while it pays; RUNS=500 times
	RUNS=$(or $(RUNS),500) cargo test --release -p fulfilment --test api fail_points -- --ignored --nocapture

kills: build ## plays thirty days while services are killed, recounts, cleans up; and 10,000 fail points (40 minutes)
	$(AFTERCARE) --home target/kills demo --fresh --days 30 --kill-every 10s --port-base 7300
	$(AFTERCARE) --home target/kills reset --yes
	$(MAKE) fail-points RUNS=10000

fuzz: setup ## a million inputs against every adapter of the channels
	cargo test --release -p intake --lib channels -- --ignored

triage-report: build ## how good triage is on the real texts in ../shared/data, where there are some
	$(AFTERCARE) triage report --data $(or $(DATA),../shared/data)

# A test starts the whole system; the programs must be there.
bins: setup
	cargo build --workspace --bins

test: bins ## all tests, against real parts
	cargo test --workspace --no-fail-fast

check: ## format, lints, bans, licences, migrations, house rules
	@deploy/check/run

fmt: ## formats everything
	cargo fmt --all

docs: bins ## writes the generated parts of the documents again (diagrams, catalogue)
	AFTERCARE_UPDATE=1 cargo test --workspace --quiet

freeze: setup ## after a release: the published contracts become what later ones are compared with
	AFTERCARE_FREEZE=1 cargo test --workspace --quiet --test contracts released
