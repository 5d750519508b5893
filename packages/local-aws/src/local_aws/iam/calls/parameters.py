"""Systems Manager's Parameter Store."""

from __future__ import annotations

from collections.abc import Iterator

from local_aws.iam.rules import ANY, AwsCall, Requirement, Rules, key, strings
from local_aws.policy_language.patterns import Context

_TYPES = {
    "Document": "document",
    "ManagedInstance": "managed-instance",
    "MaintenanceWindow": "maintenancewindow",
    "Parameter": "parameter",
    "PatchBaseline": "patchbaseline",
    "OpsItem": "opsitem",
    "OpsMetadata": "opsmetadata",
    "Automation": "automation-execution",
    "Association": "association",
}


def _parameter(call: AwsCall, name: str) -> str:
    """Return a parameter's ARN, without the version or label that may follow its name."""
    if name.startswith("arn:"):
        return ":".join(name.split(":")[:6])
    return call.arn(f"parameter/{name.removeprefix('/').split(':')[0]}")


def _named(call: AwsCall) -> Iterator[Requirement]:
    names = [*strings(call.params.get("Name")), *strings(call.params.get("Names"))]
    for name in names:
        yield call.requires(call.operation, _parameter(call, name), kind="parameter")


def _put(call: AwsCall) -> Iterator[Requirement]:
    yield from _named(call)
    if call.params.get("Tags"):
        name = str(call.params.get("Name", ""))
        yield call.requires("AddTagsToResource", _parameter(call, name), kind="parameter")


def _by_path(call: AwsCall) -> Iterator[Requirement]:
    # AWS checks the path unchanged, with any trailing slash: a policy for parameter/app/* does not allow the path /app.
    path = str(call.params.get("Path", "/"))
    yield call.requires(call.operation, call.arn(f"parameter/{path.removeprefix('/')}"), kind="parameter")


def _tagged(call: AwsCall) -> Iterator[Requirement]:
    kind = _TYPES.get(str(call.params.get("ResourceType")))
    resource = str(call.params.get("ResourceId", ""))
    if kind == "parameter":
        yield call.requires(call.operation, _parameter(call, resource), kind=kind)
    else:
        yield call.requires(call.operation, call.arn(f"{kind}/{resource}") if kind else ANY, kind=kind or "")


def _keys(call: AwsCall) -> Context:
    keys: dict[str, tuple[str, ...]] = {}
    if call.operation == "PutParameter":
        keys |= key("ssm:Overwrite", bool(call.params.get("Overwrite", False)))
        keys |= key("ssm:Policies", call.params.get("Policies"))
    if call.operation == "GetParametersByPath":
        keys |= key("ssm:Recursive", bool(call.params.get("Recursive", False)))
    return keys


_BY_NAME = (
    "DeleteParameter",
    "DeleteParameters",
    "GetParameter",
    "GetParameterHistory",
    "GetParameters",
    "LabelParameterVersion",
    "UnlabelParameterVersion",
)

RULES = Rules(
    special={
        **dict.fromkeys(_BY_NAME, _named),
        "PutParameter": _put,
        "GetParametersByPath": _by_path,
        "AddTagsToResource": _tagged,
        "RemoveTagsFromResource": _tagged,
        "ListTagsForResource": _tagged,
    },
    keys=_keys,
)
