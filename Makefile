# Herald. `make` alone lists what there is to do.

BIN := .herald/bin
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
# The race detector needs a C compiler; without one the tests run without it.
RACE := $(shell command -v cc >/dev/null 2>&1 && echo -race)

.DEFAULT_GOAL := help
.PHONY: help
help: ## List the targets
	@grep -E '^[a-z/-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

.PHONY: demo
demo: build ## Send a campaign to 10,000 users on this machine, from nothing
	@$(BIN)/herald demo

.PHONY: dev
dev: build ## Run Postgres, Temporal, the API and a worker on this machine
	@$(BIN)/herald dev

.PHONY: build
build: ## Build the herald command into .herald/bin
	@mkdir -p $(BIN)
	go build -o $(BIN)/herald ./cmd/herald

.PHONY: test
test: ## Run all tests, on a private Postgres and a real Temporal server
	go test $(RACE) -timeout 20m ./...

.PHONY: soak
soak: ## Prove controls, pace, webhooks, reads and the API at length, in more than an hour; SOAK=TestPace is one of them
	HERALD_SOAK=1 go test -count=1 -timeout 120m -v -run "$(SOAK)" ./soak

.PHONY: compatibility
compatibility: ## Write docs/compatibility.md from what the SDK tests call
	HERALD_REQUIRE_NODE=1 go test -count=1 -timeout 10m -run 'TestSDKs$$' ./cmd/herald -write-compatibility

.PHONY: check
check: ## Format, vet, lint, workflow determinism, known vulnerabilities
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "not formatted:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go run $(GOLANGCI_LINT) run ./...
	go tool workflowcheck ./workflows/...
	@$(MAKE) --no-print-directory vulncheck

.PHONY: vulncheck
vulncheck: ## Look for known vulnerabilities, where their database can be reached
	@out=$$(go run $(GOVULNCHECK) ./... 2>&1); code=$$?; \
	if echo "$$out" | grep -qE 'dial tcp|no such host|connection refused|fetching vulnerabilities|i/o timeout'; then echo "govulncheck: skipped, its database cannot be reached"; exit 0; fi; \
	echo "$$out"; exit $$code

.PHONY: bench
bench: build ## Measure throughput and memory against the raw speed of Postgres
	@go run ./bench $(BENCHFLAGS)

.PHONY: clean
clean: ## Remove what was built and the data of `make dev` and `make demo`
	rm -rf .herald
