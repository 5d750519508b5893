"""Bindings as people write them: which shared resource goes where."""

import re
from contextlib import suppress
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Literal

import msgspec
import yaml
from msgspec import Meta, Struct, field

from drawbridge.association.resources import SharedConfiguration
from drawbridge.errors import InvalidInputError

Glob = Annotated[str, Meta(min_length=1, max_length=256)]
VpcId = Annotated[str, Meta(pattern=r"^vpc-[0-9a-f]{8,17}$")]
SubnetId = Annotated[str, Meta(pattern=r"^subnet-[0-9a-f]{8,17}$")]
SecurityGroupId = Annotated[str, Meta(pattern=r"^sg-[0-9a-f]{8,17}$")]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class Mode(StrEnum):
    """The way to reach a shared resource."""

    RESOURCE_ENDPOINT = "resource-endpoint"
    SERVICE_NETWORK = "service-network"
    SERVICE_NETWORK_ENDPOINT = "service-network-endpoint"


class Match(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which resources: all that every glob fits."""

    provider: Glob = "*"
    share: Glob = "*"
    resource: Glob = "*"
    types: tuple[Literal["SINGLE", "GROUP", "CHILD", "ARN", "CIDR"], ...] = ()
    """None stands for all."""

    def could_match(self, provider: str, share_name: str) -> bool:
        """Tell whether some resource in a share of that name could fit."""
        return fnmatchcase(provider, self.provider) and fnmatchcase(share_name, self.share)

    def matches(self, resource: SharedConfiguration, share_name: str) -> bool:
        return (
            self.could_match(resource.owner, share_name)
            and fnmatchcase(resource.name, self.resource)
            and (not self.types or resource.type in self.types)
        )


class VpcTag(Struct, frozen=True, forbid_unknown_fields=True):
    """VPCs by their tags: those that have all of them."""

    tag: Annotated[dict[str, str], Meta(min_length=1)]


class ServiceNetwork(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service network by its name, to be made if it is not there."""

    name: str
    create: bool = False


class Attach(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Where to, and how."""

    mode: Mode
    vpc: VpcId | VpcTag | None = None
    """Every mode but ``service-network-endpoint`` with a network of its own needs one."""
    subnets: tuple[SubnetId, ...] = ()
    """None stands for one in each zone."""
    security_groups: tuple[SecurityGroupId, ...] = ()
    private_dns: Literal["off", "verified"] = "off"
    service_network: str | ServiceNetwork | None = None
    """An id, an ARN, or a network by name; for the modes by service network."""


class Binding(Struct, frozen=True, kw_only=True):
    """One binding, by the name of its parameter."""

    name: str
    match: Match
    attach: Attach


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    attach: Attach
    match: Match = field(default_factory=Match)


def parse_binding(name: str, text: str) -> Binding:
    """Read a binding, JSON or YAML.

    Raises:
        InvalidInputError: it can't be read, or a field is missing, unknown or wrong. The message names line or field.
    """
    if _NAME.fullmatch(name) is None:
        raise InvalidInputError(
            f"binding {name[:100]!r}: a name is one level of letters, digits, '-', '_' and '.', 64 at most"
        )
    loaded = _load(name, text)
    try:
        document = msgspec.convert(loaded, _Document, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInputError(f"binding {name}{_line_of(str(error), text)}: {error}") from error
    if document.attach.mode is Mode.RESOURCE_ENDPOINT and document.attach.vpc is None:
        raise InvalidInputError(f"binding {name}: attach.vpc is missing; mode {document.attach.mode} needs one")
    if isinstance(document.attach.vpc, VpcTag) and document.attach.subnets:
        raise InvalidInputError(
            f"binding {name}: attach.subnets belong to one VPC; leave them out where attach.vpc is a tag"
        )
    return Binding(name=name, match=document.match, attach=document.attach)


def _load(name: str, text: str) -> object:
    """Read JSON or YAML. YAML's scalars all stay text, ``off`` and an account's leading zeros too."""
    try:
        if text.lstrip().startswith("{"):
            with suppress(msgspec.DecodeError):
                return msgspec.json.decode(text)
        return yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it makes text, lists and mappings of anything
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidInputError(f"binding {name}, line {line}: {error.problem or error.context}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidInputError(f"binding {name}: {error}") from error


def _line_of(error: str, text: str) -> str:
    """Find the line of the field that msgspec's message ends with, as ``- at `$.attach.mode```."""
    path = re.search(r"`\$\.?([^`]*)`$", error)
    unknown = re.search(r"unknown field `([^`]*)`", error)
    fields = re.findall(r"[A-Za-z]+", path.group(1)) if path else []
    fields += [unknown.group(1)] if unknown else []
    start = 0
    for each in fields:
        found = re.compile(rf"\b{re.escape(each)}\b").search(text, start)
        if found is None:
            return ""
        start = found.start()
    return f", line {text.count(chr(10), 0, start) + 1}" if fields else ""
