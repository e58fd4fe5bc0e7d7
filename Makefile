# energydash in two commands: `make run` serves the dashboard, `make test` checks everything.
# Both build .venv first; Python 3.11 or newer, make and git are all that must be there.

VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

# Tests start many a Python: each would compile everything again where no .pyc may be written.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test suite fuzz check bench soak share standins wheel requirements audit clean

run: $(VENV)/run.stamp
	$(BIN)/energydash serve --port $(PORT)

# Read-only, grid pages only; PERSONAL=1 opens the pages of the home too.
share: $(VENV)/run.stamp
	$(BIN)/energydash serve --host 0.0.0.0 --port $(PORT) --share $(if $(PERSONAL),personal,grid)

# The types are checked beside the tests: where nothing is cached yet, they take half a minute.
test: $(VENV)/browser.stamp
	@$(MAKE) --no-print-directory --jobs 2 check suite

suite: $(VENV)/browser.stamp
	$(BIN)/python -m pytest -q -n auto --dist loadfile --no-loadscope-reorder

# Every property and every parser, on 2,000 examples instead of the suite's twenty.
fuzz: $(VENV)/dev.stamp
	ENERGYDASH_FUZZ=$(or $(EXAMPLES),2000) $(BIN)/python -m pytest -q -n auto -m hypothesis --timeout 0
	ENERGYDASH_FUZZ=1 $(BIN)/python -m pytest -q -n auto --timeout 0 tests/sources/test_contract.py \
		tests/battery/test_truth.py

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks $(ONLY)

# Ten viewers, two crawlers, upstreams with every fault: memory over time, unexplained log lines.
soak: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks.soak --minutes $(or $(MINUTES),120)

# Every upstream, played on this machine; prints the variable that sends energydash to it.
standins: $(VENV)/run.stamp
	@$(BIN)/python -m tests.upstreams

# dist/: what `pip install` and an index take. A test serves it from a folder of its own.
wheel: $(VENV)/dev.stamp
	$(BIN)/uv build --quiet --no-build-isolation --python $(BIN)/python

$(BIN)/uv:
	@scripts/make_venv.sh "$(PYTHON)" $(VENV)

$(VENV)/run.stamp: requirements.txt pyproject.toml | $(BIN)/uv
	scripts/install.sh -r requirements.txt
	@scripts/install.sh --no-deps pyiso==0.4.0 || \
		echo "pyiso could not be added: everything runs without it, minus its regions."
	scripts/install.sh --no-deps --editable .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	scripts/install.sh -r requirements-dev.txt
	@touch $@

$(VENV)/browser.stamp: scripts/get_chromium.sh $(VENV)/dev.stamp
	@scripts/get_chromium.sh && touch $@ || true

# Pin again what the .in files ask for, for every Python from 3.11 on.
PIN = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --upgrade
requirements: $(BIN)/uv
	$(PIN) --generate-hashes requirements.in | cat scripts/requirements_head.txt - > requirements.new
	mv requirements.new requirements.txt
	$(PIN) --constraints requirements.txt requirements-dev.in --output-file requirements-dev.txt

audit: $(BIN)/uv
	@scripts/audit.sh

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
