# Everything a person needs: `make demo` and `make test`. The virtual environment is built from requirements.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= auto

.PHONY: demo test lint format check lock docs pictures clean

demo: $(READY)
	$(BIN)/pricefall demo

test: $(READY)
	$(BIN)/pytest -n $(JOBS)

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cog --check README.md docs/commands.md

check: lint test

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY)
	$(BIN)/cog -r README.md docs/commands.md

# The pictures of docs/alerts.md and docs/report.md; needs Chromium on the path.
pictures: $(READY)
	PYTHONPATH=. $(BIN)/python docs/pictures/make.py

# One hash-pinned lock for Python 3.11 to 3.13 on all machines; needs `uv` and names no index.
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --output-file requirements.lock
	echo "litellm>=1.110,<2" | uv pip compile - --no-deps --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --output-file requirements-files.lock

# requirements-files.lock: packages whose files the tests read and whose code nobody runs, so without what they need.
$(READY): requirements.lock requirements-files.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit("Pricefall needs Python 3.11 to 3.13, and $(PYTHON) is %d.%d: say make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-deps -r requirements-files.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis pricefall-demo
