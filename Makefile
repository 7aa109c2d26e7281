# One definition of every task.  `make` alone prints this help.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

# The system's own interpreter before any other: distributions build theirs with profiles of its
# use, and an exchange takes a tenth less time by it.  PYTHON=python3 takes the first on the path.
SYSTEMS_PYTHON = $(shell command -pv python3)
ifndef PYTHON
PYTHON := $(shell $(SYSTEMS_PYTHON) -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' \
  2>/dev/null && echo $(SYSTEMS_PYTHON) || echo python3)
endif
VENV := .venv
BIN := $(VENV)/bin
STATE ?= .motlan
PEOPLE ?= 5000
ONCE ?=
PYTEST_ARGS ?=
JOBS ?= 2

# Debian's python3 has neither ensurepip nor, at times, a pip inside a new environment: a pip from
# outside fills it.  Hashes pin every file; only wheels are taken.
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
ifeq ($(wildcard $(BIN)/pip),)
WITH_PIP = $(shell $(PYTHON) -m pip --version >/dev/null 2>&1 && echo $(PYTHON) || echo python3)
PIP_INSTALL = $(WITH_PIP) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-input
endif
LOCKED = --require-hashes --only-binary :all:
PACKAGES := gateway adapters catalog auth
CHECKED := $(PACKAGES) migrations mocks tests bench docs

.PHONY: help setup demo run migrate outside test coverage check format bench docs lock dist clean

help: ## print this help
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sort \
	  | sed -E 's/^([a-z-]+):.*## (.*)$$/  \1|\2/' | awk -F'|' '{printf "%-12s %s\n", $$1, $$2}'
	@printf '\n  PYTHON=%s  PEOPLE=%s  ONCE=%s  JOBS=%s  PYTEST_ARGS="%s"\n' \
	  "$(PYTHON)" "$(PEOPLE)" "$(ONCE)" "$(JOBS)" "$(PYTEST_ARGS)"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer, please: make PYTHON=/path/to/python3.11")'
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip $(VENV)

# A stamp for each set, so that a warm start installs nothing.  The larger set contains the smaller.
$(VENV)/.demo: .ci/requirements/demo.txt pyproject.toml | $(BIN)/python
	@if [ $(VENV)/.dev -nt .ci/requirements/demo.txt ] && [ $(VENV)/.dev -nt pyproject.toml ]; then :; else \
	  echo 'installing what the province needs'; \
	  $(MAKE) --no-print-directory .install-demo; fi
	@touch $@

$(VENV)/.dev: .ci/requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo 'installing what the tests need'
	@$(MAKE) --no-print-directory .install-dev
	@touch $@

.PHONY: .install-demo .install-dev
.install-demo .install-dev: .install-%:
	@$(PIP_INSTALL) $(LOCKED) -r .ci/requirements/$*.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .

setup: $(VENV)/.dev ## install everything that tests and checks need into .venv

demo: $(VENV)/.demo ## run the whole province (ONCE=1: one exchange, then stop; PEOPLE=5000)
	@$(BIN)/motlan demo --people $(PEOPLE) $(if $(ONCE),--once)

run: $(VENV)/.demo ## run the gateway with the settings of MOTLAN_CONFIG and MOTLAN_*
	@$(BIN)/motlan serve

migrate: $(VENV)/.demo ## bring the database to the newest migration
	@$(BIN)/motlan db upgrade

outside: ## install what judges our log from outside: programs of others, from npm
	@tests/outside/install

test: $(VENV)/.dev outside ## run every test (PYTEST_ARGS="tests/unit -k quota" for some)
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile $(PYTEST_ARGS)

coverage: $(VENV)/.dev outside ## run every test and say which branches none of them took
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -q $(PYTEST_ARGS)
	@$(BIN)/coverage combine -q
	@$(BIN)/coverage report

check: $(VENV)/.dev ## format, lint, types, import contracts, house rules: changes nothing
	@$(BIN)/ruff format --check $(CHECKED)
	@$(BIN)/ruff check $(CHECKED)
	@$(BIN)/pyright --threads $(JOBS)
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q --numprocesses $(JOBS) --dist worksteal tests/house

format: $(VENV)/.dev ## rewrite the code in the house's format
	@$(BIN)/ruff format $(CHECKED)
	@$(BIN)/ruff check --fix $(CHECKED)

bench: $(VENV)/.dev ## measure the budgets, as ratios against peers of the same run
	@$(BIN)/python -m bench

docs: $(VENV)/.dev ## rewrite the pages that are made from the code
	@$(BIN)/python -m docs.generate

lock: ## pin the requirements anew (needs uv)
	@.ci/lock

dist: $(VENV)/.dev ## build the wheel into dist/
	@rm -rf dist
	@$(BIN)/python -m hatchling build -t wheel

clean: ## remove everything that was made here: environment, demo data, caches
	@if [ -x $(BIN)/motlan ]; then $(BIN)/motlan db stop >/dev/null 2>&1 || true; fi
	@rm -rf $(VENV) $(STATE) dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.*
	@find $(CHECKED) -name __pycache__ -type d -prune -exec rm -rf {} +
