"""Reading a SAM template, checking its parameters, and translating it to CloudFormation."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import boto3
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from local_aws.deployment.failure import DeploymentError

ARTIFACTS = "local-artifacts"
"""The S3 bucket that stands for this machine's file system; the key is an absolute path without its first slash."""

_LOCAL_PATHS = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
}


def artifact(key: str) -> Path:
    """Return the file or folder that an S3 key in ``ARTIFACTS`` stands for."""
    return Path("/", key)


def read(path: Path) -> dict[str, Any]:
    """Read a SAM template, and replace its local paths by S3 locations, as ``sam package`` does.

    Raises:
        DeploymentError: it can't be read, or a path in it does not exist.
    """
    try:
        template = deepcopy(_parsed(path.read_text()))
    except OSError as missing:
        raise DeploymentError(f"{path}: {missing.strerror}") from missing
    if not isinstance(template, dict) or "Resources" not in template:
        raise DeploymentError(f"{path}: a template with Resources is expected")
    defaults = template.get("Globals", {}).get("Function", {})
    for logical_id, resource in template["Resources"].items():
        name = _LOCAL_PATHS.get(resource.get("Type"))
        properties = resource.setdefault("Properties", {}) if name else {}
        location = properties.get(name) or (defaults.get(name) if name == "CodeUri" else None)
        if isinstance(location, str) and not location.startswith("s3://"):
            local = (path.parent / location).resolve()
            if not local.exists():
                raise DeploymentError(f"{logical_id}.{name}: {location} does not exist")
            properties[name] = {"Bucket": ARTIFACTS, "Key": str(local).lstrip("/")}
    return template


@lru_cache(maxsize=4)
def _parsed(text: str) -> Any:
    # Parsing takes a second, and the same stack is deployed in one account after the other.
    return yaml_parse(text)


def parameter_values(template: Mapping[str, Any], overrides: Mapping[str, str]) -> dict[str, str]:
    """Return each parameter's value, checked against its constraints as CloudFormation does.

    Raises:
        DeploymentError: a parameter is unknown, missing or not allowed.
    """
    declarations: Mapping[str, Any] = template.get("Parameters") or {}
    for name in overrides:
        if name not in declarations:
            raise DeploymentError(f"parameter {name}: the template has no such parameter")
    values: dict[str, str] = {}
    for name, declaration in declarations.items():
        value = overrides.get(name, declaration.get("Default"))
        if value is None:
            raise DeploymentError(f"parameter {name}: a value is needed, it has no default")
        values[name] = str(value)
        _check(name, declaration, values[name])
    return values


def translate(template: dict[str, Any], values: Mapping[str, str], region: str) -> dict[str, Any]:
    """Translate a SAM template to CloudFormation with SAM's own translator.

    Raises:
        DeploymentError: the translator refuses it; all its reasons are in the message.
    """
    translator = Translator(None, Parser(), boto_session=boto3.Session(region_name=region))
    try:
        translated = translator.translate(
            template, parameter_values=dict(values), get_managed_policy_map=_managed_policies
        )
    except InvalidDocumentException as refusal:
        reasons = "; ".join(cause.message for cause in refusal.causes) or refusal.message
        raise DeploymentError(reasons) from refusal
    plain: dict[str, Any] = json.loads(json.dumps(translated, default=str))
    return plain


def _check(name: str, declaration: Mapping[str, Any], value: str) -> None:
    allowed = declaration.get("AllowedValues")
    if allowed is not None and value not in [str(each) for each in allowed]:
        raise DeploymentError(f"parameter {name}: {value!r} is none of {', '.join(map(str, allowed))}")
    pattern = declaration.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, value):
        hint = declaration.get("ConstraintDescription") or f"it must match {pattern}"
        raise DeploymentError(f"parameter {name}: {value!r} is not allowed: {hint}")
    if not int(declaration.get("MinLength", 0)) <= len(value) <= int(declaration.get("MaxLength", 4096)):
        raise DeploymentError(f"parameter {name}: {value!r} is too long or too short")
    if declaration.get("Type") == "Number":
        _check_number(name, declaration, value)


def _check_number(name: str, declaration: Mapping[str, Any], value: str) -> None:
    try:
        number = float(value)
    except ValueError:
        raise DeploymentError(f"parameter {name}: a number is expected, not {value!r}") from None
    if not float(declaration.get("MinValue", "-inf")) <= number <= float(declaration.get("MaxValue", "inf")):
        raise DeploymentError(f"parameter {name}: {value} is too small or too large")


@cache
def _managed_policies() -> dict[str, str]:
    """Return the ARNs of AWS's managed policies by name; megabytes, so only read when a template names one."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415 - for its size

    return {name: policy["Arn"] for name, policy in json.loads(aws_managed_policies_data).items()}
