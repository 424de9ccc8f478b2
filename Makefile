# Wanquan. `make` alone lists what can be done.
.DEFAULT_GOAL := help
SHELL := /bin/bash
CARGO ?= cargo
NPM ?= npm --no-audit --no-fund
TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help build demo test test-rust test-web test-browser test-crash lint fmt bench fuzz references openapi

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

web/node_modules/.ready: web/package-lock.json
	cd web && $(NPM) ci
	@touch $@

web/dist/.ready: web/node_modules/.ready $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print 2>/dev/null)
	cd web && $(NPM) run build
	@touch $@

e2e/node_modules/.ready: e2e/package-lock.json
	cd e2e && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 $(NPM) ci
	@touch $@

build: web/dist/.ready ## Build the executable with the console and packs inside (target/release/wanquan)
	$(CARGO) build --release -p wanquan-server

demo: build ## Open a running city on real history (Changzhi, 12 February 2020)
	$(TARGET)/release/wanquan demo

test: test-rust test-web test-browser test-crash ## Run every test

test-rust: web/dist/.ready
	scripts/with-postgres $(CARGO) test --workspace

test-web: web/node_modules/.ready
	cd web && $(NPM) test

test-browser: web/dist/.ready e2e/node_modules/.ready
	$(CARGO) build -p wanquan-server
	scripts/browser-tests

test-crash: web/dist/.ready
	$(CARGO) build -p wanquan-server
	node scripts/pull-the-plug.mjs --bin $(TARGET)/debug/wanquan --rounds 5

lint: web/node_modules/.ready web/dist/.ready e2e/node_modules/.ready ## Check formatting, lints, licences
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	cd web && $(NPM) run lint && $(NPM) run typecheck
	cd e2e && $(NPM) run typecheck
	web/node_modules/.bin/prettier --config web/.prettierrc.json --check --log-level warn 'e2e/{support,tests}/**' 'e2e/*.ts'
	node scripts/check-licences.mjs
	@if command -v cargo-deny >/dev/null; then cargo deny --offline check bans sources; fi

fmt: web/node_modules/.ready ## Format everything
	$(CARGO) fmt --all
	cd web && $(NPM) run format
	web/node_modules/.bin/prettier --config web/.prettierrc.json --write --log-level warn 'e2e/{support,tests}/**' 'e2e/*.ts'

bench: ## Run the benchmarks (quiet machine; figures go to docs/performance.md)
	$(CARGO) bench --workspace

# The search that coverage guides: seeds are read, what they grow to lies in fuzz/corpus, what is found in fuzz/artifacts.
SECONDS_EACH ?= 900
FUZZ_HOST = $(shell rustc -vV | sed -n 's/^host: //p')
FUZZ_RUN = RAYON_NUM_THREADS=1 TMPDIR=$(CURDIR)/fuzz/target $(CURDIR)/fuzz/target/$(FUZZ_HOST)/release
fuzz: web/dist/.ready ## Look for tables that break a reader or a command (SECONDS_EACH=900)
	cd fuzz && $(CARGO) build --release --target $(FUZZ_HOST) --target-dir target
	for target in readers commands; do \
	  mkdir -p fuzz/corpus/$$target fuzz/artifacts/$$target && \
	  $(FUZZ_RUN)/$$target fuzz/corpus/$$target fuzz/seeds/$$target -artifact_prefix=fuzz/artifacts/$$target/ \
	    -dict=fuzz/tables.dict -max_len=16384 -timeout=60 -rss_limit_mb=2048 -close_fd_mask=1 \
	    -max_total_time=$(SECONDS_EACH) -print_final_stats=1 </dev/null || exit 1; \
	done

# A comparison on random cases; not a test, since it needs R (scripts/references/README.md).
SEED ?= 1
CASES ?= 100
REFERENCES = $(TARGET)/references
references: ## Compare the statistics with R on random cases (SEED=1 CASES=100; needs R)
	rm -rf $(REFERENCES)
	for script in $(filter-out %/common.R,$(wildcard scripts/references/*.R)); do \
	  Rscript --vanilla $$script $(REFERENCES) $(SEED) $(CASES) || exit 1; \
	done
	WANQUAN_GOLDEN_DIR=$(abspath $(REFERENCES)) WANQUAN_GOLDEN_DATA=$(abspath $(REFERENCES))/data \
	  $(CARGO) test -p wanquan-epi --test golden

openapi: web/node_modules/.ready ## Regenerate crates/server/openapi.json and the console's client types
	$(CARGO) run -q -p wanquan-server -- openapi > crates/server/openapi.json.new
	mv crates/server/openapi.json.new crates/server/openapi.json
	cd web && $(NPM) run generate
