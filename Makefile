# `make` lists the targets. All of them use .venv, which is made from requirements.lock when needed.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.SUFFIXES:

PORT ?= 8000
PYTEST_ARGS ?=
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
PYTHON_AT_LEAST := import sys; sys.exit(sys.version_info < (3, 11))

# Named after the lock's content and this folder: a new lock or a moved project installs again. The
# stamp is dropped when the interpreter behind the virtual environment has gone.
STAMP := $(VENV)/.installed-$(shell { pwd; cat requirements.lock; } | cksum | cut -d ' ' -f 1)
$(shell [ -x $(BIN)/python ] || rm -f $(VENV)/.installed-*)

# Also where the environment forbids it: else each of the many processes of a demo or a test run compiles
# the project anew.
export PYTHONDONTWRITEBYTECODE :=

# Compiled on all cores at once rather than by each process at its first start; not what the demo never imports.
NOT_COMPILED := /(mypy|playwright|faker|pip|setuptools|hypothesis|virtualenv|pygments|tests?)/

STATIC_CHECKS := check-ruff check-format check-types check-layers check-migrations check-migration-safety check-deploy check-schema
RESULTS := .state/checks
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
TEST_ENV := DJANGO_SETTINGS_MODULE=config.settings.test
STOP_TEST_SERVERS := $(BIN)/python -c 'from apps.common import embedded; embedded.stop(embedded.NAMES, "test")'
# Nothing connects to these: the checks only read the settings.
DEPLOY_ENV := DJANGO_SETTINGS_MODULE=config.settings.production \
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
	BASE_DOMAIN=wrapper.example ALLOWED_HOSTS=.wrapper.example PUBLIC_URL=https://wrapper.example \
	DATABASE_URL=postgres://app:unused@127.0.0.1:1/wrapper \
	DATABASE_SYSTEM_URL=postgres://owner:unused@127.0.0.1:1/wrapper \
	SECURITY_TXT_EXPIRES=$$($(BIN)/python -c 'from datetime import *; print((datetime.now(UTC) + timedelta(90)).isoformat())') \
	REDIS_URL=redis://127.0.0.1:1/0 CELERY_BROKER_URL=redis://127.0.0.1:1/1

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: $(STAMP) ## start everything with sample data (PORT=8000)
	@exec $(BIN)/python manage.py demo --port $(PORT)

.PHONY: test
test: $(STAMP) ## run all static checks and the tests (PYTEST_ARGS="-k name")
	@mkdir -p .state && rm -f $(RESULTS); status=0; \
	$(MAKE) --no-print-directory --keep-going -j 2 $(SYNC) $(STATIC_CHECKS) || status=1; \
	$(MAKE) --no-print-directory check-tests || status=1; \
	$(STOP_TEST_SERVERS); \
	printf '\n== Summary\n'; cat $(RESULTS); exit $$status

.PHONY: lint
lint: $(STAMP) ## run the linters and the type checker
	@$(MAKE) --no-print-directory --keep-going -j 2 $(SYNC) check-ruff check-format check-types check-layers

.PHONY: format
format: $(STAMP) ## mend what ruff can mend, and format
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

.PHONY: e2e
e2e: $(STAMP) ## drive a real browser through the running platform, PgBouncer, and the sandbox's Stripe
	@missing=; \
	command -v chromium chromium-browser google-chrome >/dev/null || missing="chromium"; \
	PATH="$$PATH:/usr/sbin" command -v pgbouncer >/dev/null || missing="$$missing pgbouncer"; \
	[ -z "$$missing" ] \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing $$missing (once) ..." \
	  && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; } \
	|| { echo "Not installed: $$missing. On Debian and Ubuntu: sudo apt-get install $$missing" >&2; exit 1; }
	@status=0; $(TEST_ENV) $(BIN)/python -m pytest -o addopts="-p no:valkey -p no:schemathesis -ra --strict-markers" tests/e2e $(PYTEST_ARGS) \
	$(if $(PYTEST_ARGS),,&& $(BIN)/python -m pytest -o addopts="-p no:valkey -p no:schemathesis -ra --strict-markers" -n 3 tests/sandbox/stripe) \
	|| status=1; $(STOP_TEST_SERVERS); exit $$status

.PHONY: chaos
chaos: $(STAMP) ## kill processes while they work, and count what is lost (some minutes)
	@status=0; $(TEST_ENV) $(BIN)/python -m pytest -o addopts="-p no:valkey -p no:schemathesis -ra --strict-markers" tests/chaos $(PYTEST_ARGS) \
	|| status=1; $(STOP_TEST_SERVERS); exit $$status

