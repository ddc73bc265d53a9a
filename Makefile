# Fleetgate. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

export GOTOOLCHAIN := go1.27.4+auto
export CGO_ENABLED ?= 0

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
TESTBED := ./bin/testbed
# tool runs a pinned tool of its own module, so that its dependencies are never ours.
tool     = go tool -modfile=hack/tools/$(1)/go.mod
# What is measured is built as what is shipped is: by the profile in cmd/proxy, if there is one.
BENCH_PGO = $(addprefix -pgo=,$(wildcard cmd/proxy/default.pgo))
# kube prints the folder of Kubernetes binaries, which also serve as envtest assets; it builds them if need be.
kube     = $$($(TESTBED) kube)

##@ Develop

.PHONY: help
help: ## List every target with a line each.
	@awk 'BEGIN{FS=":.*## "} /^##@/{printf "\n%s\n",substr($$0,5)} /^[a-z0-9-]+:.*## /{printf "  %-19s %s\n",$$1,$$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the operator, the proxy, the CLI, the emulator and the testbed into bin/.
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/... ./providers/aws/emulator/cmd/... ./e2e/backend ./e2e/testbed/cmd/...

.PHONY: generate
generate: ## Rewrite generated files: deep copies, CRDs.
	$(call tool,gen) controller-gen object paths=./apis/... crd:maxDescLen=1000 output:crd:dir=charts/fleetgate-crds/templates
	$(call tool,gen) gofumpt -w $$(git ls-files '*.go' | grep -v zz_generated)

.PHONY: lint
lint: ## Run every linter that .golangci.yml has no reason against, and helm lint.
	$(call tool,lint) golangci-lint run ./...
	cd e2e/conformance && go tool -modfile=../../hack/tools/lint/go.mod golangci-lint run ./...
	cd e2e/experimental/authserver && go tool -modfile=../../../hack/tools/lint/go.mod golangci-lint run ./...
	$(call tool,helm) helm lint charts/fleetgate charts/fleetgate-crds

.PHONY: verify
verify: ## Fail when generated files, formatting or go.mod are not up to date.
	hack/verify.sh

##@ Test

.PHONY: test
test: deps verify lint unit moto e2e experimental conformance-checked conformance-fleet ## Run all tests, end-to-end included; install and build what they need.

.PHONY: deps
deps: ## Install Debian packages that are missing and build Kubernetes once into the cache.
	hack/debian.sh
	go build -o bin/ ./e2e/testbed/cmd/testbed
	$(TESTBED) kube >/dev/null

.PHONY: unit
unit: deps ## Unit, golden, property, contract and API-server tests, with the race detector.
	KUBEBUILDER_ASSETS=$(kube) CGO_ENABLED=1 go test -race -timeout 20m $$(go list ./... | grep -v /e2e$$)
	cd e2e/conformance && go test ./...

.PHONY: golden
golden: ## Rewrite the golden cases from what the code does now; review the difference.
	go test ./internal/golden/... -update

.PHONY: moto
moto: ## The AWS provider's integration suite against moto, as a second judge of our emulator.
	hack/moto.sh with go test -count=1 -timeout 15m -run 'TestIntegration/moto' ./providers/aws/

.PHONY: e2e
e2e: deps build ## Real clusters, real pods, real sockets.
	FLEETGATE_E2E=1 go test -count=1 -timeout 40m -v ./e2e

.PHONY: experimental
experimental: deps ## The experimental channel's features, one test each, on a cluster of its own; with the race detector and the check for leaks.
	FLEETGATE_E2E=1 FLEETGATE_E2E_RACE=1 go test -count=1 -timeout 20m -v ./e2e/experimental

# suite runs a test of Gateway API's conformance suite on clusters of its own.
suite = cd e2e/conformance && FLEETGATE_CONFORMANCE=1 FLEETGATE_CONFORMANCE_RACE=$(RACE) FLEETGATE_VERSION=$(VERSION) \
	go test -count=1 -timeout 120m -v -run $(1) . $(if $(ARGS),-args $(ARGS))

.PHONY: conformance
conformance: deps ## Gateway API's own suite, all five profiles; writes docs/conformance. ARGS=-run-test=NAME for one test, RACE=1 as conformance-checked.
	$(call suite,TestConformance)

.PHONY: conformance-checked
conformance-checked: ## The same with the race detector and the check for leaks in operator and proxies; leaves docs/conformance as it is.
	$(MAKE) conformance RACE=1 ARGS='-report-output=$(CURDIR)/bin/conformance-report.yaml $(ARGS)'

.PHONY: conformance-fleet
conformance-fleet: deps ## The core of its HTTP profile against a fleet of three members.
	$(call suite,TestFleet)

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (default 30s) each.
	hack/fuzz.sh

.PHONY: bench
bench: ## Measure the proxy against nginx, HAProxy and net/http. BENCH=case,case ROUNDS=n SECONDS=n BENCH_OUT=file; see docs/performance.md.
	hack/debian.sh debian-packages-bench.txt
	go build -trimpath -ldflags '-s -w' $(BENCH_PGO) -o bin/bench/ ./bench/cmd/... ./cmd/proxy
	bin/bench/bench -cases '$(BENCH)' -rounds $(or $(ROUNDS),5) -seconds $(or $(SECONDS),2) -out '$(BENCH_OUT)'

.PHONY: scale
scale: deps ## Measure the whole product on a real cluster with thousands of routes. CASES=propagation,attach,changes,listenersets SCALE_OUT=file.
	go run ./e2e/scale $(if $(CASES),-cases '$(CASES)') -out '$(SCALE_OUT)'

.PHONY: bench-traefik
bench-traefik: ## Build Traefik, which make bench measures too where it is there; takes many minutes.
	go build -modfile=hack/tools/traefik/go.mod -trimpath -ldflags '-s -w' -o bin/bench/ github.com/traefik/traefik/v3/cmd/traefik

.PHONY: pgo
pgo: ## Record anew the profile that the proxy is built by, cmd/proxy/default.pgo. SECONDS=n of each case.
	hack/debian.sh debian-packages-bench.txt
	go build -trimpath -ldflags '-s -w' $(BENCH_PGO) -o bin/bench/ ./bench/cmd/...
	SECONDS_EACH=$(or $(SECONDS),5) hack/pgo.sh

.PHONY: gobench
gobench: ## Run Go's own benchmarks, of parts of the proxy and of the core.
	go test -run '^$$' -bench . -benchmem ./dataplane/... ./internal/... ./controllers/...

##@ Try

.PHONY: demo
demo: deps build ## Three clusters, the chart and examples/seed; prints curl lines that work.
	go run ./e2e/demo up

.PHONY: demo-down
demo-down: ## Remove all that `make demo` made.
	go run ./e2e/demo down

.PHONY: image
image: ## Build the container images with docker or buildah, whichever is there.
	hack/image.sh $(VERSION)
