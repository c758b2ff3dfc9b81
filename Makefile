# Everything runs from .venv, which is made from the hashed lock file requirements-dev.txt.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
PRODUCT := app miniapp_api wechat media config
CODE := $(PRODUCT) bench tests
SCRIPTS := node_modules/.package-lock.json
PINYIN := app/finding/pinyin.txt
# Each test process starts a house of its own; the tests of a file stay together, in their order. One more than the two
# cores that the tests are meant for: many wait, for what they killed to be there again.
TEST_PROCESSES ?= 3
# Whatever the shell says, what is compiled is kept: tests start processes by the hundred.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: product demo run test test-long bench faults check audit format lock migrations
.DEFAULT_GOAL := test

define MAKE_VENV
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found: install Python 3.11 or newer, or set PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, $(PYTHON) is older: set PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing: install it (Debian: python3-venv)"; exit 1; }
	$(PYTHON) -m venv .venv
endef
PIP := $(BIN)/pip install --disable-pip-version-check

$(STAMP): requirements-dev.txt pyproject.toml
	$(MAKE_VENV)
	$(PIP) --require-hashes -r requirements-dev.txt
	$(PIP) --quiet --no-deps --no-build-isolation -e .
	@touch $@

# The scanner's decoder and others' scripts (package.json). Pages do without where they cannot be fetched.
$(SCRIPTS): package.json package-lock.json .npmrc | $(STAMP)
	-$(BIN)/npm ci

# How characters are read, for searches (app/finding/pinyin.py).
$(PINYIN): app/finding/pinyin.py | $(STAMP)
	$(BIN)/jiaban dev make-pinyin

# What the image holds: the product's own packages and nothing for demonstration or tests.
product:
	$(MAKE_VENV)
	$(PIP) --require-hashes -r requirements.txt

demo: $(STAMP) $(SCRIPTS) $(PINYIN)
	$(BIN)/jiaban demo $(if $(ONCE),--once)

run: $(STAMP) $(SCRIPTS) $(PINYIN)
	$(BIN)/jiaban run

check: $(STAMP)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/bandit --quiet --severity-level medium --confidence-level high --recursive $(PRODUCT)
	$(BIN)/pip check

# Asks the registers of known vulnerabilities about every locked package; fails where one cannot be asked.
audit: $(STAMP)
	$(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement requirements.txt
	$(BIN)/npm audit

test: check $(SCRIPTS) $(PINYIN)
	$(BIN)/pytest -m "not long" -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder --max-worker-restart 0

test-long: $(STAMP) $(SCRIPTS) $(PINYIN)
	$(BIN)/pytest -m long

# The product beside its peers and floors; their packages come into .venv too. ONLY="verify read" measures these alone.
BENCH_STAMP := .venv/.installed-bench
$(BENCH_STAMP): bench/requirements.txt $(STAMP)
	$(PIP) --require-hashes -r bench/requirements.txt
	@touch $@

bench: $(BENCH_STAMP) $(PINYIN)
	$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(LICENCES),--licences $(LICENCES)) \
		$(if $(GROWN),--grown $(GROWN)) $(if $(REQUESTS),--requests $(REQUESTS))

# Everything breaks while citizens apply and show; the books must balance. SEED=7 MINUTES=30 is another, longer campaign.
faults: $(STAMP) $(PINYIN)
	$(BIN)/python -m tests.faults $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))
	$(BIN)/python -m tests.faults.overload

format: $(STAMP)
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

# Needs uv on the PATH. The lock files carry hashes and no registry address.
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet
lock:
	$(LOCK) --extra dev --output-file requirements-dev.txt
	$(LOCK) --constraint requirements-dev.txt --output-file requirements.txt
	$(LOCK) --extra dev --extra bench --constraint requirements-dev.txt --output-file bench/requirements.txt

migrations: $(STAMP)
	$(BIN)/jiaban dev makemigrations
