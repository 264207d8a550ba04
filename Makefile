# The front door. Each target sets up what it needs; `make help` lists them.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest
STORES := $(BIN)/python -m tests.stores
WORKERS ?= 2
INTERLEAVINGS ?= 10000
CONFIGURATIONS ?= 200
EXAMPLES ?= 2000
SHARED := $(PYTEST) -n $(WORKERS) --dist loadfile
# What people do from end to end; every page in every theme and width, and the canary, are `make e2e`.
BROWSER := $(addprefix tests/e2e/test_,whole_loop.py live_pages.py documented_procedures.py services.py)
QUICK := not e2e and not frr and not faults and not cluster
# What reads and writes Kubernetes objects.
KUBERNETES := $(addprefix tests/,clusters api peers loop speakers)

.PHONY: help install demo test test-stores test-cluster cluster-tools quick e2e frr faults long lint types soak format bench manifests deploy-tools walk tools clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

install: $(STAMP) ## the virtual environment, from requirements.lock

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## a lab cluster and bgpui on it: prints one URL and login (PORT, NODES, MODE, FRR=1, DEMO_DIR)
	@if [ "$(FRR)" = 1 ]; then ./deploy/tools.sh frr; fi
	@exec $(BIN)/python -m lab demo

test: $(STAMP) tools ## the tests, a look at real FRR and at the browser; what this machine lacks is named
	$(SHARED) -m "$(QUICK)"
	$(PYTEST) -m "frr" tests/speakers
	$(PYTEST) -m "e2e" $(BROWSER)

quick: $(STAMP) ## the fast tests only
	$(SHARED) -m "$(QUICK)"

e2e: $(STAMP) tools ## all browser tests on the running demo stack, every page in every theme and width, the canary
	$(PYTEST) -m "e2e"

frr: $(STAMP) tools ## all tests on real FRR in network namespaces
	$(PYTEST) -m "frr"

faults: $(STAMP) ## every fault of docs/faults.md, some of them in real processes; 150 interleavings and 2 rounds of `make soak`
	@./deploy/tools.sh postgresql faketime
	$(PYTEST) -m "faults"

long: $(STAMP) ## 2,000 examples of each property of intent (EXAMPLES), 10,000 random interleavings of everybody who touches an object (INTERLEAVINGS), 200 random clusters on real FRR (CONFIGURATIONS)
	EXAMPLES=$(EXAMPLES) $(SHARED) tests/intent
	INTERLEAVINGS=$(INTERLEAVINGS) $(PYTEST) -m "faults" tests/faults/test_interleavings.py
	CONFIGURATIONS=$(CONFIGURATIONS) $(PYTEST) -m "frr" tests/frr/test_comparison.py

soak: $(STAMP) ## half an hour of random faults under the running product (SOAK_MINUTES, SOAK_SEED to replay)
	$(BIN)/python -m tests.soak

# Rules, lab and real FRR know no database.
test-stores: $(STAMP) ## the tests that use a database, and processes that die, on PostgreSQL and an installed Redis
	@./deploy/tools.sh postgresql redis
	$(STORES) -n $(WORKERS) --dist loadfile -m "$(QUICK)" $(addprefix --ignore=tests/,intent lab frr)
	$(STORES) -m "faults" $(addprefix tests/faults/test_,recovery.py workers_die.py)

test-cluster: $(STAMP) ## all that touches Kubernetes, on a real kube-apiserver and etcd; MetalLB's own webhooks beside our rules
	@if [ -n "$$KUBECONFIG" ] && [ -z "$$KUBEBUILDER_ASSETS" ]; then \
		export TEST_CLUSTER=kubeconfig; $(PYTEST) -m "$(QUICK)" $(KUBERNETES) && $(PYTEST) -m cluster tests/cluster tests/deploy; exit; fi; \
	$(BIN)/python -m lab.control_plane; case $$? in \
		0) TEST_CLUSTER=real $(SHARED) -m "$(QUICK)" $(KUBERNETES) && TEST_CLUSTER=real $(PYTEST) -m cluster tests/cluster tests/deploy ;; \
		3) echo "SKIPPED: make test-cluster" ;; \
		*) exit 1 ;; esac

cluster-tools: $(STAMP) ## kube-apiserver, etcd and MetalLB's controller, built from Go modules once and kept
	$(BIN)/python -m lab.control_plane

lint: $(STAMP) ## ruff, templates, import layers, migrations, deployment checks, OpenAPI
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	BGPUI_HTTPS=true BGPUI_SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
		$(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null

types: $(STAMP) ## mypy --strict
	$(BIN)/mypy

format: $(STAMP) ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## every benchmark; ratios measured side by side go into var/bench.json
	$(BIN)/python -m benchmarks

manifests: $(STAMP) deploy-tools ## what follows from others in deploy/: the base of the Kustomize overlays, the lock file of the image
	$(BIN)/python -m tests.deploy.rendered
	$(BIN)/python -m tests.deploy.lock

deploy-tools: $(STAMP) ## helm, compose and promtool, which tests of deploy/ use, built from Go modules once and kept
	$(BIN)/python -m tests.deploy.programs

walk: $(STAMP) deploy-tools ## a new user's way with compose: the image's steps, the services and their health checks, by hand
	@./deploy/tools.sh postgresql redis
	$(BIN)/python -m tests.deploy.walk

tools: ## FRR and a browser, installed where that is possible
	@./deploy/tools.sh frr chromium

clean: ## remove what the targets made
	rm -rf $(VENV) var *.egg-info .mypy_cache .ruff_cache .hypothesis .import_linter_cache
