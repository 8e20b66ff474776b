# `make demo` and `make test` are all a newcomer needs; both set up everything inside this folder.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
UV := .tools/bin/uv
UV_VERSION := 0.13.9
# Four more than there are cores: what a test waits for is another's time.
WORKERS := $(shell $(PYTHON) -c 'import os; print(os.cpu_count() + 4)')
# A commit waits for the disk, and a test makes many to a ledger that nobody needs afterwards: in memory, where it has room.
MEMORY := $(shell test -w /dev/shm && ! grep -qs ' /dev/shm .*noexec' /proc/mounts && df -Pk /dev/shm | awk 'NR == 2 && $$4 > 2000000 { print "/dev/shm" }')
BIN := $(CURDIR)/.venv/bin
DIST := dist

# Libraries are compiled once, at set-up: where PYTHONDONTWRITEBYTECODE is set, every process of a
# run would otherwise compile them again, which doubles the time of a short run.
export UV_COMPILE_BYTECODE := 1
export PYTHONDONTWRITEBYTECODE :=
# What users install is taken only where its hash is the one that was seen when it was pinned.
export UV_CONSTRAINT := $(CURDIR)/constraints.txt $(CURDIR)/constraints-hashed.txt
export UV_BUILD_CONSTRAINT := $(CURDIR)/constraints-hashed.txt
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/.venv
export MELTANO_SEND_ANONYMOUS_USAGE_STATS := false
export PATH := $(BIN):$(CURDIR)/.tools/bin:$(PATH)

PACKAGES := apbridge apbridge-operator sandbox tap-avidxchange tap-netsuite-ap target-avidxchange target-netsuite-payments
# Types are checked one folder at a time: their files share names.
TESTS := tests $(wildcard $(PACKAGES:%=%/tests))
CAMPAIGN := apbridge/tests/singer/test_interleavings.py apbridge/tests/ledger/test_audit.py \
  apbridge/tests/netsuite/queries/test_ranges.py \
  tap-netsuite-ap/tests/test_any_history.py target-avidxchange/tests/test_batches.py \
  target-avidxchange/tests/test_interleavings.py tests/test_bridge.py tests/test_payment_history.py
MANIFESTS := pyproject.toml constraints.txt constraints-hashed.txt VERSION $(PACKAGES:%=%/pyproject.toml)

.PHONY: browser capacity day help demo test campaign accounts fuzz bench lint format settings errors licences openapi constraints permissions setup survey wheels clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: setup ## Run the loop both ways on the sandbox and show that both books agree
	@python -m demo

test: ## Run every test, in an order of chance; SEED=<the one that was said> runs them in that order
	@$(MAKE) --no-print-directory --jobs=4 setup .third-party/.done .third-party/airflow/.done suitescript/node_modules/.done browser .venv/.collected
	@$(MEMORY:%=TMPDIR=%) python -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder $(SEED:%=--randomly-seed=%)

campaign: setup .third-party/.done ## Draw many more examples of what any order, mishap or history comes to; EXAMPLES=<how many of each>
	@APBRIDGE_EXAMPLES=$(or $(EXAMPLES),200) python -m pytest --numprocesses=auto --dist=load $(CAMPAIGN)

accounts: .venv/.done ## Run the loop under many accounts: ten firms, each switch's values, what a seed draws; EXAMPLES=, MOST=, SEED=
	@$(MEMORY:%=TMPDIR=%) python -m tests.accounts --firms --alone $(MOST:%=--most %) --examples $(or $(EXAMPLES),300) $(SEED:%=--seed %)

day: .venv/.done .third-party/.done .third-party/airflow/.done .day/meltano/.done ## Replay a day of Airflow's schedules for three companies, and kill a worker; STEPS=<of the day>
	@$(MEMORY:%=TMPDIR=%) python -m tests.day $(STEPS:%=--steps %)

fuzz: .venv/.done ## Feed many inputs to every parser of outside bytes; EXAMPLES=<how many over all>
	@python -m tests.fuzz $(or $(EXAMPLES),100000)

bench: .venv/.done .third-party/.done ## Measure each part against a limit or a peer; slow. NAMES=<some>; SIZE=small proves that each runs
	@python -m benchmarks $(SIZE:%=--%) $(NAMES)

