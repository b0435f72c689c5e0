# One command per intention. CI runs `make check` and `make test`, and nothing that does not stand here.

PYTHON ?= python3
INTERPRETER = $(PYTHON)
CALLER ?= me
NAME   ?= made by hand
STACK  ?=
ENV    ?= dev
N      ?= 1000
PARAMETERS ?=
# The least per cent of branches that all tests run. A part of them is not measured.
COVERAGE_FLOOR ?= 95
BUILD  ?= .aws-sam/build

VENV   := .venv/bin
TRANSLATED := .aws-sam/translated.json
WORKFLOWS  := $(wildcard .github/workflows/*.yaml)
# Not for chance: hashes, ids and examples are what this project is full of. For tokens, by their shapes, wherever they are.
SEARCHED := . ':!:requirements*.txt' ':!:*package-lock.json' ':!:*.png' ':!:docs/benchmarks*'
TOKENS   := --no-verify --disable-plugin Base64HighEntropyString --disable-plugin HexHighEntropyString --disable-plugin KeywordDetector
SAM    := SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam
# sam build needs the runtime's own interpreter first on the path.
PY313  := $(shell for p in python3.13 "$$HOME"/.pyenv/versions/3.13*/bin/python3.13; do \
            "$$p" -c 'import os, sys; print(os.path.dirname(os.path.realpath(sys.executable)))' 2>/dev/null && break; done)
LOCKED := $(sort $(wildcard requirements*.txt)) layers/lumeo/requirements.txt
COMPILE = $(PY313)/python3.13 -m compileall -qf --invalidation-mode unchecked-hash
LOCK   := $(VENV)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"

