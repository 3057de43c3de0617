# `make demo` and `make test` need Python 3.11 and nothing else.
PYTHON ?= python3.11
UV ?= $(shell command -v uv || echo .venv/bin/uv)
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export UV_COMPILE_BYTECODE := 1

.PHONY: demo test test-slow lint lock audit sbom clean help

help:
	@echo "make demo   run the whole workflow on the embedded corpus"
	@echo "make test   lint, type-check and test"
	@echo "make test-slow  planted data faults, serving over HTTP: half an hour"
	@echo "make lint   ruff and mypy only"
	@echo "make audit  compare the locked packages with the known vulnerabilities"
	@echo "make sbom   write build/sbom.cdx.json: what the locked packages are"
	@echo "make lock   resolve requirements.lock anew from pyproject.toml"

# The stamp is newer than the lock only where an install went through.
$(BIN)/.installed: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || python3 -m venv .venv
	@command -v uv >/dev/null || test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	@echo "installing the locked packages into .venv (3 GB)"
	@$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	@$(UV) pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@echo "compiling the running median once"
	@$(BIN)/python -m components.features.dsp.warm_up
	@touch $@

demo: $(BIN)/.installed
	$(BIN)/genre run

test: $(BIN)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -m "not slow" --durations=15

test-slow: $(BIN)/.installed
	$(BIN)/python -m pytest -m slow --durations=15

lint: $(BIN)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# uv.lock is not kept: it names index hosts. The hashed export holds all that an install needs.
lock:
	uv lock --upgrade
	uv export --no-header --no-annotate --all-groups --no-emit-project -o requirements.lock

# --strict: a package that could not be looked up is a failure, not a pass.
audit: $(BIN)/.installed
	$(UV) tool run pip-audit==2.10.1 --strict --disable-pip --require-hashes -r requirements.lock

sbom: $(BIN)/.installed
	@mkdir -p build
	$(UV) tool run --from cyclonedx-bom==7.5.0 cyclonedx-py requirements requirements.lock --pyproject pyproject.toml \
		--short-PURLs --output-reproducible --of JSON -o build/sbom.cdx.json

clean:
	rm -rf .venv data/* mlruns/* .prefect
