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
CHECKOV := .local/checkov
PARLIAMENT := .local/parliament
NODE    := .local/node
READY   := $(VENV)/.ready $(VENV)/bin/drawbridge $(VENV)/bin/local-aws $(RUNTIME)/.ready $(LAYERS)/drawbridge/.ready $(LAYERS)/policy/.ready

.PHONY: help
help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY)  ## what the others need, which each sets up by itself too

$(VENV)/.ready: requirements/dev.txt
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else None'
	@rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/$(PIP) -r $<
	@touch $@

# The operators' command line, as it stands here.
$(VENV)/bin/drawbridge: pyproject.toml $(VENV)/.ready
	@$(VENV)/bin/pip install -qq --disable-pip-version-check --no-input --no-index --no-deps --no-build-isolation -e .
	@touch $@

# The local AWS, as it stands here.
$(VENV)/bin/local-aws: packages/local-aws/pyproject.toml $(VENV)/.ready
	@$(VENV)/bin/pip install -qq --disable-pip-version-check --no-input --no-index --no-deps --no-build-isolation -e packages/local-aws
	@touch $@

# What stands for the Lambda runtime: its own interpreter environment, with nothing of the developer's in it.
$(RUNTIME)/.ready: requirements/runtime.txt
	@echo "setting up $(RUNTIME) (once)"
	@rm -rf $(RUNTIME) && $(PYTHON) -m venv $(RUNTIME)
	@$(RUNTIME)/bin/$(PIP) -r $<
	@touch $@

# The dependencies of each layer, for this machine instead of Lambda's, with as much of botocore's data as is deployed.
$(LAYERS)/%/.ready: layers/%/requirements.txt layers/prune.py layers/operations.txt $(VENV)/.ready
	@echo "setting up $(LAYERS)/$* (once)"
	@rm -rf $(@D) && mkdir -p $(@D)
	@$(VENV)/bin/$(PIP) --target $(@D)/python -r $<
	@[ ! -d $(@D)/python/botocore ] || $(PYTHON) layers/prune.py $(@D)
	@touch $@

$(SAM)/.ready: requirements/sam.txt
	@echo "setting up $(SAM) (once)"
	@rm -rf $(SAM) && $(PYTHON) -m venv $(SAM)
	@$(SAM)/bin/$(PIP) -r $<
	@touch $@

$(CHECKOV)/.ready: requirements/checkov.txt
	@echo "setting up $(CHECKOV) (once)"
	@rm -rf $(CHECKOV) && $(PYTHON) -m venv $(CHECKOV)
	@$(CHECKOV)/bin/$(PIP) -r $<
	@touch $@

$(PARLIAMENT)/.ready: requirements/parliament.txt
	@echo "setting up $(PARLIAMENT) (once)"
	@rm -rf $(PARLIAMENT) && $(PYTHON) -m venv $(PARLIAMENT)
	@$(PARLIAMENT)/bin/$(PIP) -r $<
	@touch $@

# No package.json and no lock: a lock would hold the registry's address.
ASL_VALIDATOR := $(NODE)/asl-validator-4.0.0
$(ASL_VALIDATOR):
	@echo "setting up $(NODE) (once)"
	@rm -rf $(NODE) && mkdir -p $(NODE)
	@npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix $(NODE) $(@F:asl-validator-%=asl-validator@%)
	@touch $@

.PHONY: demo
demo: $(READY)  ## the main job, played on a local AWS: two or three minutes
	@$(VENV)/bin/python -m demo

.PHONY: recording
recording: $(READY)  ## the recorded demo that README.md shows: docs/images/demo.svg and .cast
	@$(VENV)/bin/python -m demo.recording docs/images

# Three at a time: much of it waits for processes. With ARGS, what they say, one after the other.
.PHONY: test
test: $(READY)  ## the tests; make test ARGS=tests/unit for some of them
	@$(VENV)/bin/python -m pytest -q $(if $(ARGS),$(ARGS),-n 3 --dist loadscope --no-loadscope-reorder)

SOAK ?= 50
SOAKED = $(wildcard tests/*/test_*doors*.py) tests/unit/test_leaving_walks.py $(addprefix tests/system/test_,neighbours.py registrations.py crashes.py approval_crashes.py approvals.py \
	withdrawal_crashes.py withdrawal_faults.py withdrawal_listings.py)
.PHONY: soak
soak: $(READY)  ## the tests that have a long profile, long: make soak SOAK=200, in runs
	@DRAWBRIDGE_SOAK_RUNS=$(SOAK) $(VENV)/bin/python -m pytest -q $(SOAKED) $(ARGS)

.PHONY: check
check: check-code check-template check-workflow  ## linters, types, import direction, the template, the workflow

.PHONY: check-code
check-code: $(READY)  ## ruff, strict mypy, the import contracts
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@PYTHONPATH=.:layers/drawbridge:layers/policy:cli:packages/local-aws/src $(VENV)/bin/lint-imports

# As written, as SAM makes CloudFormation of it, and for what is insecure: each finds what the others do not.
.PHONY: check-template
check-template: $(READY) $(SAM)/.ready $(CHECKOV)/.ready check-policies  ## sam validate, cfn-lint, checkov, parliament
	@AWS_DEFAULT_REGION=us-east-1 $(SAM)/bin/sam validate
	@AWS_DEFAULT_REGION=us-east-1 $(SAM)/bin/sam validate --lint
	@$(VENV)/bin/cfn-lint -- template.yaml .local/cloudformation.json
	@$(CHECKOV)/bin/checkov --config-file .checkov.yaml

# Values of parameters that are empty by default and that policies refer to.
EXAMPLES = AliasZones=Z0123456789ABC,Z0123456789DEF OrganizationsAccountId=111122223333 OrganizationsRoleName=organizations \
	ManagedServices=vpce-svc-0123456789abcdef0,vpce-svc-0123456789abcdef1 ShareOwners=111122223333,444455556666

# Somebody else's opinion of the policies: of what SAM makes of the template, and of the documents' examples.
.PHONY: check-policies
check-policies: $(READY) $(PARLIAMENT)/.ready  ## parliament on every policy of the template and the documents
	@$(VENV)/bin/python -m local_aws.deployment template.yaml > .local/cloudformation.json
	@$(VENV)/bin/python -m local_aws.deployment.policy_documents .local/cloudformation.json .local/policies README.md docs/*.md \
		$(EXAMPLES:%=--example %)
	@$(VENV)/bin/python -m tests.policy_findings $(PARLIAMENT)/bin/parliament .local/policies

# What is deployed is what its source says. The tests of the definition are in make test; this is somebody else's opinion,
# which wants to read the integrations' ARNs.
.PHONY: check-workflow
check-workflow: check-rendered  ## what is rendered, and asl-validator where Node is
ifeq ($(and $(shell command -v node),$(shell command -v npm)),)
	@echo "asl-validator: skipped, it needs Node and there is none here"
else
check-workflow: $(ASL_VALIDATOR)
	@mkdir -p .local/workflows
	@for each in statemachine/*.asl.json; do \
		sed 's/$${LambdaInvoke}/arn:aws:states:::lambda:invoke/; s/$${SendMessage}/arn:aws:states:::sqs:sendMessage/' $$each > .local/workflows/$${each##*/}; \
		$(NODE)/node_modules/.bin/asl-validator --json-path .local/workflows/$${each##*/}; done
endif

.PHONY: check-rendered
check-rendered: $(VENV)/.ready  ## whether the JSON and the picture are what the YAML of the workflow says
	@$(VENV)/bin/python -m statemachine.render --check

.PHONY: up
up: $(READY)  ## a local AWS with the stack in two accounts; EXAMPLE=1, PORT=4566
	@exec $(VENV)/bin/python -m local_stack --port $(PORT) $(if $(EXAMPLE),--example)

# For eval: nothing else may be printed, so nothing is set up.
.PHONY: env-consumer
env-consumer:  ## eval "$(make env-consumer)": be its consumer, in this shell
	@$(VENV)/bin/python -m local_stack.environment consumer --port $(PORT)

.PHONY: env-provider
env-provider:  ## eval "$(make env-provider)": be its provider
	@$(VENV)/bin/python -m local_stack.environment provider --port $(PORT)

# Of any account, by its id: make env-444455556666.
env-%:
	@$(VENV)/bin/python -m local_stack.environment $* --port $(PORT)

.PHONY: bench
bench: $(READY)  ## what an onboarding, a withdrawal, a sweep, a decision and an answer to a click cost
	@$(VENV)/bin/python -m bench
	@$(VENV)/bin/python -m bench.burst

.PHONY: bench-bursts
bench-bursts: $(READY)  ## requests at once, up to a thousand, beside what AWS's limits allow; fails where an aim is missed
	@$(VENV)/bin/python -m bench.burst

.PHONY: bench-long
bench-long: $(READY)  ## the same with ten thousand connections, and a hundred shares
	@$(VENV)/bin/python -m bench.burst --long --minutes 120

.PHONY: build
build: $(SAM)/.ready  ## sam validate and sam build, for Lambda's platform, without Docker
	@AWS_DEFAULT_REGION=us-east-1 $(SAM)/bin/sam validate --lint
	@PATH="$(CURDIR)/$(SAM)/bin:$$PATH" AWS_DEFAULT_REGION=us-east-1 $(SAM)/bin/sam build
	@du -sh .aws-sam/build/*/

.PHONY: render
render: $(VENV)/.ready  ## make the workflow's JSON, and the picture of it, from its YAML
	@$(VENV)/bin/python -m statemachine.render

.PHONY: lock
lock: $(VENV)/.ready  ## make the hashed locks anew, from the .in files
	@for each in requirements/dev requirements/runtime requirements/sam requirements/checkov requirements/parliament layers/drawbridge/requirements layers/policy/requirements; do \
		$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-header $$each.in -o $$each.txt; done

.PHONY: clean
clean:  ## remove all that was set up here
	@rm -rf $(VENV) .local .aws-sam build *.egg-info packages/*/build packages/*/src/*.egg-info
