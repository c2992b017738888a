# One command for each thing a person wants; `make` alone lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# In the order of tests/conftest.py.
PYTEST := $(BIN)/python -m pytest -n 4 --dist loadgroup --no-loadscope-reorder

.DEFAULT_GOAL := help

help: ## List the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(VENV)/run ## Set up and serve the site on http://127.0.0.1:8000 (HOST, PORT and VAR_DIR override)
	@exec $(BIN)/python -m bookshelf.launcher

test: $(VENV)/dev ## Set up and run the whole suite
	@$(BIN)/python -m tests.chromium
	@$(BIN)/python -m tests.markup
	@$(PYTEST)

test-postgres: $(VENV)/dev ## The same on PostgreSQL, with a server of its own
	@$(BIN)/python -m tests.chromium
	@$(BIN)/python -m tests.markup
	@$(BIN)/python -m tests.postgres $(PYTEST)

chaos: $(VENV)/dev ## Kill, freeze and starve all parts of the real site, and count what is lost (SEED=… replays)
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED))
	@$(BIN)/python -m tests.chaos --postgres $(if $(SEED),--seed $(SEED))
	@for part in fence lock tick; do $(BIN)/python -m tests.chaos --broken $$part $(if $(SEED),--seed $(SEED)) || exit 1; done

bench: $(VENV)/dev var/bench/load var/bench/limit ## Measure the pipeline, pages, and telling everybody beside other servers (NAMES=… names some of those, alone)
ifndef NAMES
	@$(BIN)/python -m benchmarks.pipeline
	@$(BIN)/python -m benchmarks.pages
	@$(BIN)/python -m benchmarks.pages --postgres
endif
	@$(BIN)/python -m benchmarks.fanout $(NAMES)

lint: $(VENV)/dev ## Check style, layers, types, migrations and deployment settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy .
	$(BIN)/python manage.py makemigrations --check
	SITE_URL=https://example.org SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
		$(BIN)/python manage.py check --deploy --fail-level WARNING

audit: $(VENV)/dev ## Ask an advisory service about all dependencies
	@$(BIN)/python -m tests.audit

lock: $(VENV)/dev ## Write the lock files anew from pyproject.toml
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		--group dev pyproject.toml -o requirements-dev.txt

clean: ## Remove what was set up; the data in var/ stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .coverage .hypothesis

# What runs needs less than what tests; both live in one environment, each with its own stamp.
$(VENV)/run: requirements.txt | $(VENV)/bin/python
	@echo "Setting up (once, half a minute or so) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/dev: requirements-dev.txt | $(VENV)/bin/python
	@echo "Setting up for tests (once, a minute or so) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/run

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("BookShelf needs Python 3.11 or newer; PYTHON=… names another one." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "On Debian, apt-get install python3-venv." >&2; exit 1; }

var/bench/%: benchmarks/%.c
	@mkdir -p var/bench
	$(CC) -O2 -Wall -Wextra -o $@ $<

.PHONY: help run test test-postgres chaos bench lint audit lock clean
