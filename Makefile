# Model Commons: `make run` starts the portal, `make test` checks everything. Both set up what they need.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test test-long test-cluster lint types style bench screenshots messages lock clean-data setup test-programs

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# The pip that comes with Python 3.11 takes twice as long as a current one; what only tests import compiles itself.
$(STAMPS)/python: requirements.lock
	$(PYTHON) -m venv --upgrade-deps $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-virtualenv -r requirements.lock
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/python-dev: $(STAMPS)/python requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-virtualenv --no-compile -r requirements-dev.lock
	@touch $@

$(STAMPS)/static: static/package-lock.json static/vendor.mjs $(shell find static/css static/js static/img -type f)
	npm ci --prefix static --ignore-scripts --no-audit --no-fund --loglevel=error
	node static/vendor.mjs
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/locale: $(STAMPS)/python $(wildcard portal/locale/*/LC_MESSAGES/django.po)
	$(BIN)/python -m portal.translations compile
	@touch $@

setup: $(STAMPS)/python $(STAMPS)/static $(STAMPS)/locale

messages: $(STAMPS)/python ## Bring the translations up to date with the sources
	$(BIN)/python -m portal.translations update

run: setup ## Start the portal on this machine
	$(BIN)/python manage.py up

test-programs:
	@sh tests/install-programs.sh

test: $(STAMPS)/python-dev $(STAMPS)/static $(STAMPS)/locale test-programs lint ## Lint, types and all tests, on SQLite and PostgreSQL
	$(BIN)/python -m tests.run $(ARGS)

test-long: $(STAMPS)/python-dev $(STAMPS)/static $(STAMPS)/locale test-programs ## The long loops
	$(BIN)/python -m pytest -m "long or once" $(ARGS)

test-cluster: $(STAMPS)/python-dev ## Serving's cases on the cluster that KUBECONFIG names (docs/operations/test-cluster.md)
	TEST_CLUSTER=1 $(BIN)/python -m pytest tests/cluster --force-enable-socket -n 0 -p no:randomly $(ARGS)

lint: $(STAMPS)/python-dev $(STAMPS)/static ## Format, lint and types
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target types style

types:
	$(BIN)/mypy

style:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/djlint templates --lint --quiet
	npm --prefix static run --silent lint:css
	npm --prefix static test --silent
	$(BIN)/python -m portal.translations check

bench: $(STAMPS)/python-dev $(STAMPS)/static $(STAMPS)/locale ## Measure against peers and physical limits
	$(BIN)/python -m bench.run $(ARGS)

screenshots: $(STAMPS)/python-dev $(STAMPS)/static $(STAMPS)/locale ## Take pictures of every page of a running portal into docs/screenshots
	$(BIN)/python -m bench.screenshots $(ARGS)

lock: $(STAMPS)/python ## Renew the lock files from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --python-version 3.11 --no-emit-index-url --no-annotate --quiet --upgrade -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --python-version 3.11 --no-emit-index-url --no-annotate --quiet -c requirements.lock -o requirements-dev.lock

clean-data: ## Delete all data of the embedded installation
	rm -rf var
