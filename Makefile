# From a bare machine with Python 3.11 or newer and make to a tested, working Inkfolio.
PYTHON ?= python3
# PyPI's torch for Linux brings gigabytes of CUDA along. Where pip is not set up to find a CPU
# build, name an index that has one: make install TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=

BIN := .venv/bin
INSTALLED := .venv/.installed
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help install demo test soak lint bench samples clean

help:  ## Say what can be made.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED)  ## Create .venv and install Inkfolio with its tools.

$(INSTALLED): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Inkfolio needs Python 3.11 or newer; try make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet --editable . --group dev $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
	touch $@

demo: $(INSTALLED)  ## Convert samples/ to out/ and list what came out.
	$(BIN)/inkfolio convert samples --out out
	@echo && echo "What is in out/ now:" && find out -type f -exec ls -lh {} + | awk '{ print $$5 "\t" $$9 }' | sort -k 2

test: lint  ## Run all tests but the slow ones, after the linters, the type checker and the contracts.
	$(BIN)/pytest -m "not slow" -n 2 --dist loadfile

slow: $(INSTALLED)  ## Run the slow tests: kills, thousands of pages, real pages.
	$(BIN)/pytest -m "slow and not timed" -n 2 --dist loadfile
	$(BIN)/pytest -m timed

soak: $(INSTALLED)  ## Convert 500 pages under random faults and print what was lost: nothing.
	PYTHONPATH=. $(BIN)/python tests/soak.py

lint: $(INSTALLED)  ## Run the linters, the type checker and the import contracts alone.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The pages to measure on; samples/ where the shared ones are missing.
PAGES ?= $(firstword $(wildcard ../shared/data/pages/val) samples)

bench: $(INSTALLED)  ## Measure lines a second, pages a minute, memory, and what each format costs.
	$(BIN)/python tests/benchmarks/measure_reading.py
	$(BIN)/python tests/benchmarks/measure_convert.py $(PAGES)
	$(BIN)/python tests/benchmarks/measure_formats.py $(PAGES)

samples: $(INSTALLED)  ## Make the pages in samples/ anew; samples/README.md says which fonts it takes.
	$(BIN)/python samples/make_samples.py

clean:  ## Remove .venv, out/ and what tools leave behind.
	rm -rf .venv out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
