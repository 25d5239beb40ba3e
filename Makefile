# headrace: `make` lists what there is. Every target does its own set-up.

GO      ?= go
BIN     := bin/headrace
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LINT    := v2.15.0
export CGO_ENABLED ?= 0

.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/headrace
	$(GO) build -trimpath -ldflags "-s -w -X github.com/headrace/headrace/internal/telemetry.Version=$(VERSION)" -o $(BIN) ./cmd/headrace

ui: ## build the web UI for the binary to embed (needs Node); then: make build
	scripts/ui

ui-try:
	@scripts/ui --try

demo: ui-try build ## see it work: a simulated tenant, collected into ./headrace-demo (ARGS=--exit ends by itself)
	@$(BIN) demo $(ARGS)

test: build ## all tests with the race detector, on SQLite and PostgreSQL
	scripts/test $(ARGS)

e2e: ## people's journeys in a real browser (ARGS=--update writes the pictures anew, ARGS=connect runs one file)
	scripts/e2e $(ARGS)

check: ## formatting, vet and the linters
	scripts/check $(LINT)

fuzz: ## every fuzz test for a while (FUZZTIME=30s each)
	scripts/fuzz $(or $(FUZZTIME),30s)

bench: build ## measure speed, memory and politeness; prints a table
	HEADRACE_BINARY=$(abspath $(BIN)) $(GO) run ./tests/bench $(ARGS)

docs: build ## write the pages that are generated: connectors, commands
	rm -f docs/commands/*.md docs/connectors/*.md
	env -u HEADRACE_DATA_DIR $(BIN) docs --dir docs

fix: ## format the code and mend what can be mended
	gofmt -w $$(git ls-files '*.go')
	$(GO) mod tidy

release: ## archives for Linux and macOS in dist/
	scripts/release $(VERSION)

clean: ## remove what was built
	rm -rf bin dist headrace-demo headrace-data headrace-data.key web/node_modules
	find internal/webui/dist -mindepth 1 ! -name .keep -delete

.PHONY: help build ui ui-try demo test e2e check fuzz bench docs fix release clean
