# From a bare machine with Python 3.11 or newer and make to a tested, working Inkfolio.
PYTHON ?= python3
# PyPI's torch for Linux brings gigabytes of CUDA along; this index holds the CPU's build alone.
# Where it cannot be reached, pip's own configuration decides.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

BIN := .venv/bin
INSTALLED := .venv/.installed
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help install demo test lint bench samples clean

help:  ## Say what can be made.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED)  ## Create .venv and install Inkfolio with its tools.

$(INSTALLED): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Inkfolio needs Python 3.11 or newer; try make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet --editable . --group dev \
		$$($(BIN)/python -c 'import urllib.request; urllib.request.urlopen("$(TORCH_INDEX)/torch/", timeout=10)' 2>/dev/null && echo --extra-index-url $(TORCH_INDEX))
	touch $@

demo: $(INSTALLED)  ## Convert samples/ to out/ and list what came out.
	$(BIN)/inkfolio convert samples --out out
	@echo && echo "What is in out/ now:" && find out -type f -exec ls -lh {} + | awk '{ print $$5 "\t" $$9 }' | sort -k 2

test: lint  ## Run all tests, after the linters, the type checker and the import contracts.
	$(BIN)/pytest

lint: $(INSTALLED)  ## Run the linters, the type checker and the import contracts alone.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED)  ## Measure speed, memory and accuracy.
	@echo "nothing is measured yet"

samples: $(INSTALLED)  ## Make the pages in samples/ anew; samples/README.md says which fonts it takes.
	$(BIN)/python samples/make_samples.py

clean:  ## Remove .venv, out/ and what tools leave behind.
	rm -rf .venv out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