NPM         := $(shell command -v npm 2>/dev/null)
NODE_CLIENT := tests/clients/js
BROWSER     := tests/browser
# Official clients that do not fit into .venv; npm's packages where there is npm.
CLIENTS     := .venv-replicate2/ready .venv-sdks/ready $(if $(NPM),$(NODE_CLIENT)/node_modules/ready)
# What the tests in a browser need: axe, the libraries as published, and what checks our modules.
PACKAGES    := $(if $(NPM),$(BROWSER)/node_modules/ready)
CHROMIUM    ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
# Where we may install it; elsewhere its tests are skipped, and say so.
DEBIAN      := $(if $(CHROMIUM),,$(if $(filter 0,$(shell id -u)),$(shell command -v apt-get)))
export CHROMIUM
PAGE        := $(wildcard functions/gallery/page/*.js functions/gallery/page/*.css)
IN_BROWSER  := $(BROWSER)/node_modules/.bin
STYLE       := --config $(BROWSER)/package.json $(PAGE)
# Where there is no Python 3.13, or no Linux, its tests are skipped.
RUNTIME     := $(and $(PY313),$(filter Linux,$(shell uname -s)),.venv-runtime/ready)

# Hundreds of processes import the same modules: they are compiled once, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo run provider test browser pictures compatibility soak break bench cost check audit format build deploy key lock clean

help:           ## What there is
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile

demo: .venv/ready     ## Run one prediction through the whole machine, on this computer, and save its picture
	@$(VENV)/python -m local.demo $(ARGS)

run: .venv/ready      ## Keep the whole application up on this computer: ARGS="--port N --tls"
	@$(VENV)/python -m local $(ARGS)

provider: .venv/ready ## Check a provider's declaration, replay its fixtures, run it once: FILE=layers/…/declarations/fal.yaml
	@test -n "$(FILE)" || { echo "Which one? make provider FILE=layers/lumeo/lumeo/providers/declarations/fal.yaml"; exit 2; }
	@$(VENV)/python -m local.provider "$(FILE)"

test: .venv/ready $(CLIENTS) $(RUNTIME) $(PACKAGES) browser   ## All tests that need nothing but this computer: ARGS="-k cancel"
	@$(if $(ARGS),,COVERAGE_FLOOR=$(COVERAGE_FLOOR)) $(VENV)/pytest -n auto --dist loadfile $(ARGS)

pictures: .venv/ready browser   ## Take the pictures of the gallery in docs/ again
	@PICTURES=write $(VENV)/pytest tests/browser/test_pictures.py $(ARGS)

compatibility: .venv/ready $(CLIENTS)   ## Let the official clients write the table of docs/compatibility.md
	@COMPATIBILITY=write $(VENV)/pytest tests/clients $(ARGS)

soak: .venv/ready     ## Random faults, as many schedules as you like: N=10000
	@$(VENV)/python -m tests.reliability.soak $(N) $(ARGS)

break: .venv/ready    ## Take out one safety at a time, and see the tests turn red
	@$(VENV)/python -m tests.reliability.break_it $(ARGS)

bench: .venv/ready .venv/bench-ready .venv-sam/ready   ## Measure what docs/benchmarks.md says, and write it: ARGS="waiting" for one part
	@$(VENV)/python -m bench $(ARGS)

cost: .venv/ready     ## What a thousand predictions cost: ARGS="--seconds 7 --per-day 10000"
	@$(VENV)/python -m bench.cost $(ARGS)

check: .venv/ready .venv-sam/ready .venv-gates/ready $(PACKAGES)   ## Format, lint, types, rules for the template, and no secrets
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/mypy
	$(VENV)/cfn-lint template.yaml
	$(SAM) validate --lint
	$(VENV)/python -m tests.template.translated $(TRANSLATED)
	$(VENV)/cfn-lint $(TRANSLATED)
	.venv-gates/bin/checkov --config-file .checkov.yaml --file $(TRANSLATED)
	@test -n "$$(git ls-files)" || { echo "This is no checkout of git: nothing would be searched for secrets"; exit 1; }
	.venv-gates/bin/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	.venv-gates/bin/zizmor --offline --quiet --pedantic $(WORKFLOWS)
	git ls-files -z -- $(SEARCHED) | xargs -0 .venv-gates/bin/detect-secrets-hook $(TOKENS)
	$(if $(NPM),$(IN_BROWSER)/prettier --check $(STYLE),@echo "no npm here: the gallery's modules go unchecked")
	$(if $(NPM),$(IN_BROWSER)/eslint --max-warnings 0 --config $(BROWSER)/eslint.config.js $(filter %.js,$(PAGE)))

format: .venv/ready $(PACKAGES)   ## Let ruff and prettier format the code
	$(VENV)/ruff format .
	$(VENV)/ruff check --fix .
	$(if $(NPM),$(IN_BROWSER)/prettier --write $(STYLE))

# Lambda would compile all that a function imports at each cold start: its disk is read-only, and SAM's archives carry no
# times, by which Python would know what is compiled already.
build: .venv-sam/ready   ## Build what deploys: needs Python 3.13; ARGS="--parameter-overrides Architecture=x86_64"
	@test -n "$(PY313)" || { echo "sam build needs Python 3.13 (Lambda's runtime): install it, or put it on PATH"; exit 1; }
	PATH="$(PY313):$$PATH" $(SAM) build --build-dir $(BUILD) $(ARGS)
	for function in $(BUILD)/*Function; do $(COMPILE) -s $$function -p /var/task $$function || exit 1; done
	$(COMPILE) -s $(BUILD)/LumeoLayer -p /opt $(BUILD)/LumeoLayer

deploy: .venv/ready   ## Build and deploy to AWS, guided the first time: ENV=prod PARAMETERS="RateLimit=100"
	@$(MAKE) --no-print-directory build ARGS="$(addprefix --parameter-overrides ,$(filter Architecture=%,$(PARAMETERS)))"
	@SAM_CLI_TELEMETRY=0 $(VENV)/python -m local.deploy $(ENV) $(addprefix --parameter ,$(PARAMETERS)) -- $(ARGS)

audit: .venv-gates/ready   ## Look for known vulnerabilities of what is locked: asks the network
	@failed=; for locked in $(LOCKED); do echo "$$locked" && .venv-gates/bin/pip-audit --strict --disable-pip \
	  --require-hashes --progress-spinner off --requirement $$locked || failed=1; done; test -z "$$failed"

key: .venv/ready      ## Make an API key: CALLER=alice, for the running `make run`, or for STACK=lumeo-dev
	@$(VENV)/python -m local.key --caller "$(CALLER)" --name "$(NAME)" $(if $(STACK),--stack "$(STACK)")

lock: .venv/ready     ## Lock the dependencies again, with hashes
	$(LOCK) pyproject.toml -o layers/lumeo/requirements.txt
	$(LOCK) pyproject.toml --group dev -c layers/lumeo/requirements.txt -o requirements-dev.txt
	$(LOCK) --group pyproject.toml:bench -c requirements-dev.txt -o requirements-bench.txt
	$(LOCK) --group pyproject.toml:sam -o requirements-sam.txt
	$(LOCK) --group pyproject.toml:runtime -c requirements-dev.txt -o requirements-runtime.txt
	$(LOCK) --group pyproject.toml:gates -o requirements-gates.txt
	$(LOCK) --group pyproject.toml:replicate2 -o requirements-replicate2.txt
	$(LOCK) --group pyproject.toml:sdks -o requirements-sdks.txt
	for packages in $(NODE_CLIENT) $(BROWSER); do \
	  (cd $$packages && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund) || exit 1; done

clean:          ## Remove all that was built or installed here
	rm -rf .venv .venv-sam .venv-gates .venv-runtime .venv-replicate2 .venv-sdks $(NODE_CLIENT)/node_modules $(BROWSER)/node_modules .aws-sam .local .mypy_cache .pytest_cache .ruff_cache .hypothesis

# By uv, which pip brings: it takes seconds where pip takes a minute.
.venv/ready: requirements-dev.txt pyproject.toml
	@echo "Setting up .venv (once, less than a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Lumeo needs Python 3.11 or newer: make PYTHON=python3.13 …")'
	@$(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\]$$/p' $< > .venv/uv.txt
	@$(VENV)/pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt
	@$(VENV)/uv pip install --quiet --python $(VENV)/python --require-hashes -r $<
	@$(VENV)/uv pip install --quiet --python $(VENV)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Beside what the tests need: other ways to copy, and plots.
.venv/bench-ready: requirements-bench.txt .venv/ready
	@$(VENV)/uv pip install --quiet --python $(VENV)/python --require-hashes -r requirements-bench.txt
	@touch $@

# What does not go together with .venv has an environment of its own: SAM CLI and the providers' clients pin what others need
# newer, the official client's next generation has the name of the first, what is built runs under Lambda's own version of
# Python. By uv, since older pips refuse hashes beside extras.
.venv-%/ready: requirements-%.txt | .venv/ready
	@echo "Setting up .venv-$* (once)"
	@$(INTERPRETER) -m venv --without-pip .venv-$*
	@$(VENV)/uv pip install --quiet --python .venv-$*/bin/python --require-hashes -r requirements-$*.txt
	@touch $@

.venv-runtime/ready: INTERPRETER = $(PY313)/python3.13

%/node_modules/ready: %/package-lock.json
	@echo "Setting up $*/node_modules (once)"
	@cd $* && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

# Where it cannot be had its tests are skipped, but not in CI.
browser:
	@$(if $(DEBIAN),echo "Installing Debian's chromium (once)" && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium >/dev/null || \
	  { echo "It cannot be installed here: tests/browser are skipped"; test -z "$$CI"; },:)
