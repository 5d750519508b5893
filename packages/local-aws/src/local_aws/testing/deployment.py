"""SAM templates: deployed in an account, as by ``sam deploy``, or translated to CloudFormation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local_aws.deployment import DeploymentError, policy_documents, template
from local_aws.deployment import clients as _clients
from local_aws.deployment import deploy as _deploy
from local_aws.deployment.stack import Stack

__all__ = [
    "DeploymentError",
    "Stack",
    "client",
    "cloudformation_of",
    "deploy",
    "parameter_values",
    "policies_in",
    "policies_of",
    "read",
]


def deploy(
    path: str | Path,
    account_id: str,
    region: str = "us-east-1",
    *,
    name: str,
    parameters: Mapping[str, str] | None = None,
) -> Stack:
    """Deploy a template as a stack of this name; its functions run the template's code from where it is.

    Raises:
        DeploymentError: it can't be deployed, or one of its resources could not be created.
    """
    return _deploy(Path(path), account_id, region, name=name, parameters=parameters)


def client(service: str, account_id: str, region: str = "us-east-1") -> Any:
    """Return a client with full access and without throttles, as deployments use."""
    return _clients.client(service, account_id, region)


def read(path: str | Path) -> dict[str, Any]:
    """Return a template as written, with CloudFormation's YAML tags in their JSON form.

    Raises:
        DeploymentError: it can't be read.
    """
    return template.read(Path(path))


def cloudformation_of(
    path: str | Path, parameters: Mapping[str, str] | None = None, region: str = "us-east-1"
) -> dict[str, Any]:
    """Return the CloudFormation template that SAM makes of a template.

    Raises:
        DeploymentError: the template can't be read, a parameter is not allowed, or SAM refuses it.
    """
    source = template.read(Path(path))
    return template.translate(source, template.parameter_values(source, parameters or {}), region)


def parameter_values(source: Mapping[str, Any], overrides: Mapping[str, str]) -> dict[str, str]:
    """Return the value of each parameter of a template, with these in place of its defaults.

    Raises:
        DeploymentError: a parameter is unknown, missing or not allowed.
    """
    return template.parameter_values(source, overrides)


def policies_of(
    cloudformation: Mapping[str, Any], examples: Mapping[str, str] | None = None
) -> Iterator[tuple[str, Any]]:
    """Yield each policy document of a template's resources, with the resource's name.

    ``examples`` are values of parameters, in place of their defaults.

    The variant for false conditions has the suffix ``-otherwise``.
    """
    return policy_documents.template_policies(cloudformation, examples or {})


def policies_in(name: str, text: str) -> Iterator[tuple[str, Any]]:
    """Yield each policy document in a Markdown file's examples, with a name that begins with the file's."""
    return policy_documents.document_policies(name, text)
