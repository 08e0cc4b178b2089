# danelab: `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup run test check bench docs schema clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "danelab needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ...")'
	@echo "Setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

setup: $(READY) ## make the virtual environment; the command is then .venv/bin/danelab

run: $(READY) ## raise the lab, let the built-in sender loose in it, print the verdicts
	@$(BIN)/danelab run

test: check ## everything CI checks: style, types, import contract, all tests
	@status=0; \
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not quiet" || status=$$?; \
	$(BIN)/python -m pytest -m quiet || status=$$?; \
	exit $$status

check: $(READY) ## style, types and import contract only
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY) ## measure speed, as ratios in one run
	@$(BIN)/python -m tests.bench

docs: $(READY) ## build the documentation as a site in .site
	@$(BIN)/mkdocs build --quiet --strict -f .mkdocs.yml

schema: $(READY) ## write scenarios/schema.json from the models
	@$(BIN)/danelab schema --write

clean: ## remove the virtual environment and caches of this checkout
	@rm -rf $(VENV) .site .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
