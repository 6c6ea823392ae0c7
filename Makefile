# Two commands do everything on a machine that has Python 3.10+ and make: `make demo` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
CODE   := otel_mlflow app tests benchmarks

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo unit test check soak coverage fleet neighbours docs format versions frameworks benchmark lock clean

help: ## show this
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(VENV)/.demo ## start MLflow and the slide agent, ask one question, show its trace; ARGS=--help for more
	$(BIN)/python -m app.demo $(ARGS)

unit: $(VENV)/.dev ## the tests that need no server, in a minute
	$(BIN)/pytest tests/unit -n 2

# Most of these wait for servers half of their time: two processes a core.
test: $(VENV)/.dev ## all tests but the soak
	$(BIN)/pytest -n 4

check: $(VENV)/.dev ## format, lint and strict types; changes nothing
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy

soak: $(VENV)/.spark $(VENV)/.pyright ## the long runs; ROUNDS=20 repeats more often what is a matter of luck
	-$(BIN)/python -m tests.fleet.collector_build
	$(BIN)/pytest -m soak -n 2

fleet: $(VENV)/.dev ## OpenTelemetry Collectors between hosts and MLflow, killed under load; ARGS=--stay to look at it
	$(BIN)/python -m tests.fleet $(ARGS)

coverage: $(VENV)/.dev ## lines and branches that `make unit` runs
	$(BIN)/pytest tests/unit -n 2 --cov --cov-report=term:skip-covered

docs: $(VENV)/.docs ## build the site strictly, into .site; Python 3.11 or newer
	$(VENV)/docs/bin/zensical build --strict --clean

format: $(VENV)/.dev ## make the code look as `check` wants it
	$(BIN)/ruff check --fix-only --quiet $(CODE)
	$(BIN)/ruff format $(CODE)

versions: $(VENV)/.dev ## oldest and newest of what we build on; writes docs/compatibility.md; ARGS=--part=5 for a fifth
	$(BIN)/python -m tests.versions $(ARGS)

frameworks: $(VENV)/.dev ## the real agent libraries; writes docs/frameworks.md; ARGS=--part=3 for a third
	$(BIN)/python -m tests.frameworks $(ARGS)

benchmark: $(VENV)/.dev ## what tracing costs a request, beside the alternatives
	$(BIN)/python -m benchmarks.overhead

neighbours: $(VENV)/.neighbours $(VENV)/.mounted $(VENV)/.databricks-chat ## what runs beside us, is mounted with us, or is an extra of the app
	$(BIN)/pytest -m neighbours tests/neighbours

clean: ## forget the environment and the demo's data
	rm -rf $(VENV) .demo

# Each stamp stands for a finished installation and is made again when a lock or the project file changes.
# The build tools are in the lock too, so that nothing is installed that is not pinned by hash.
PIP     := $(BIN)/python -m pip --disable-pip-version-check
INSTALL  = $(PIP) install --quiet --require-hashes --requirement
PROJECT  = $(PIP) install --quiet --no-deps --no-build-isolation --editable .

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "otel-mlflow needs Python 3.10 or newer, and \
	$(PYTHON) is " + sys.version.split()[0] + ": make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(BIN)/python
	@echo "Installing what the demo needs into $(VENV) (once, a few minutes) …"
	$(INSTALL) requirements/demo.txt
	$(PROJECT)
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/oldest-fastapi.txt pyproject.toml | $(BIN)/python
	@echo "Installing what the tests need into $(VENV) (once, a few minutes) …"
	$(INSTALL) requirements/dev.txt
	$(INSTALL) requirements/oldest-fastapi.txt --no-deps --upgrade --target $(VENV)/oldest-fastapi
	$(PROJECT)
	@touch $@

$(VENV)/.spark: $(VENV)/.dev requirements/spark.txt
	@echo "Installing Spark into $(VENV) (once, a few minutes) …"
	$(INSTALL) requirements/spark.txt --no-build-isolation
	@touch $@

# Of their own: the site's generator needs nothing of ours, and Pyright brings Node.
$(VENV)/.docs $(VENV)/.pyright: $(VENV)/.%: requirements/%.txt | $(BIN)/python
	$(PYTHON) -m venv $(VENV)/$*
	$(VENV)/$*/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --requirement $<
	@touch $@

# In folders of their own, on the path of the tests that ask for them: what runs beside us, what is mounted in apps, and
# what the app needs with ChatDatabricks, in other versions than without.
$(VENV)/.neighbours $(VENV)/.mounted $(VENV)/.databricks-chat: $(VENV)/.%: requirements/%.txt $(VENV)/.dev
	@echo "Installing $* into $(VENV)/$* (once, a few minutes) …"
	$(INSTALL) $< --no-deps --upgrade --target $(VENV)/$*
	@touch $@

# Versions and hashes only: where the packages come from is the machine's own affair.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-annotate --no-strip-extras --custom-compile-command "make lock" $(UPGRADE)
WITH    = pyproject.toml --group build --extra
FRAMEWORKS = requirements/frameworks

lock: $(VENV)/.dev ## pin the dependencies anew; UPGRADE=--upgrade for the newest of all
	$(COMPILE) $(WITH) demo --output-file requirements/demo.txt
	$(COMPILE) $(WITH) dev --constraint requirements/demo.txt --output-file requirements/dev.txt
	$(COMPILE) $(WITH) databricks-chat --output-file requirements/databricks-chat.txt
	$(COMPILE) --no-deps requirements/oldest-fastapi.in --output-file requirements/oldest-fastapi.txt
	$(COMPILE) requirements/neighbours.in --constraint requirements/dev.txt --output-file requirements/neighbours.txt
	$(COMPILE) requirements/mounted.in --constraint requirements/dev.txt --override $(FRAMEWORKS).overrides \
		--override requirements/mounted.overrides --output-file requirements/mounted.txt
	$(COMPILE) requirements/spark.in --constraint requirements/dev.txt --output-file requirements/spark.txt
	$(COMPILE) requirements/pyright.in --output-file requirements/pyright.txt
	$(subst 3.10,3.11,$(COMPILE)) requirements/docs.in --output-file requirements/docs.txt
	$(subst 3.10,3.11,$(COMPILE)) $(FRAMEWORKS).in --constraint requirements/dev.txt \
		--override $(FRAMEWORKS).overrides --output-file $(FRAMEWORKS).txt
	$(subst 3.10,3.11,$(COMPILE)) $(FRAMEWORKS)-openai2.in --output-file $(FRAMEWORKS)-openai2.txt
	$(subst 3.10,3.11,$(COMPILE)) $(FRAMEWORKS)-protobuf5.in --output-file $(FRAMEWORKS)-protobuf5.txt
