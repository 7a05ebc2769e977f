# Everything that a developer runs. The environment is made in .venv when it is first needed, and again when
# pyproject.toml or constraints.txt change.

PYTHON ?= python3
# Extra arguments of pip for torch alone, for example a CPU build: make demo TORCH="--index-url URL-OF-THE-CPU-INDEX"
TORCH ?=
PYTEST_ARGS ?=
# So many tests at a time; those of one file stay in one process, with the servers that they share.
TEST_PROCESSES ?= 2
DEMO_ARGS ?=
# Of the images, and what they are labelled with.
TAG ?= latest
REVISION = $(shell git describe --always --dirty 2>/dev/null || echo unknown)

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
USE_STAMP := .venv/.ready-to-use
DEV_STAMP := .venv/.ready-to-develop
MADE_FROM := pyproject.toml constraints.txt

# The environment is made anew where its Python does not run, cannot be used, or is not the one that is named; where
# none is named, the one that it was made with is kept.
VERSION := import sys; print("%d.%d" % sys.version_info[:2])
HAS := $(shell $(BIN)/python -c '$(VERSION)' 2>/dev/null)
ifeq ($(origin PYTHON),file)
WANTED := $(HAS)
else
WANTED := $(shell $(PYTHON) -c '$(VERSION)' 2>/dev/null)
endif
FIT := $(and $(filter $(WANTED),$(HAS)),$(filter 3.11 3.12 3.13,$(HAS)))

.DEFAULT_GOAL := help
.PHONY: help demo test check bench prove clean images docs site secrets test-deploy

help:
	@echo 'make demo    a community at work, in the terminal and in the browser'
	@echo 'make test    all tests (Kafka'"'"'s need Java and Maven; without them they are skipped, and it says so)'
	@echo 'make check   style, types, the borders between services, the deployment'
	@echo 'make bench   how fast it is'
	@echo 'make prove   the proofs at full size: crashes and freezes at random moments (an hour or more)'
	@echo 'make images  the container images of the services, with the embedding model (needs docker)'
	@echo 'make docs    write what is made from the code: pages of docs/, the example of settings, dashboards'
	@echo 'make site    the docs as a site, in site/'
	@echo 'make secrets the secrets of a deployment, where they are missing'
	@echo 'make test-deploy  build, start, use and crash all of it in containers (needs docker with compose)'
	@echo 'make clean   remove the environment and caches; the data of communities stays'
	@echo
	@echo 'Variables:   PYTHON=python3.12   the Python to make .venv with (3.11 to 3.13)'
	@echo '             DEMO_ARGS="..."     arguments for the demo: DEMO_ARGS="--fresh", or "--help" for all of them'
	@echo '             TORCH="..."         arguments for pip to install torch with, e.g. the index of its CPU build'
	@echo '             PYTEST_ARGS="..."   more arguments for pytest'
	@echo '             TEST_PROCESSES=2    tests run at a time'

demo: $(USE_STAMP)
	@echo '==> Starting the demo (Ctrl-C ends it)'
	@$(BIN)/kindling demo $(DEMO_ARGS)

test: $(DEV_STAMP)
	@echo '==> Running the tests'
	@$(BIN)/pytest --numprocesses=$(TEST_PROCESSES) --dist=loadfile $(PYTEST_ARGS)

check: $(DEV_STAMP)
	@echo '==> Checking style'
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo '==> Checking types'
	@$(BIN)/mypy
	@echo '==> Checking the borders between services'
	@$(BIN)/lint-imports
	@echo '==> Checking the deployment'
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec deploy/compose*.yaml
	@$(BIN)/shellcheck deploy/*.sh .ci/run
	@$(BIN)/kubernetes-validate --strict --quiet $(filter-out %/kustomization.yaml,$(wildcard deploy/kubernetes/base/*.yaml))

bench: $(DEV_STAMP)
	@echo '==> Measuring'
	@$(BIN)/python -m bench

prove: $(DEV_STAMP)
	@echo '==> Proving at full size (an hour or more)'
	@$(BIN)/pytest tests -m prove --prove --timeout=7200 $(PYTEST_ARGS)

# The model is exported once and addressed by its content: an image is built again only where something has changed.
images: $(USE_STAMP)
	@echo '==> Building the images'
	@$(BIN)/python -m deploy.export_model >/dev/null
	@for service in ingest nudge recommend; do \
	  docker build --target $$service --tag kindling-$$service:$(TAG) \
	    --build-arg MODEL="$$(cat dist/models/current)" --build-arg REVISION="$(REVISION)" . || exit 1; \
	done

docs: $(USE_STAMP)
	@echo '==> Writing what is made from the code'
	@$(BIN)/python -m deploy.write_docs
	@$(BIN)/python -m deploy.env_example > deploy/.env.example
	@$(BIN)/python -m deploy.dashboards

site: $(DEV_STAMP)
	@echo '==> Building the site'
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

secrets:
	@deploy/make-secrets.sh

test-deploy: $(DEV_STAMP)
	@echo '==> Testing the deployment in containers'
	@KINDLING_TEST_DEPLOY=1 $(BIN)/pytest tests/deploy $(PYTEST_ARGS)

clean:
	@echo '==> Removing the environment and caches (the data of communities stays)'
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist site tests/kafka/libs
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Who has the developer's environment has the user's.
$(DEV_STAMP): $(MADE_FROM)
	@extras=export,dev; $(install)
	@touch $(USE_STAMP) $(DEV_STAMP)

$(USE_STAMP): $(MADE_FROM)
	@extras=export; $(install)
	@touch $(USE_STAMP)

ifeq ($(FIT),)
$(DEV_STAMP) $(USE_STAMP): again
.PHONY: again
again:
endif

define install
set -e; \
if test -z '$(FIT)' || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
  $(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
    echo 'Kindling needs Python 3.11, 3.12 or 3.13, and "$(PYTHON)" is not one:' \
      "$$($(PYTHON) --version 2>&1)." 'Name another: make PYTHON=python3.12 ...' >&2; exit 1; }; \
  echo "==> Making the environment in .venv with $$($(PYTHON) --version): once, some minutes"; \
  $(PYTHON) -m venv --clear .venv; \
fi; \
if test -n '$(TORCH)'; then \
  echo '==> Installing torch with: $(TORCH)'; \
  $(PIP) install --no-deps -c constraints.txt torch $(TORCH); \
fi; \
echo '==> Installing what pyproject.toml names, at the versions of constraints.txt'; \
$(PIP) install -c constraints.txt -e ".[$$extras]"; \
echo '==> The environment is ready'
endef
