# Every target sets up what it needs: a fresh machine with Python 3.11 or newer, make and git is enough.
#
#   make novabank   the main job: import, simulate, size and price NovaBank, write reports/novabank
#   make test       ruff, types, documentation, nbval, pytest
#   make lab        JupyterLab on the notebooks
#   make docs       the documentation's site, build/docs/index.html
#   make bench      benchmarks, printed as ratios
#   make coverage   how often stated intervals hold the truth (some five minutes)
#   make decisions SYSTEMS=60  made-up systems whose cheapest size is known, and what sizing chose (half a minute a system;
#                   goes on where it was)
#   make clean      remove the environment, reports and caches
#   make lock       write requirements.lock anew (needs uv, see CONTRIBUTING.md)
#
# Another interpreter: make PYTHON=/path/to/python3.12 setup

SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SCENARIO := params/novabank.yaml
REPORT := reports/novabank
SYSTEMS := 300
# Python names tried in this order; the first that runs, is new enough and can make environments is taken.
CANDIDATES := $(if $(PYTHON),$(PYTHON),python3 python3.13 python3.12 python3.11 python)

unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

.PHONY: help setup novabank test static notebooks execute gallery reference docs tutorial pytest lab bench coverage \
  decisions clean lock format

help:
	@sed -n '/^#   make/s/^# *//p' Makefile

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@set -euo pipefail; started=$$SECONDS; \
	if ! $(BIN)/python -c '' 2>/dev/null; then \
	  python=; \
	  for candidate in $(CANDIDATES); do \
	    if "$$candidate" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then \
	      if "$$candidate" -c 'import ensurepip, venv' 2>/dev/null; then python=$$candidate; break; fi; \
	      echo "setup: $$candidate has no venv module (on Debian and Ubuntu: apt install python3-venv)" >&2; \
	    fi; \
	  done; \
	  if [ -z "$$python" ]; then \
	    echo "error: novamodel needs Python 3.11 or newer, and none was found as: $(CANDIDATES)" >&2; \
	    for candidate in $(CANDIDATES); do "$$candidate" --version 2>/dev/null | sed "s|^|  $$candidate is |" >&2 || true; done; \
	    echo "  install one, or name it: make PYTHON=/path/to/python3.11 setup" >&2; \
	    exit 1; \
	  fi; \
	  echo "setup: making $(VENV) with $$("$$python" --version)"; \
	  rm -rf $(VENV); \
	  "$$python" -m venv $(VENV); \
	fi; \
	echo "setup: installing the pinned packages into $(VENV) (a minute or two, once)"; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps -r requirements.lock; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .; \
	touch $(READY); \
	echo "setup: done in $$((SECONDS - started)) s"

novabank: setup
	$(BIN)/novamodel report $(SCENARIO) --out $(REPORT)

# One stage after the other, cheapest first; each prints how long it took. pytest last, so that its summary closes the output.
test: setup
	@$(MAKE) --no-print-directory static
	@$(MAKE) --no-print-directory docs
	@$(MAKE) --no-print-directory notebooks
	@$(MAKE) --no-print-directory pytest

static: setup
	@set -euo pipefail; started=$$SECONDS; \
	$(BIN)/ruff check .; \
	$(BIN)/ruff format --check .; \
	$(BIN)/mypy; \
	echo "stage static: $$((SECONDS - started)) s"

notebooks: setup
	@set -euo pipefail; started=$$SECONDS; \
	$(BIN)/python -m pytest -q -p tools.notebook_times -n 2 --dist loadfile \
	  --nbval-lax --nbval-current-env --nbval-cell-timeout=400 notebooks; \
	echo "stage nbval: $$((SECONDS - started)) s"

# Runs all notebooks (or NOTEBOOKS=FILE ...) and writes them as they are committed.
execute: setup
	$(BIN)/python -m tools.notebooks $(NOTEBOOKS)

# Writes notebooks/README.md with a thumbnail of each notebook's first figure (needs Chromium).
gallery: setup
	$(BIN)/python -m tools.gallery $(NOTEBOOKS)

# Writes docs/scenario-reference.md from the scenario's models.
reference: setup
	$(BIN)/python -m tools.reference

# Writes what the commands of docs/tutorial.md print, after a change that moves their figures.
tutorial: setup
	$(BIN)/python -m tools.tutorial

# The site, from a clean state; a warning is an error, and no network is needed.
docs: setup
	@set -euo pipefail; started=$$SECONDS; \
	rm -rf build/docs build/doctrees; \
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -d build/doctrees docs build/docs; \
	echo "stage docs: $$((SECONDS - started)) s, build/docs/index.html"

pytest: setup
	@set -euo pipefail; started=$$SECONDS; \
	$(BIN)/python -m pytest -n 2 --dist worksteal --durations=10; \
	echo "stage pytest: $$((SECONDS - started)) s"

lab: setup
	$(BIN)/jupyter lab --notebook-dir=notebooks

bench: setup
	$(BIN)/python -m benchmarks

coverage: setup
	$(BIN)/python -m benchmarks.covering

decisions: setup
	$(BIN)/python -m benchmarks.decisions --systems $(SYSTEMS) --out reports/decisions.jsonl

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:
	@set -euo pipefail; head=$$(sed -n '/^#/p' requirements.lock); \
	uv pip compile pyproject.toml --all-extras --universal --fork-strategy fewest --python-version 3.11 \
	  --no-emit-index-url --no-annotate --no-header --quiet --output-file requirements.lock; \
	pins=$$(grep -v '^#' requirements.lock); \
	printf '%s\n' "$$head" "$$pins" > requirements.lock

clean:
	rm -rf docs/how-to/*.ipynb docs/how-to/*.png docs/_static/plotly.min.js
	rm -rf $(VENV) reports build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find novamodel tests notebooks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
