"""Bindings as people write them: which shared resource goes where."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Annotated, Literal

import yaml
from msgspec import Meta, Struct, field

from drawbridge.association import Mode, NetworkRef
from drawbridge.document_lines import line_of
from drawbridge.document_mistakes import Mistake, mistakes_in
from drawbridge.errors import InvalidInputError
from drawbridge.lattice import Entity, MatchAttributes, PrivateDns, ResourceType
from drawbridge.parsing import DEEPEST, UnreadableError, line_too_deep, read_document, read_json

Glob = Annotated[str, Meta(min_length=1, max_length=256)]
VpcId = Annotated[str, Meta(pattern=r"^vpc-[0-9a-f]{8,17}\Z")]
SubnetId = Annotated[str, Meta(pattern=r"^subnet-[0-9a-f]{8,17}\Z")]
NetworkId = Annotated[
    str,
    Meta(pattern=r"^(sn-[0-9a-f]{17}|arn:[a-z-]+:vpc-lattice:[a-z0-9-]+:[0-9]{12}:servicenetwork/sn-[0-9a-f]{17})\Z"),
]
NetworkName = Annotated[str, Meta(pattern=r"^(?!servicenetwork)[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]\Z")]
Domain = Annotated[str, Meta(pattern=r"^(\*\.)?([a-z0-9_-]{1,63}\.)*[a-z0-9-]{1,63}\Z", max_length=255)]
AliasName = Annotated[
    str, Meta(pattern=r"^([a-z0-9_-]|\{resource\}|\{vpc\})+(\.([a-z0-9_-]|\{resource\}|\{vpc\})+)+\Z", max_length=255)
]
SecurityGroupId = Annotated[str, Meta(pattern=r"^sg-[0-9a-f]{8,17}\Z")]

_MOST_GROUPS = 5
"""Of a service network's association with a VPC (VPC Lattice user guide, "Quotas")."""

_LONGEST = 8192
"""Characters of a parameter of the advanced tier; more can't come from Parameter Store."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class InvalidBindingError(InvalidInputError):
    """A binding that cannot take effect: all that is wrong with it; the message tells the first."""

    def __init__(self, name: str, mistakes: Sequence[Mistake]) -> None:
        first = mistakes[0]
        super().__init__(f"binding {name}{f', line {first.line}' if first.line else ''}: {first.message}")
        self.mistakes = tuple(mistakes)


class Match(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which resources: all that every glob fits."""

    provider: Glob = "*"
    share: Glob = "*"
    resource: Glob = "*"
    types: tuple[ResourceType, ...] = ()
    """Empty stands for all."""

    def could_match(self, provider: str, share_name: str) -> bool:
        """Return whether some resource in a share of that name could fit."""
        return fnmatchcase(provider, self.provider) and fnmatchcase(share_name, self.share)

    def matches(self, resource: Entity | MatchAttributes, share_name: str) -> bool:
        return self.could_match(resource.owner, share_name) and self.matches_in_some_share(resource)

    def matches_in_some_share(self, resource: Entity | MatchAttributes) -> bool:
        """Return whether the resource fits, in a share whose name does."""
        return (
            fnmatchcase(resource.owner, self.provider)
            and fnmatchcase(resource.name, self.resource)
            and (not self.types or resource.type in self.types)
        )


class VpcTag(Struct, frozen=True, forbid_unknown_fields=True):
    """VPCs by their tags: those that have all of them."""

    tag: Annotated[dict[str, str], Meta(min_length=1)]


