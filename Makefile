# `make help` lists what there is. Every target makes .venv/ by itself when it is missing or when
# the lock changed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.locked

.PHONY: help install lint test test-all lock
.DEFAULT_GOAL := help

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## The virtual environment in .venv/

$(STAMP): requirements-dev.txt
	@echo "Installing libraries into $(VENV)/ …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv || true
	@if $(BIN)/python -m uv --version >/dev/null 2>&1; \
	  then VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/python -m uv pip sync --quiet --require-hashes requirements-dev.txt; \
	  else $(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt; fi
	@touch $(STAMP)

lint: $(STAMP) ## Style, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint ## Lint and all tests but the slow ones
	$(BIN)/pytest -m "not slow" -n 2

test-all: lint ## Everything
	$(BIN)/pytest -n 2

LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11
lock: $(STAMP) ## Make the lock files from requirements*.in
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt
