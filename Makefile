# Everything from Python alone: the first target that needs it makes .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NAS := $(BIN)/nas
DASHBOARD := api/dashboard/dist/index.html
# What the dashboard is built from: its own files, and the schemas that its types are generated from.
SOURCES := $(shell find api/dashboard -type f -not -path "*/node_modules/*" -not -path "*/dist/*" -not -path "*/.test/*" -not -name api.gen.ts -not -name openapi.json) \
	$(wildcard api/schemas/*.py api/routes/*.py) api/openapi.py scripts/build_dashboard.py

.PHONY: help serve dashboard wheels screenshots test lint format bench clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

define INSTALL
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "nas needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.$(1)'
endef

$(VENV)/run: pyproject.toml
	$(INSTALL)
	@touch $@

$(VENV)/dev: $(VENV)/run
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# All that a test may ask for, at once: continuous integration begins with it.
ALL := [dev,heic,hub,openvino,litert,executorch,ncnn]
$(VENV)/all: pyproject.toml
	$(call INSTALL,$(ALL))
	@touch $(VENV)/run $(VENV)/dev $@

serve: $(VENV)/run $(DASHBOARD) ## the service with its dashboard on http://127.0.0.1:8000, open to this machine alone
	$(NAS) serve --open

dashboard: $(DASHBOARD) ## the dashboard, built

$(DASHBOARD): $(SOURCES) | $(VENV)/run
	$(BIN)/python scripts/build_dashboard.py
	@touch $@

wheels: $(VENV)/run $(DASHBOARD) ## dist/wheels, a folder to install nas from without a network (downloads some GB)
	$(BIN)/pip wheel --quiet --disable-pip-version-check --wheel-dir dist/wheels .

screenshots: $(VENV)/dev $(DASHBOARD) ## the pictures of docs/dashboard.md, taken again (needs chromium; some minutes)
	NAS_SCREENSHOTS=docs/images/dashboard $(BIN)/pytest -p no:xdist tests/browser/test_first_search.py
	NAS_SCREENSHOTS_PHOTOS=docs/images/photos $(BIN)/pytest -p no:xdist tests/browser/test_photos_tutorial.py

test: lint $(DASHBOARD) ## lint, types, import contracts and every test
	$(BIN)/pytest -n auto --dist worksteal

lint: $(VENV)/dev ## ruff, mypy strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/dev ## the benchmarks that take minutes; results are kept in docs/results
	$(BIN)/python benchmarks/networks.py
	$(BIN)/python benchmarks/bandits.py
	$(BIN)/python benchmarks/latency/networks.py
	$(BIN)/python benchmarks/kills.py
	$(BIN)/python benchmarks/trial_overhead.py
	$(BIN)/python benchmarks/api_load.py

clean: ## remove the environment and caches, but not runs
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
