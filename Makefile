# Everything a fresh machine needs is set up by these targets, once.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench lint types contracts clean docs

PYTHON ?= python3
UV_VERSION := 0.13.9
UV := .tools/bin/uv
BIN := .venv/bin
DEMO := build/demo
export NUMBA_CACHE_DIR ?= $(CURDIR)/.numba_cache

help:
	@echo "make demo    set up, run the main job on the bundled demo, open the window if there is a display"
	@echo "make test    set up, then style, types, import contracts and all tests"
	@echo "make bench   the benchmarks, printed as a table"
	@echo "make docs    write the generated pages of docs/ again"

setup: .venv/.complete

.tools/.system-$(shell id -u): packaging/set-up.sh
	@sh packaging/set-up.sh system
	@mkdir -p .tools && touch $@

$(UV): .tools/.system-$(shell id -u)
	@sh packaging/set-up.sh uv "$(PYTHON)" $(UV_VERSION)

.venv/.complete: $(UV) pyproject.toml uv.lock
	$(UV) sync --locked --no-managed-python
	@touch $@

.node/.complete: packaging/set-up.sh $(UV)
	@sh packaging/set-up.sh node

demo: .venv/.complete
	@mkdir -p $(DEMO)
	@$(BIN)/reserve-auditor demo $(DEMO)
	@sh packaging/set-up.sh window $(BIN)/reserve-auditor $(DEMO)

lint: .venv/.complete
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/.complete
	$(BIN)/mypy

contracts: .venv/.complete
	$(BIN)/lint-imports

test: lint types contracts .node/.complete
	@scratch=$$(mktemp -d); $(BIN)/pytest --basetemp="$$scratch/t" -n auto --dist loadscope --cov \
		--cov-report=term:skip-covered $(PYTEST_ARGS); status=$$?; rm -rf "$$scratch"; exit $$status

bench: .venv/.complete
	$(BIN)/python -m tests.benchmarks

docs: .venv/.complete
	$(BIN)/python -m auditor_app.findings.page > docs/finding-codes.md

clean:
	rm -rf .venv .tools .node .numba_cache build dist .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis
