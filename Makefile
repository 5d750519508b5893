# Every target sets up what it needs, in this folder, from hashed locks.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
export SAM_CLI_TELEMETRY := 0
.DEFAULT_GOAL := help

PYTHON ?= python3
PORT   ?= 4566
PIP     = pip install -qq --disable-pip-version-check --no-input --require-hashes --no-deps

VENV    := .venv
RUNTIME := .local/runtime
LAYERS  := .local/layers
SAM     := .local/sam
READY   := $(VENV)/.ready $(RUNTIME)/.ready $(LAYERS)/drawbridge/.ready $(LAYERS)/policy/.ready

.PHONY: help
help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY)

$(VENV)/.ready: requirements/dev.txt
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else None'
	@rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/$(PIP) -r $<
	@touch $@

# What stands for the Lambda runtime: its own interpreter environment, with nothing of the developer's in it.
$(RUNTIME)/.ready: requirements/runtime.txt
	@echo "setting up $(RUNTIME) (once)"
	@rm -rf $(RUNTIME) && $(PYTHON) -m venv $(RUNTIME)
	@$(RUNTIME)/bin/$(PIP) -r $<
	@touch $@

# The dependencies of each layer, for this machine instead of Lambda's.
$(LAYERS)/%/.ready: layers/%/requirements.txt $(VENV)/.ready
	@echo "setting up $(LAYERS)/$* (once)"
	@rm -rf $(@D) && mkdir -p $(@D)
	@$(VENV)/bin/$(PIP) --target $(@D)/python -r $<
	@touch $@

$(SAM)/.ready: requirements/sam.txt
	@echo "setting up $(SAM) (once)"
	@rm -rf $(SAM) && $(PYTHON) -m venv $(SAM)
	@$(SAM)/bin/$(PIP) -r $<
	@touch $@

.PHONY: build
build: $(SAM)/.ready  ## sam validate and sam build, for Lambda's platform, without Docker
	@AWS_DEFAULT_REGION=us-east-1 $(SAM)/bin/sam validate --lint
	@PATH="$(CURDIR)/$(SAM)/bin:$$PATH" AWS_DEFAULT_REGION=us-east-1 $(SAM)/bin/sam build
	@du -sh .aws-sam/build/*/