class ServiceNetwork(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service network of this account by its name, to be made if it is not there."""

    name: NetworkName
    create: bool = False


class PrivateDomains(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The provider's names in these domains, and in those that AWS found to be theirs if ``verified``."""

    domains: Annotated[tuple[Domain, ...], Meta(min_length=1, max_length=10)]
    verified: bool = True


class Route53Alias(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name of our own in a hosted zone, which follows the name that AWS gives."""

    zone: Annotated[str, Meta(pattern=r"^[A-Z0-9]{1,32}\Z")]
    name: AliasName
    """With ``{resource}`` where the resource's name goes, and ``{vpc}`` where the VPC's id goes."""
    public: bool = False
    """Whether the zone may be a public one."""


class Attach(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Where to, and how."""

    mode: Mode
    vpc: VpcId | VpcTag | None = None
    """Without one, ``service-network`` leaves it to others which VPCs the network is associated with."""
    subnets: tuple[SubnetId, ...] = ()
    """Empty stands for one in each zone."""
    security_groups: Annotated[tuple[SecurityGroupId, ...], Meta(max_length=16)] = ()
    ip_address_type: Literal["ipv4", "ipv6", "dualstack"] | None = None
    """Of an endpoint; ``None`` stands for AWS's default, which is ``ipv4``."""
    private_dns: Literal["off", "verified", "all"] | PrivateDomains = "off"
    service_network: NetworkId | ServiceNetwork | None = None
    """For the modes by service network. A shared service network needs none: it is one."""
    alias: Route53Alias | None = None

    @property
    def private_dns_preference(self) -> PrivateDns:
        if isinstance(self.private_dns, PrivateDomains):
            return PrivateDns.VERIFIED_AND_LISTED if self.private_dns.verified else PrivateDns.LISTED
        return PrivateDns(self.private_dns)

    @property
    def domains(self) -> tuple[str, ...]:
        return self.private_dns.domains if isinstance(self.private_dns, PrivateDomains) else ()

    @property
    def network(self) -> NetworkRef | None:
        match self.service_network:
            case None:
                return None
            case ServiceNetwork(name=name, create=create):
                return NetworkRef(name=name, create=create)
            case identifier:
                return NetworkRef(identifier=identifier)


class Binding(Struct, frozen=True, kw_only=True):
    """One binding, by the name of its parameter."""

    name: str
    match: Match
    attach: Attach


class BindingDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """A binding as people write it: which shared resource goes where."""

    attach: Attach
    match: Match = field(default_factory=Match)


def parse_binding(name: str, text: str) -> Binding:
    """Read a binding, JSON or YAML.

    Raises:
        InvalidBindingError: it can't be read, or a field is missing, unknown or wrong. The message names line or field.
    """
    if _NAME.fullmatch(name) is None:
        reason = "a name is one level of letters, digits, '-', '_' and '.', 64 at most"
        raise InvalidBindingError(repr(name[:100]), [Mistake(message=reason)])
    loaded = _load(name, text)
    try:
        document = read_document(loaded, BindingDocument)
    except UnreadableError as error:
        mistakes = mistakes_in(loaded, BindingDocument, text)
        with suppress(UnreadableError):
            # What does not go together is told besides, if all of it can be read.
            mistakes += _troubles_in(text, read_document(loaded, _Attached).attach)
        raise InvalidBindingError(name, mistakes) from error
    if troubles := _troubles_in(text, document.attach):
        raise InvalidBindingError(name, troubles)
    return Binding(name=name, match=document.match, attach=document.attach)


class _Attached(Struct, frozen=True):
    """A binding, whatever else of it can't be read."""

    attach: Attach


def _invalid(name: str, reason: str, line: int | None = None) -> InvalidBindingError:
    return InvalidBindingError(name, [Mistake(message=reason, line=line)])


def _troubles_in(text: str, attach: Attach) -> list[Mistake]:
    """Return what does not go together."""
    named = ((each, each.partition(" ")[0].rstrip(":")) for each in _troubles(attach))
    return [Mistake(message=each, line=line_of(text, *field.split(".")), field=field) for each, field in named]


def _troubles(attach: Attach) -> Iterator[str]:
    """Yield what does not go together."""
    by_endpoint = attach.mode is not Mode.SERVICE_NETWORK
    if by_endpoint and attach.vpc is None:
        yield f"attach.vpc is missing; mode {attach.mode} needs one"
    if attach.mode is Mode.RESOURCE_ENDPOINT and attach.service_network is not None:
        yield f"attach.serviceNetwork goes with the other modes; leave it out, or use mode {Mode.SERVICE_NETWORK}"
    if isinstance(attach.vpc, VpcTag) and attach.subnets:
        yield "attach.subnets belong to one VPC; leave them out where attach.vpc is a tag"
    if attach.subnets and not by_endpoint:
        yield f"attach.subnets are an endpoint's; mode {attach.mode} makes none, leave them out"
    if attach.ip_address_type and not by_endpoint:
        yield f"attach.ipAddressType is an endpoint's; mode {attach.mode} makes none, leave it out"
    if attach.mode is Mode.SERVICE_NETWORK and len(attach.security_groups) > _MOST_GROUPS:
        yield f"attach.securityGroups: a VPC's association takes {_MOST_GROUPS} at most"
    if attach.security_groups and attach.vpc is None:
        yield "attach.securityGroups belong to the VPC's side; name attach.vpc, or leave them out"
    if attach.alias is not None and isinstance(attach.vpc, VpcTag) and "{vpc}" not in attach.alias.name:
        yield "attach.alias.name needs {vpc} in it where attach.vpc is a tag: each VPC has a name of its own"
    if attach.alias is not None and "{vpc}" in attach.alias.name and attach.vpc is None:
        yield "attach.alias.name has {vpc} in it, and there is no attach.vpc"


def _load(name: str, text: str) -> object:
    """Read JSON or YAML. YAML's scalars all stay text, ``off`` and an account's leading zeros too."""
    if len(text) > _LONGEST:
        raise _invalid(name, f"{len(text)} characters, {_LONGEST} at most")
    if (line := line_too_deep(text)) is not None:
        raise _invalid(name, f"brackets nested deeper than {DEEPEST}", line)
    try:
        if text.lstrip().startswith("{"):
            with suppress(UnreadableError):
                return read_json(text, object)
        return yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it makes text, lists and mappings of anything
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _invalid(name, str(error.problem or error.context), line) from error
    except RecursionError:
        raise _invalid(name, "nested too deep") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # YAML's escapes may name characters that there are not. Some of its messages have several lines.
        raise _invalid(name, " ".join(str(error).split())) from error