lint: .venv/.done ## Format, style, types, walls, and what others run: hooks, workflow, forms
	ruff format --check .
	ruff check .
	mypy
	@for tests in $(TESTS); do echo "mypy $$tests"; mypy conftest.py "$$tests"; done
	lint-imports
	python -m tools.errors --check
	python -m tools.survey --check
	python -m tools.licences --check
	python -m tools.openapi --check
	python -m tools.capacity --check
	pre-commit validate-config
	check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/*.yml
	check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	check-jsonschema --builtin-schema vendor.compose-spec orchestrate/containers/compose.yaml
	kubernetes-validate --strict orchestrate/containers/cronjobs.yaml orchestrate/airflow/kubernetes.yaml

format: .venv/.done ## Put the code in form
	ruff format .
	ruff check --fix .

constraints: $(UV) ## Pin every dependency anew
	UV_CONSTRAINT= $(UV) pip compile --quiet --universal --python-version 3.10 --no-annotate --no-header --upgrade \
	  --no-emit-package apbridge-sandbox $(PACKAGES:%=--no-emit-package %) \
	  --group dev --all-extras pyproject.toml apbridge/pyproject.toml --output-file constraints.txt
	echo hatchling | UV_CONSTRAINT= $(UV) pip compile --quiet --universal --python-version 3.10 --no-annotate --no-header \
	  --constraint constraints.txt --generate-hashes \
	  --no-emit-package apbridge-sandbox $(PACKAGES:%=--no-emit-package %) \
	  --all-extras pyproject.toml apbridge/pyproject.toml - --output-file constraints-hashed.txt

wheels: $(UV) ## Build what a release holds in dist/: a wheel of each package, and SHA256SUMS
	@$(UV) build --quiet --wheel --all-packages --clear --out-dir $(DIST)
	@cd $(DIST) && $(PYTHON) -c 'import hashlib, pathlib; [print(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}") for file in sorted(pathlib.Path().glob("*.whl"))]' > SHA256SUMS

permissions: .venv/.done ## Renew the permissions of NetSuite's role in the READMEs and in suitescript/
	python -m tools.permissions

settings: .venv/.done ## Renew the settings in meltano.yml, the READMEs and the plugin definitions
	python -m tools.settings

errors: .venv/.done ## Renew docs/errors.md
	python -m tools.errors

survey: .venv/.done ## Renew the queries that apbridge survey tries out
	python -m tools.survey

openapi: .venv/.done ## Renew sandbox/openapi/, what AvidXchange's API in the sandbox takes and answers
	python -m tools.openapi

licences: .venv/.done ## Renew docs/licences.md
	python -m tools.licences

capacity: .venv/.done ## Renew the tables of docs/capacity.md
	python -m tools.capacity

# Our packages are installed as they lie here, so uv compiles nothing of them.
setup: .venv/.done .meltano/.done
	@python -m compileall -q -x '/tests/' $(PACKAGES)

clean: ## Remove everything that make built
	rm -rf dist .tools .venv .third-party suitescript/node_modules .screenshots .day .demo .meltano .apbridge

$(UV):
	@echo "Setting up uv $(UV_VERSION) in .tools"
	@$(PYTHON) -m venv .tools && .tools/bin/python -m pip install --quiet uv==$(UV_VERSION)

.venv/.done: $(UV) $(MANIFESTS)
	@echo "Setting up the workspace in .venv"
	@test -x .venv/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv
	@$(UV) pip install --quiet --python .venv/bin/python $(PACKAGES:%=-e ./%) 'meltano>=4.4,<5' --group dev
	@touch $@

# Compiled once beside the rest of the set-up: each worker would otherwise compile all tests for itself.
.venv/.collected: .venv/.done
	@python -m pytest --collect-only --quiet >/dev/null || true
	@touch $@

.meltano/.done: .venv/.done meltano.yml
	@echo "Setting up the four plugins in .meltano"
	@mkdir -p .meltano && chmod 700 .meltano
	@meltano --log-level=warning install
	@touch $@

# What several machines share takes more of the plugins: docs/more-than-one-machine.md
.day/meltano/.done: export APBRIDGE_EXTRAS := [postgres,s3]
.day/meltano/.done: export MELTANO_SYS_DIR_ROOT := $(CURDIR)/.day/meltano
.day/meltano/.done: .venv/.done meltano.yml
	@echo "Setting up the plugins for PostgreSQL and an object store in .day"
	@mkdir -p $(@D) && chmod 700 .day
	@meltano --log-level=warning install
	@touch $@

# The page is tested in a real Chromium. Where there is none and none can be had, its tests say so; in CI they fail.
browser:
	@if ! command -v chromedriver >/dev/null && command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  echo "Setting up Chromium for the tests of the page"; \
	  (apt-get update && apt-get install --yes --no-install-recommends chromium chromium-driver) >/dev/null 2>&1 \
	    || echo "Chromium could not be installed"; \
	fi

# Oracle's framework for tests of SuiteScript.
suitescript/node_modules/.done: suitescript/package-lock.json
	@mkdir -p $(@D)
	@if command -v npm >/dev/null; then \
	  echo "Setting up Oracle's SuiteCloud unit testing in suitescript/node_modules"; \
	  npm ci --prefix suitescript --silent --no-audit --no-fund --ignore-scripts && touch $@; \
	else echo "Node.js is not installed: the RESTlet will not be tested over Oracle's stubs"; fi

# An Airflow to try the DAG file of orchestrate/airflow in.
.third-party/airflow/.done: $(UV) tests/third_party/airflow.txt
	@echo "Setting up Airflow in .third-party/airflow"
	@$(UV) venv --quiet --clear --python $(PYTHON) $(@D)
	@UV_CONSTRAINT= $(UV) pip install --quiet --python $(@D)/bin/python --requirement tests/third_party/airflow.txt
	@touch $@

NODE_CLIENT := tests/third_party/netsuite-rest

# Other people's tap and target, to show that ours speak Singer, and other people's NetSuite clients, to show
# that the sandbox speaks NetSuite; each in an environment of its own.
.third-party/.done: export UV_COMPILE_BYTECODE := 0
.third-party/.done: $(UV) tests/third_party/requirements.txt $(NODE_CLIENT)/package-lock.json
	@echo "Setting up third-party programs in .third-party"
	@while read -r requirement; do \
	  folder=.third-party/$${requirement%%[=[]*}; \
	  $(UV) venv --quiet --clear --python $(PYTHON) "$$folder"; \
	  UV_CONSTRAINT= $(UV) pip install --quiet --python "$$folder/bin/python" "$$requirement"; \
	done < tests/third_party/requirements.txt
	@if command -v npm >/dev/null; then \
	  mkdir -p .third-party/netsuite-rest; \
	  cp $(NODE_CLIENT)/package.json $(NODE_CLIENT)/package-lock.json .third-party/netsuite-rest; \
	  npm ci --prefix .third-party/netsuite-rest --silent --no-audit --no-fund --ignore-scripts; \
	else echo "Node.js is not installed: its clients of NetSuite will not be tested"; fi
	@touch $@
