"""The permissions that an AWS call needs: actions, resources and condition keys."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from local_aws.iam import reference
from local_aws.iam.calls import RULES
from local_aws.iam.dependents import dependents
from local_aws.iam.reference import Action, ResourceType
from local_aws.iam.rules import ANY, AwsCall, Requirement, Rules, key, strings
from local_aws.policy_language.patterns import Context

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_KNOWN = frozenset({"Partition", "Region", "Account"})
_ARN_PARAMETERS = ("ResourceArn", "resourceArn", "ResourceARN", "resourceARN")
_CREATING = ("Create", "Put", "Run", "Request", "Start", "Register", "Allocate", "Copy", "Import")
_REQUEST_TAG_KEYS = ("aws:requesttag/", "aws:tagkeys")


def requirements(call: AwsCall) -> tuple[Requirement, ...]:
    """Return the permissions that the call needs, all of which have to be allowed."""
    rules = RULES.get(call.prefix, Rules())
    special = rules.special.get(call.operation)
    needed = [*(special(call) if special else by_reference(call, rules)), *rules.also(call)]
    needed += dependents(call, rules.actions.get(call.operation, call.operation), {each.action for each in needed})
    request_keys = {**rules.keys(call), **tag_keys(call.params)}
    contexts = rules.contexts(call)
    return tuple(_with_keys(each, call.prefix, {**request_keys, **keys}) for each in needed for keys in contexts)


def by_reference(call: AwsCall, rules: Rules) -> Iterator[Requirement]:
    """Yield the operation's action, on the resources that the call names."""
    name = rules.actions.get(call.operation, call.operation)
    action = reference.find_action(call.prefix, name) or Action(name, (), frozenset())
    named = [(each.name, arn) for each in action.types for arn in _named(call, each, rules)]
    created = [(each.name, _fill(call, each.arn, ANY)) for each in _created(call, action, {kind for kind, _ in named})]
    found = named + created or [("", arn) for arn in _directly_named(call, action)]
    found = found or [(each.name, _fill(call, each.arn, ANY)) for each in action.types if each.required] or [("", ANY)]
    for kind, arn in found:
        yield call.requires(action.name, arn, kind=kind)
    if rules.tagging and call.operation.startswith(_CREATING) and tag_keys(call.params):
        for kind, arn in (created or found)[:1]:
            yield call.requires(rules.tagging, arn, key(f"{call.prefix}:CreateAction", action.name), kind=kind)


def tag_keys(params: Mapping[str, Any]) -> Context:
    """Return aws:RequestTag/... and aws:TagKeys, if the call has tags or keys of tags."""
    tags = dict(_tags(params))
    names = list(tags) or [name for each in ("TagKeys", "tagKeys") for name in strings(params.get(each))]
    keys = dict(key("aws:TagKeys", names)) if names else {}
    for name, value in tags.items():
        keys |= key(f"aws:RequestTag/{name}", value)
    return keys


def _tags(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    listed = [tag for each in ("Tags", "tags", "TagList") for tag in _as_tags(params.get(each))]
    for specification in params.get("TagSpecifications") or ():
        listed += _as_tags(specification.get("Tags"))
    yield from listed


def _as_tags(value: object) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [(str(name), str(text)) for name, text in value.items()]
    tags = []
    for tag in value if isinstance(value, list | tuple) else ():
        lowered = {str(name).lower().removeprefix("tag"): text for name, text in tag.items()}
        tags.append((str(lowered.get("key", "")), str(lowered.get("value") or "")))
    return tags


def _named(call: AwsCall, kind: ResourceType, rules: Rules) -> list[str]:
    *_, placeholder = [each for each in _PLACEHOLDER.findall(kind.arn) if each not in _KNOWN] or [""]
    names = rules.names.get(kind.name) or tuple(_parameter_names(placeholder))
    values = [value for name in names for value in strings(call.params.get(name))]
    return [
        value if value.startswith("arn:") else _fill(call, kind.arn, rules.spell(kind.name, value)) for value in values
    ]


def _created(call: AwsCall, action: Action, named: set[str]) -> Iterable[ResourceType]:
    """Return the resource types that the call creates: AWS checks their ARN with a star for the new id."""
    if not call.operation.startswith(_CREATING):
        return []
    made = call.operation.removeprefix("Create").lower()
    return [
        each
        for each in action.types
        if each.name not in named and (each.required or each.name.replace("-", "").lower() == made)
    ]


def _directly_named(call: AwsCall, action: Action) -> list[str]:
    return [arn for name in _ARN_PARAMETERS for arn in strings(call.params.get(name))] if action.types else []


def _fill(call: AwsCall, template: str, value: str) -> str:
    known = {"Partition": call.partition, "Region": call.region, "Account": call.account_id}
    names = [each for each in _PLACEHOLDER.findall(template) if each not in _KNOWN]

    def filled(found: re.Match[str]) -> str:
        name = found[1]
        if name in known:
            return known[name]
        if name == names[-1]:
            return value
        return next((text for each in _parameter_names(name) for text in strings(call.params.get(each))), ANY)

    return _PLACEHOLDER.sub(filled, template)


def _parameter_names(placeholder: str) -> Iterator[str]:
    """Yield the possible parameter names of a placeholder: TableName, tableName, TableNames..."""
    stems = [placeholder]
    for ending in ("Id", "Name"):
        if placeholder.endswith(ending):
            stem = placeholder.removesuffix(ending)
            stems += [f"{stem}Arn", f"{stem}Identifier", f"{stem}Id", f"{stem}Name"]
    for stem in stems:
        for name in (stem, f"{stem}s") if stem else ():
            yield name
            yield name[0].lower() + name[1:]


def _with_keys(needed: Requirement, prefix: str, request_keys: Context) -> Requirement:
    """Add the request's keys, but those of tags only if the action sets them for this resource.

    A Condition on aws:RequestTag in a statement for all of CreateVpcEndpoint's resources therefore allows nothing:
    the VPC and the subnets are not tagged by the call.
    """
    service, name = needed.action.split(":", 1)
    action = reference.find_action(service, name)
    if action is None or service != prefix:
        return needed
    kind = next((each for each in action.types if each.name == needed.kind), None)
    settable = kind.request_keys if kind else action.keys.union(*(each.request_keys for each in action.types))
    keys = {
        name: values
        for name, values in request_keys.items()
        if not name.startswith(_REQUEST_TAG_KEYS) or name.split("/")[0] + "/" * ("/" in name) in settable
    }
    return dataclasses.replace(needed, keys={**keys, **needed.keys})