.PHONY: fuzz
fuzz: $(STAMP) ## send every operation of the API what Schemathesis makes up (FUZZ_EXAMPLES=15; some minutes)
	@status=0; $(BIN)/python -m pytest -o addopts="-p no:valkey -p no:schemathesis -ra --strict-markers" -n 3 tests/fuzz $(PYTEST_ARGS) \
	|| status=1; $(STOP_TEST_SERVERS); exit $$status

.PHONY: interop
interop: $(STAMP) ## sign in by npm's oidc-provider, a certified implementation (needs Node.js)
	@command -v npm >/dev/null || { echo "Not installed: Node.js with npm. On Debian and Ubuntu: sudo apt-get install npm" >&2; exit 1; }
	@npm ci --prefix tests/interop --silent --no-audit --no-fund
	@status=0; OIDC_INTEROP=1 $(BIN)/python -m pytest -m interop tests/accounts/oidc $(PYTEST_ARGS) || status=1; \
	$(STOP_TEST_SERVERS); exit $$status

.PHONY: bench
bench: $(STAMP) ## measure, and compare with what is promised
	@$(BIN)/python -m benchmarks

.PHONY: stop
stop: ## stop the embedded PostgreSQL and Valkey of development and tests
	@[ ! -x $(BIN)/python ] || $(BIN)/python -c 'from apps.common.demo_session import stop_servers; stop_servers()'

.PHONY: clean
clean: stop ## remove .venv, all local data and caches
	@rm -rf .venv .state .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis static/build staticfiles screenshots
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- The parts of `make test` ------------------------------------------------------------------------
# $(call check,title,command): a heading, the output, and a line for the summary.
define check
@printf '\n== %s\n' '$(1)'; mkdir -p .state; SECONDS=0; \
if $(2); then printf '  ok      %4d s  %s\n' $$SECONDS '$(1)' >> $(RESULTS); \
else printf '  FAILED  %4d s  %s\n' $$SECONDS '$(1)' >> $(RESULTS); exit 1; fi
endef

.PHONY: $(STATIC_CHECKS) check-tests
check-ruff:
	$(call check,ruff check,$(BIN)/ruff check .)
check-format:
	$(call check,ruff format,$(BIN)/ruff format --check .)
check-types:
	$(call check,mypy,$(BIN)/mypy)
check-layers:
	$(call check,import layers,$(BIN)/lint-imports --no-logo)
check-migrations:
	$(call check,migrations are complete,$(TEST_ENV) $(BIN)/python manage.py makemigrations --check --dry-run)
check-migration-safety:
	$(call check,migrations are safe,DJANGO_SETTINGS_MODULE=config.settings.lint $(BIN)/python manage.py lintmigrations \
	|| { echo "How to do it in steps that are safe: CONTRIBUTING.md - Migrations"; false; })
check-deploy:
	$(call check,production settings,$(DEPLOY_ENV) $(BIN)/python manage.py check --deploy --fail-level WARNING)
check-schema:
	$(call check,OpenAPI schema,$(TEST_ENV) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null)
check-tests:
	$(call check,tests,$(BIN)/python -m pytest -n 3 --dist worksteal $(PYTEST_ARGS))

# --- The virtual environment ---------------------------------------------------------------------------
# An environment that works is completed; one that is broken, or that was made elsewhere, is made anew. The lock
# is whole, so nothing is resolved: pip 23.2 would look past the pinned version for `pydantic[email]`, and fail.
$(STAMP):
	@echo "Installing packages into .venv (once, about a minute) ..."; SECONDS=0; rm -f $(VENV)/.installed-*; \
	{ $(BIN)/python -c '$(PYTHON_AT_LEAST)' && grep -qF '$(VENV)' $(BIN)/activate; } 2>/dev/null || rm -rf $(VENV); \
	for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14; do \
	  $$python -c '$(PYTHON_AT_LEAST)' 2>/dev/null && break; python=; \
	done; \
	if command -v uv >/dev/null; then \
	  { [ -d $(VENV) ] || uv venv --quiet --python "$${python:->=3.11}" $(VENV); } \
	  && uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements.lock; \
	elif [ -n "$$python" ]; then \
	  { $(BIN)/python -m pip --version || { rm -rf $(VENV) && $$python -m venv $(VENV); }; } >/dev/null 2>&1 \
	  || { echo "'$$python -m venv' fails: on Debian and Ubuntu install python3-venv." >&2; exit 1; }; \
	  $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input --no-compile \
	    --root-user-action=ignore --no-deps --require-hashes -r requirements.lock; \
	else \
	  echo "Python 3.11 or newer is needed (found: $$(python3 --version 2>&1)). Install it, or uv, or set PYTHON." >&2; exit 1; \
	fi && { $(BIN)/python -m compileall -q -j 0 -x '$(NOT_COMPILED)' $(VENV)/lib >/dev/null 2>&1; \
	touch $@ && echo "Installed in $$SECONDS s."; }
