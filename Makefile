# Set-up and checks. Needs Python 3.11 or later, nothing else; everything is put into .venv.

VENV ?= .venv
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& command -v $$python && break; done)
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Read as source, without PyTorch; the versions are those that the tests' figures were recorded with.
SOURCES := torchvision==0.28.0 timm==1.0.31 pillow

.PHONY: help demo test check format format-check lint types fresh generate pages clean
.DEFAULT_GOAL := help

help:
	@echo "make demo      check LeNet-5, AlexNet and a broken net, print their tables"
	@echo "make test      run the tests; ARGS are pytest's, as in ARGS='-k readme'"
	@echo "make check     format, lint, types, generated files, tests"
	@echo "make format    rewrite the code in the project's format"
	@echo "make generate  write what is derived from the layers and rules: pages, schema, index"
	@echo "make pages     write the outputs that README.md and docs/ show"
	@echo "make clean     remove .venv and the tools' caches"

# A stamp a set of packages: .venv is installed into again when pyproject.toml changes.

$(VENV)/made:
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or later found; name one: make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml
	$(PIP) --editable .
	@$(BIN)/python -m compileall -q cnnshape
	@touch $@

$(VENV)/installed-test: $(VENV)/installed Makefile
	$(PIP) --editable '.[test]'
	$(PIP) --no-deps $(SOURCES)
	@touch $@

# The broken net is found broken: exit code 1, neither 0 nor 2.
demo: $(VENV)/installed
	$(BIN)/cnnshape check lenet5 alexnet mnist-net-broken; test $$? -eq 1
	@echo
	$(BIN)/cnnshape summary lenet5
	@echo
	$(BIN)/cnnshape summary alexnet
	@echo
	$(BIN)/cnnshape summary mnist-net-broken; test $$? -eq 1

test: $(VENV)/installed-test
	$(BIN)/python -m pytest --numprocesses auto $(ARGS)

check: format-check lint types fresh test

format: $(VENV)/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

format-check: $(VENV)/installed-test
	$(BIN)/ruff format --check .

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(VENV)/installed-test
	$(BIN)/mypy

fresh: $(VENV)/installed-test
	$(BIN)/python scripts/generate.py --check

generate: $(VENV)/installed-test
	$(BIN)/python scripts/generate.py

pages: $(VENV)/installed-test
	$(BIN)/python tests/pages.py

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
