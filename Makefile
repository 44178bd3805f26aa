# `make help` lists what there is to do.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SITE_READY := $(VENV)/.ready-for-docs
KUBE := $(PYTHON) -m tests.cluster
WORKERS ?= 4
SAMPLE ?= 8
CRASH_SAMPLE ?= 4
IMAGE ?= ghcr.io/podiatrist/podiatrist:0.1.0

.DEFAULT_GOAL := help
.PHONY: help venv check lint types layers unit e2e stories installed test test-faults \
	test-crash test-interleavings image test-incluster \
	demo demo-clean dev picture bench scale \
	model-up model-down eval crds rights namespaced pages docs test-site lock \
	cluster-up cluster-down cluster-kubeconfig clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  CLUSTER=own (default): a real Kubernetes of this checkout, built from source"
	@echo "  CLUSTER=kind: a kind cluster; CLUSTER=current: kubectl's context, after asking"

demo: $(READY) ## the whole story: two sick Deployments noticed, explained, approved, healed (YES=1: no questions)
	@$(BIN)/python -m tests.demo.demo

demo-clean: $(READY) ## take away what the demo left in the cluster
	@$(BIN)/python -m tests.demo.demo --clean

dev: $(READY) ## operator and executor from the source, until Ctrl-C
	@$(BIN)/python -m tests.harness.dev

test: PARTS := stories installed scale test-site
test: check e2e ## everything: check, the docs, and on a real cluster stories, attacks, faults, crashes, the installation

image: ## build the image with docker, podman or buildah (IMAGE=name:tag)
	$(or $(firstword $(shell command -v docker podman buildah)),\
		$(error docker, podman or buildah is needed to build the image)) build -t $(IMAGE) .

test-incluster: $(READY) ## the image built on stand-ins, installed from deploy/ and tried in a real kubelet
	@$(KUBE) status > /dev/null 2>&1 || trap '$(KUBE) down' EXIT; $(BIN)/pytest tests/incluster

test-faults: $(READY) ## every fault on a real cluster, and the table (CASE=name FAMILY=images TABLE=file)
	@$(KUBE) status > /dev/null 2>&1 || trap '$(KUBE) down' EXIT; \
	$(BIN)/pytest tests/faults -q -n $(WORKERS) --maxschedchunk 1 --case='$(CASE)' \
		--family='$(FAMILY)' $(if $(TABLE),--faults-table='$(TABLE)')

test-crash: $(READY) ## an executor killed, unanswered or refused at every write, and two at once (CRASH_ONLY='helps: *')
	@$(KUBE) status > /dev/null 2>&1 || trap '$(KUBE) down' EXIT; \
	CRASH_ONLY='$(CRASH_ONLY)' $(BIN)/pytest tests/crash -q -s

test-interleavings: $(READY) ## a hundred random orders of people, crashes, restarts (EXAMPLES=100 INTERLEAVINGS_SEED=1)
	@$(KUBE) status > /dev/null 2>&1 || trap '$(KUBE) down' EXIT; \
	EXAMPLES=$(or $(EXAMPLES),100) $(BIN)/pytest tests/interleavings -q -n $(WORKERS) --maxschedchunk 1

check: lint types layers unit ## the fast part, for every save

lint: $(READY)
	$(BIN)/ruff format --check
	$(BIN)/ruff check

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports --no-logo

unit: $(READY)
	$(BIN)/pytest tests/unit -q -n 2

# The stories and the installation, on our own cluster both at once, each with a cluster to itself:
# one waits while the other works. A cluster that was not up before is not up after.
PARTS := stories installed
e2e: $(READY)
	@$(KUBE) status > /dev/null 2>&1 || trap '$(KUBE) down' EXIT; \
	$(MAKE) --no-print-directory $(AT_ONCE) $(PARTS)

ifeq ($(or $(CLUSTER),own),own)
AT_ONCE := -j 2
APART := CLUSTER_PER_WORKER=1
HALVES := -n 2 --dist loadfile
ELSEWHERE := CLUSTER_COPY=installed
endif
ifndef FAULTS_SEED
FAULTS_SEED := $(shell date +%s)
endif
export FAULTS_SEED
PLAY := CRASH_SAMPLE=$(CRASH_SAMPLE) $(BIN)/pytest tests/e2e tests/attacks tests/faults tests/crash \
	-q --faults-sample $(SAMPLE) --faults-tries 2

# First those that keep to their own namespace, side by side; then those that stop processes or
# change the node, half of them on each of two clusters more. Both draw the same sample of the
# faults, by the same seed, and play their own part of it.
stories: $(READY)
	$(PLAY) -m "not serial" -n $(WORKERS) --dist loadgroup
	$(APART) $(PLAY) -m serial $(HALVES)

# Ten random orders, in which no process of ours runs, then the installation, where all are pods.
installed: $(READY)
	@echo "at the same time the installation is tried: what that says comes when it is over"
	@INTERLEAVINGS_SEED=$${INTERLEAVINGS_SEED:-1} EXAMPLES=10 $(ELSEWHERE) $(BIN)/pytest -q \
		tests/interleavings > $(VENV)/installed.log 2>&1 && \
	$(ELSEWHERE) $(BIN)/pytest -q tests/incluster >> $(VENV)/installed.log 2>&1; \
	code=$$?; cat $(VENV)/installed.log; $(if $(ELSEWHERE),$(ELSEWHERE) $(KUBE) down;) exit $$code

cluster-up: ## start the test cluster (the first time it is built: 15 minutes on 2 cores)
	@$(KUBE) up

cluster-down: ## take the test cluster down; nothing stays
	@$(KUBE) down

cluster-kubeconfig: ## print the path of the admin kubeconfig
	@$(KUBE) kubeconfig

scale: $(READY) ## 5,000 crashing pods through each feed: exactly 50 Diagnoses (needs no cluster)
	$(BIN)/pytest tests/scale -q

bench: $(READY) ## how far our feeds are from a bare watch loop, as ratios (QUICK=1 UNTUNED=1)
	@$(BIN)/python -m tests.bench $(if $(QUICK),--quick) $(if $(UNTUNED),--untuned)

model-up: $(READY) ## start a small real model on 127.0.0.1:18080 (the first time: 1.1 GB and 10 minutes)
	@$(BIN)/python -m tests.model up

model-down: $(READY) ## end the small model's server
	@$(BIN)/python -m tests.model down

eval: $(READY) ## a bare loop and ours with one small model: table and plot (CASES=a,b REPEAT=2 REPLAY=1)
	@$(BIN)/python -m tests.eval $(if $(CASES),--cases '$(CASES)') \
		$(if $(REPEAT),--repeat '$(REPEAT)') $(if $(REPLAY),--replay)

crds: $(READY) ## generate crds/ and deploy/01, 02 from the models of the API and the settings
	$(BIN)/podiatrist crd > $(VENV)/crd.yaml && cp $(VENV)/crd.yaml deploy/01-crd.yaml && \
		mv $(VENV)/crd.yaml crds/diagnoses.podiatrist.dev.yaml
	$(BIN)/podiatrist settings -o configmap > $(VENV)/settings.yaml && \
		mv $(VENV)/settings.yaml deploy/02-settings.yaml

rights: $(READY) ## write the rows of docs/rights.md from deploy/; a new right needs its reason
	$(BIN)/python -m tests.rights

namespaced: $(READY) ## copy what deploy/namespaced/ shares with deploy/
	$(BIN)/python -m tests.namespaced

pages: $(READY) ## generate the pages of docs/ that are written from the code
	$(BIN)/python -m docs.site

docs: $(SITE_READY) ## the pages of docs/ as a site: build/site/index.html; a broken link is an error
	@rm -rf build/site build/doctrees
	@$(BIN)/sphinx-build -c docs/site -d build/doctrees -W --keep-going -q docs build/site
	@echo "build/site/index.html"

test-site: docs ## open the site in a browser: links, search, a narrow screen, dark mode
	$(BIN)/pytest tests/website -q

picture: $(READY) ## record docs/demo.svg
	$(BIN)/python -m tests.demo.demo --yes --record docs/demo.svg

lock: $(READY) ## resolve the dependencies anew into the lock files
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-header \
		--no-emit-index-url --quiet -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-header \
		--no-emit-index-url --quiet -o requirements-dev.lock
	$(BIN)/uv pip compile --group image --universal --generate-hashes \
		--no-header --no-emit-index-url --quiet -o requirements-image.lock
	$(BIN)/uv pip compile --group docs --constraint requirements-dev.lock --universal \
		--generate-hashes --no-header --no-emit-index-url --quiet -o requirements-docs.lock

venv: $(READY) ## the virtual environment with everything pinned

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		if [ "$$(id -u)" = 0 ]; then apt-get update && apt-get install -y python3-venv; \
		else echo "venv is missing; run: sudo apt-get install python3-venv"; exit 1; fi
	@echo "creating $(VENV) (a minute, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# What makes the site is in the same environment, but only where somebody makes it.
$(SITE_READY): $(READY) requirements-docs.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.lock
	@touch $@

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
