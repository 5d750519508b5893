"""What functions load, and their layers: what a function imports is in them, and none is given for nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions
from typing import Any

import pytest

from tests.builders import REPOSITORY
from tests.workflow.definition import functions

_LOADED = """
import json, sys
before = set(sys.modules)
import app
print(json.dumps(sorted(sys.modules.keys() - before)))
"""

_EACH_HAS = {
    "aws_lambda_powertools",
    "boto3",
    "botocore",
    "certifi",
    "dateutil",
    "jmespath",
    "msgspec",
    "s3transfer",
    "six",
    "typing_extensions",
    "urllib3",
}
"""Of others' packages, which ``boto3`` and the logger come with."""

_ROOMS = {
    "acceptance",
    "approval",
    "association",
    "decision",
    "discovery",
    "intake",
    "publication",
    "record",
    "slack",
    "webhook",
    "withdrawal",
}
"""Our packages whose weight is looked at: the steps of the flow, and what else few functions need."""
_WORDS = "approval.message"
"""The messages to approvers, which have a weight of their own among what an approval is."""

_ENDPOINTS = {"acceptance", "association", "decision", "publication", "record", "withdrawal"}
_LEDGER = _ENDPOINTS | {"approval", "discovery", "intake"}
_POLICIES = {"cedarpy", "drawbridge_policies"}
_BINDINGS = {"yaml"}
_MESSAGES = {_WORDS}

MAY_LOAD = {
    "accept_request": _LEDGER,
    "associate_resource": _ENDPOINTS,
    "decide_request": _LEDGER | _POLICIES | _BINDINGS | _MESSAGES,
    "discover_requests": _LEDGER | _POLICIES | _BINDINGS | _MESSAGES,
    "plan_associations": _LEDGER | _POLICIES | _BINDINGS,
    "plan_withdrawal": _LEDGER | _POLICIES | _BINDINGS,
    "publish_dns": _LEDGER,
    "receive_approval": {"approval", "association", "decision", "publication"} | _MESSAGES,
    "receive_proof": {"intake"},
    "record_outcome": _LEDGER,
    "register_consumer": _LEDGER,
    "relay_notification": {"intake"},
    "request_approval": _LEDGER - {"acceptance", "intake", "withdrawal"} | _MESSAGES | {"slack", "slack_sdk"},
    "tell_approvers": _LEDGER - {"intake"} | _MESSAGES | {"slack", "slack_sdk"},
    "tell_consumers": _LEDGER | {"webhook"},
    "withdraw_attachment": _ENDPOINTS,
}
"""What each function may load besides, of others' packages and of our rooms; one that is not named, nothing."""


@cache
def _loaded_by(folder: str) -> frozenset[str]:
    """Return the modules that a new process loads with a function's code, before its first invocation."""
    paths = [REPOSITORY / folder, REPOSITORY / "layers" / "drawbridge"]
    ended = subprocess.run(
        [sys.executable, "-c", _LOADED],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "POWERTOOLS_SERVICE_NAME": "drawbridge",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return frozenset(json.loads(ended.stdout))


def _weighty(modules: frozenset[str]) -> set[str]:
    """Return others' packages and our rooms among modules."""
    others = {each.partition(".")[0] for each in modules} & packages_distributions().keys()
    ours = {each.removeprefix("drawbridge.") for each in modules if each.startswith("drawbridge.")}
    return others - {"drawbridge"} | {each for each in ours if each in _ROOMS or each == _WORDS}


@pytest.mark.parametrize("function", functions().values(), ids=functions().keys())
def test_a_function_loads_no_more_than_it_needs(function: Any) -> None:
    """Each cold start pays for it. A type that others need belongs in a module that brings no more than types."""
    folder = function["CodeUri"].strip("/")

    found = _weighty(_loaded_by(folder)) - _EACH_HAS

    assert sorted(found - MAY_LOAD.get(folder.rpartition("/")[2], set())) == []


@pytest.mark.parametrize("function", functions().values(), ids=functions().keys())
def test_a_function_has_the_layer_of_the_policies_if_it_loads_them(function: Any) -> None:
    """A module that is imported for a type alone drags along all that it imports."""
    given = {layer["Ref"] for layer in function["Layers"]}

    assert ("cedarpy" in _loaded_by(function["CodeUri"].strip("/"))) is ("PolicyLayer" in given)
