PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000

DATA ?= ../shared/data

.PHONY: install serve test lint format bench train lock clean

install: $(VENV)/.installed

# The stamp's recipe runs again whenever the locked dependencies or the package's metadata change.
$(VENV)/.installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Pleura needs Python 3.11 or newer: run make PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

serve: install
	PLEURA_PORT=$(PORT) $(BIN)/pleura serve

test: install
	$(BIN)/python -m pytest

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

train: install
	$(BIN)/pleura train --recipe strong --data $(DATA)/montgomery/train --data $(DATA)/shenzhen/train \
		--validation $(DATA)/montgomery/validation --validation $(DATA)/shenzhen/validation --out runs/strong

# Writes requirements.txt anew: every dependency with its hashes, and no index.
lock: install
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra export --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements.txt
