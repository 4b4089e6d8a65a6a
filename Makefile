# `make help` lists what there is. Every target makes .venv/ by itself when it is missing or when
# the lock changed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A copy of the lock that .venv/ was made from.
STAMP := $(VENV)/installed.txt
NGINX := $(shell PATH="$$PATH:/usr/sbin" command -v nginx)
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

.PHONY: help run backup restore-drill reset test test-all test-clocks lint format messages lock install browser proxy
.DEFAULT_GOAL := help

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## Everything on this machine, in demo mode (PORT=8000)
	@exec $(BIN)/python -m ektp_booking.run

backup: install ## Beside make run: keep backups of it in var/backup until Ctrl-C
	@exec $(BIN)/python manage.py backup run

restore-drill: install ## Restore the newest backup aside, check it, remove it
	@$(BIN)/python manage.py backup drill

reset: install ## Throw away the data of make run and of the tests
	@$(BIN)/python -m ektp_booking.reset

test: lint browser proxy ## Lint, and all tests but the slow ones
	$(BIN)/python -m pytest -m "not slow" -n 2

test-all: lint browser proxy ## Lint and every test
	$(BIN)/python -m pytest -n 2

test-clocks: install ## Tests that know of time, at other hours, days and years
	$(BIN)/python -m tests.clocks

lint: install ## Style, types, floors, templates, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet ektp_booking services notifications locations
	$(BIN)/python manage.py makemigrations --check --dry-run

format: install ## Put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: install ## Compile the translations (.po to .mo) and name what is missing
	$(BIN)/python manage.py messages

LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11
lock: install ## Make requirements*.txt from requirements*.in (UPGRADE=1: newer versions)
	$(LOCK) $(if $(UPGRADE),--upgrade) requirements.in -o requirements.txt
	$(LOCK) $(if $(UPGRADE),--upgrade) requirements-dev.in -o requirements-dev.txt

install:
	@cmp -s requirements-dev.txt $(STAMP) || $(MAKE) --no-print-directory $(STAMP)-anew

# uv installs several times faster than pip; where it cannot be had, pip does the same.
$(STAMP)-anew:
	@echo "Installing libraries into $(VENV)/ …"
	@$(BIN)/python -c "" 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv || true
	@if $(BIN)/python -m uv --version >/dev/null 2>&1; \
	  then $(BIN)/python -m uv pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.txt; \
	  else $(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt; fi
	@cp requirements-dev.txt $(STAMP)

# Tests in a real browser use Debian's Chromium. Without one they are skipped, and say so.
browser:
ifeq ($(CHROMIUM),)
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing Chromium for the browser tests …"; \
	  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium) >/dev/null 2>&1 || true; \
	fi
	@command -v chromium >/dev/null || echo "NO BROWSER: Chromium is not installed; browser tests will be SKIPPED."
endif

# Tests of the proxy use Debian's nginx. Debian would start it at once; the tests start their own.
proxy:
ifeq ($(NGINX),)
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing nginx for the tests of the proxy …"; \
	  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx && service nginx stop) >/dev/null 2>&1 || true; \
	fi
	@PATH="$$PATH:/usr/sbin" command -v nginx >/dev/null || echo "NO NGINX: nginx is not installed; tests of the proxy will be SKIPPED."
endif
