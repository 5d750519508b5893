"""One stack in one account and Region."""

from __future__ import annotations

import functools
import json
import logging
import time
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.cloudformation.models import Event, cloudformation_backends
from moto.cloudformation.models import Stack as MotoStack
from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

from local_aws.deployment import template as templates
from local_aws.deployment.failure import DeploymentError
from local_aws.deployment.resource_types import supported

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stack:
    """A stack that was deployed."""

    name: str
    stack_id: str
    account_id: str
    region: str
    outputs: Mapping[str, str]


def deploy(
    path: Path,
    account_id: str,
    region: str,
    *,
    name: str = "local",
    parameters: Mapping[str, str] | None = None,
) -> Stack:
    """Deploy a SAM template.

    Raises:
        DeploymentError: it can't be deployed, or one of its resources could not be made.
    """
    started = time.perf_counter()
    source = templates.read(path)
    values = templates.parameter_values(source, parameters or {})
    translated = templates.translate(deepcopy(source), values, region)
    _refuse_unsupported(translated)
    _read_json_as_json()
    try:
        stack = cloudformation_backends[account_id][region].create_stack(
            name=name, template=json.dumps(translated), parameters=values
        )
    except (ServiceException, HTTPException) as refusal:
        raise DeploymentError(f"{path.name} in {account_id}: {getattr(refusal, 'message', refusal)}") from refusal
    _drop_unmade_resources(stack)
    _add_resource_events(stack)
    outputs = {output["OutputKey"]: str(output["OutputValue"]) for output in stack.outputs or ()}
    _log.info("%s deployed in %s in %.1f s", name, account_id, time.perf_counter() - started)
    return Stack(name, stack.stack_id, account_id, region, outputs)


def _read_json_as_json() -> None:
    """Have moto read a JSON template as JSON; it parses every one as YAML first, which takes half a second."""
    original = MotoStack.parse_template
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def parse_template(text: str) -> dict[str, Any]:
        try:
            template = json.loads(text)
        except ValueError:
            template = original(text)
        return dict(template)

    MotoStack.parse_template = staticmethod(parse_template)


def _refuse_unsupported(translated: Mapping[str, Any]) -> None:
    known = supported()
    unknown = {resource["Type"] for resource in translated["Resources"].values()} - known
    if unknown:
        raise DeploymentError(f"the local AWS has no {_joined(unknown)}")


def _joined(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _drop_unmade_resources(stack: Any) -> None:
    """Drop resources whose condition is false from the stack; moto lists them and then fails on them."""
    resources = stack.resource_map
    for logical_id in [name for name in resources.resources if resources[name] is None]:
        del resources._resource_json_map[logical_id]  # noqa: SLF001 - moto has no method for it


def _add_resource_events(stack: Any) -> None:
    """Add the events of the resources, which moto leaves out, before the stack's own completion."""
    completion = stack.events.pop()
    for logical_id in stack.resource_map.resources:
        resource = stack.resource_map[logical_id]
        stack.events.append(
            Event(
                stack_id=stack.stack_id,
                stack_name=stack.name,
                logical_resource_id=logical_id,
                physical_resource_id=getattr(resource, "physical_resource_id", logical_id),
                resource_type=getattr(resource, "cf_resource_type", ""),
                resource_status="CREATE_COMPLETE",
                resource_status_reason=None,
                resource_properties=None,
            )
        )
    stack.events.append(completion)
