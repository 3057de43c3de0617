# `make demo` and `make test` need one of these Pythons, with its venv module, and nothing else.
SUPPORTED := 3.13 3.12 3.11
CHECK := import sys, venv, ensurepip; v = "%d.%d" % sys.version_info[:2]; v in "$(SUPPORTED)".split() and print(v)
# The newest that starts: a shim on PATH need not have a Python behind it.
ifndef PYTHON
PYTHON := $(shell for python in $(SUPPORTED:%=python%) python3; do \
	test -n "$$($$python -c '$(CHECK)' 2>/dev/null)" && echo $$python && break; done)
endif
VERSION := $(shell test -z "$(PYTHON)" || $(PYTHON) -c '$(CHECK)' 2>/dev/null)

BIN := .venv/bin
UV ?= $(shell command -v uv || echo $(BIN)/uv)
INSTALLED := .venv/.installed-$(VERSION)
PYTEST := $(BIN)/python -m pytest --durations=25 --durations-min=0.5
export PATH := $(CURDIR)/$(BIN):$(PATH)
export UV_COMPILE_BYTECODE := 1

.PHONY: help install gpu kubeflow demo test lint types test-unit test-integration test-slow lock audit sbom clean distclean

help:
	@echo "make demo              run the whole workflow on the synthetic corpus"
	@echo "make test              lint, types and unit tests: about five minutes on two cores"
	@echo "make test-integration  whole flows, servers, processes and planted faults: about fifteen minutes"
	@echo "make test-slow         the long ones: planted data faults, killed runs, serving over HTTP"
	@echo "make lint              ruff and the import contracts"
	@echo "make types             mypy"
	@echo "make gpu               install CUDA's libraries for TensorFlow (5 GB); see docs/gpu.md"
	@echo "make kubeflow          install what \`genre export kubeflow\` needs, in an environment of its own (56 MB)"
	@echo "make audit             compare the locked packages with the known vulnerabilities"
	@echo "make sbom              write build/sbom.cdx.json: what the locked packages are"
	@echo "make lock              resolve requirements.lock anew from pyproject.toml"
	@echo "make clean             remove .venv, build/ and caches"
	@echo "make distclean         remove data, runs and DVC's cache too, once confirmed"
	@echo "Python: $(or $(PYTHON),none found) $(VERSION); supported: $(SUPPORTED)"

install: $(INSTALLED)

# Where the environment's Python is gone, so is what was installed for it.
$(if $(wildcard $(BIN)/python),,$(shell rm -f .venv/.installed-*))
# The stamp is newer than the lock only where an install went through; another version has another stamp.
$(INSTALLED): requirements.lock requirements-weights.lock pyproject.toml
	@test -n "$(VERSION)" || { echo "$(or $(PYTHON),Python) is missing, not supported, or has no venv module;" \
		"supported: $(SUPPORTED) (make PYTHON=/path/to/python names one)" >&2; exit 1; }
	@test "$$($(BIN)/python -c '$(CHECK)' 2>/dev/null)" = "$(VERSION)" || $(PYTHON) -m venv --clear .venv
	@command -v uv >/dev/null || test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	@echo "installing the locked packages into .venv (3 GB: some minutes, in which nothing is printed)"
	@$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	@$(UV) pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@echo "unpacking musicnn's weights"
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
		--requirement requirements-weights.lock --dest build/weights
	@$(BIN)/python -m components.features.encoders.musicnn build/weights/musicnn-*.whl
	@echo "compiling the running median once"
	@$(BIN)/python -m components.features.pipeline.warm_up
	@touch $@

# CUDA's libraries beside what is installed: nothing of requirements.lock moves. The next `make install` takes them away.
gpu: $(INSTALLED)
	@$(UV) pip install --quiet --require-hashes --python $(BIN)/python --requirement requirements-gpu.lock

# kfp fixes its own versions of requests and protobuf, so it has an environment of its own.
kubeflow: $(INSTALLED)
	@test -x .venv-kubeflow/bin/python || $(UV) venv --quiet --python $(BIN)/python .venv-kubeflow
	@$(UV) pip sync --quiet --require-hashes --python .venv-kubeflow/bin/python requirements-kubeflow.lock

demo: $(INSTALLED)
	$(BIN)/genre run

test: lint types test-unit

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(INSTALLED)
	$(BIN)/mypy

test-unit: $(INSTALLED)
	$(PYTEST) tests/unit -m "not slow" -n logical --maxprocesses 4 --dist loadscope

test-integration: $(INSTALLED)
	$(PYTEST) tests/integration tests/faults -m "not slow"

test-slow: $(INSTALLED)
	$(PYTEST) tests -m slow

# uv.lock is not kept: it names index hosts. The hashed export holds all that an install needs.
lock:
	uv lock --upgrade
	uv export --no-header --no-annotate --all-groups --no-emit-project -o requirements.lock
	printf 'tensorflow[and-cuda]>=2.21,<2.22' | uv pip compile --universal --generate-hashes --no-header --no-annotate \
		--constraint requirements.lock --output-file requirements-gpu.lock -
	printf 'kfp[kubernetes]>=2.17,<2.18' | uv pip compile --universal --upgrade --generate-hashes --no-header --no-annotate \
		--output-file requirements-kubeflow.lock -

# --strict: a package that could not be looked up is a failure, not a pass.
audit: $(INSTALLED)
	$(UV) tool run pip-audit==2.10.1 --strict --disable-pip --require-hashes -r requirements.lock

sbom: $(INSTALLED)
	@mkdir -p build
	$(UV) tool run --from cyclonedx-bom==7.5.0 cyclonedx-py requirements requirements.lock --pyproject pyproject.toml \
		--short-PURLs --output-reproducible --of JSON -o build/sbom.cdx.json

clean:
	rm -rf .venv .venv-kubeflow build *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache

distclean:
	@test "$(FORCE)" = 1 || { \
		printf "remove data/ (with the music in it), mlruns/ (every run and model), .prefect/ and DVC's cache? [yes/no] "; \
		read answer && test "$$answer" = yes || { echo "nothing was removed"; exit 1; }; }
	@$(MAKE) --no-print-directory clean
	find data -mindepth 1 ! -path data/README.md \
		! -path data/inbox ! -path data/inbox/.gitkeep ! -path data/raw ! -path data/raw/.gitkeep -delete
	find mlruns -mindepth 1 ! -path mlruns/.gitkeep -delete
	rm -rf .prefect .dvc/cache .dvc/tmp
