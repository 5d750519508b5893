"""Asking Cedar whether policies permit an action, on facts."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, assert_never
from zoneinfo import ZoneInfo

import cedarpy
from cedarpy import pst
from msgspec import Struct

from drawbridge.decision.facts import (
    ConnectionFacts,
    Consumer,
    EvaluationTime,
    Fact,
    Membership,
    Requester,
    ResourceFacts,
    ShareFacts,
)
from drawbridge.decision.policies import SCHEMA_TEXT, Policy, Statement, parse_policy
from drawbridge.decision.told_apart import ANY_TWO, ToldApart, told_apart
from drawbridge.decision.unknown import against_the_requester
from drawbridge.errors import InvalidInputError
from drawbridge.lattice import ResourceKind
from drawbridge.request.fingerprints import fingerprint
from drawbridge.status import Reason

_SCHEMA = cedarpy.Schema.from_str(SCHEMA_TEXT)


class Action(StrEnum):
    """The actions that a policy permits or forbids."""

    ACCEPT = "accept"
    ASK_APPROVER = "askApprover"
    REJECT = "reject"
    ASSOCIATE = "associate"
    OFFER = "offer"
    """To let an account find a service or hold a share. Only forbids count: who is registered needs no permit."""


class Authorization(Struct, frozen=True):
    """Whether an action is permitted, and by which statements."""

    permitted: bool
    because: tuple[Reason, ...]
    """The statements that determined the answer; none when nothing permits."""
    errors: tuple[Reason, ...] = ()
    """The statements that could not be evaluated."""


class PolicySet:
    """Policies that decide together, compiled."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        # By name, so that nothing depends on the order in which they are read.
        self.policies = tuple(sorted(policies, key=lambda policy: policy.name))
        # Cedar knows a statement by its key, and people by its id.
        statements = [statement for policy in self.policies for statement in policy.statements]
        self._statements = {f"{number}": statement for number, statement in enumerate(statements)}
        self._spoken_of = frozenset[Fact]().union(*(statement.facts for statement in statements))
        self._compiled: dict[tuple[Action, frozenset[Fact]], Any] = {}
        self._forbidden: dict[tuple[Action, frozenset[Fact]], frozenset[str | None]] = {}
        """The accounts that forbids on an action name which go by nothing unknown; ``None`` if one is for any."""
        self._told_apart: dict[tuple[Action, frozenset[Fact]], ToldApart] = {}

    @cached_property
    def version(self) -> str:
        """A fingerprint of the names and texts: the same wherever the same policies are read."""
        return fingerprint([(policy.name, policy.text) for policy in self.policies])

    def policy_of(self, statement_id: str) -> str | None:
        """Return the name of the policy that has a statement; ``None`` if none has."""
        return next((each.policy for each in self._statements.values() if each.id == statement_id), None)

    def approvals(
        self, facts: ShareFacts | ConnectionFacts, evaluation_time: EvaluationTime
    ) -> tuple[frozenset[str], ...]:
        """Return the words of the ``@approval`` of each statement that asks; a decision names only the first few."""
        asking = {each.source for each in self.ask(Action.ASK_APPROVER, facts, evaluation_time).because}
        return tuple(each.approval for each in self._statements.values() if each.id in asking)

    def permit_reserved_names(self, permitting: Iterable[Reason]) -> bool:
        """Return whether one of the permitting statements allows a reserved name, by ``@alias("reserved")``."""
        return any(each.permits_reserved_names for each in self._named(permitting))

    def delay(self, permitting: Iterable[Reason]) -> timedelta | None:
        """Return the shortest ``@delay`` of the permitting statements; ``None`` if one of them has none.

        Each permit stands by itself: one more never lets anything in later than without it.
        """
        return min((each.delay or timedelta() for each in self._named(permitting)), default=timedelta()) or None

    def is_urgent(self, because: Iterable[Reason]) -> bool:
        """Return whether one of the statements that are named is an urgent forbid, by ``@urgent("true")``."""
        return any(each.is_urgent for each in self._named(because))

    def forbids(self, because: Iterable[Reason]) -> bool:
        """Return whether one of the statements that are named is a forbid: not only does nothing permit."""
        return any(each.effect == "forbid" for each in self._named(because))

    def standing(self, forbidding: Iterable[Reason], unknown: frozenset[Fact]) -> tuple[Reason, ...]:
        """Return those of the reasons that name a forbid which applies whatever the unknown facts turn out to be."""
        return tuple(
            reason
            for reason in forbidding
            if any(each.effect == "forbid" and not each.facts & unknown for each in self._named([reason]))
        )

    def may_forbid(self, action: Action, account_id: str, unknown: frozenset[Fact]) -> bool:
        """Return whether a forbid is on the action, for the account or for any, and may stand whatever is unknown.

        To ask Cedar takes far longer.
        """
        if (action, unknown) not in self._forbidden:
            about = [each.cedar.principal for each in self._standing_forbids(action, unknown)]
            named = {str(each.entity.id) if isinstance(each, pst.ScopeEq) else None for each in about}
            self._forbidden[action, unknown] = frozenset(named)
        return not self._forbidden[action, unknown].isdisjoint({account_id, None})

    def told_apart(self, action: Action, unknown: frozenset[Fact]) -> ToldApart:
        """Return what of accounts those forbids on the action go by that may stand whatever is unknown.

        Which of these apply is the same for accounts that are alike in it: no statement hides another, but one of
        another policy that has the same id.
        """
        if (action, unknown) not in self._told_apart:
            forbids = self._standing_forbids(action, unknown)
            ids = Counter(each.id for each in self._statements.values())
            is_hidden = any(ids[each.id] > 1 for each in forbids)
            found = ANY_TWO if is_hidden else told_apart(each.cedar for each in forbids)
            self._told_apart[action, unknown] = found
        return self._told_apart[action, unknown]

    def _standing_forbids(self, action: Action, unknown: frozenset[Fact]) -> list[Statement]:
        """Return the forbids on the action that go by nothing unknown."""
        return [
            each
            for each in self._statements.values()
            if each.effect == "forbid" and not each.facts & unknown and _is_about(each.cedar, action)
        ]

    def speak_of(self, action: Action, facts: frozenset[Fact]) -> bool:
        """Return whether a statement on the action, whatever else it is on, refers to one of the facts."""
        return any(_is_about(each.cedar, action) and each.facts & facts for each in self._statements.values())

    def goes_by_no_fact(self, reason: Reason) -> bool:
        """Return whether the statement that a reason names goes by who asks for what alone, and by no fact."""
        return all(not each.facts for each in self._named([reason]))

    def referring_to(self, fact: Fact) -> tuple[str, ...]:
        """Return the ids of the statements that refer to a fact."""
        return tuple(statement.id for statement in self._statements.values() if fact in statement.facts)

    def ask(
        self, action: Action, facts: ShareFacts | ConnectionFacts | ResourceFacts, evaluation_time: EvaluationTime
    ) -> Authorization:
        """Return whether the action is permitted. What is unknown counts against the requester."""
        principal, *units = _account(facts.requester)
        resource, *shares = _resource(facts)
        context = _context(facts, evaluation_time.now) | _time(evaluation_time)
        request = {
            "principal": principal["uid"],
            "action": {"type": "Action", "id": action},
            "resource": resource["uid"],
            "context": context,
        }
        entities = [principal, *units, resource, *shares]
        return self._answer(cedarpy.is_authorized(request, self._for(action, facts.unknown), entities, _SCHEMA))

    def _named(self, because: Iterable[Reason]) -> list[Statement]:
        ids = {each.source for each in because if each.code == "policy"}
        return [each for each in self._statements.values() if each.id in ids]

    def _for(self, action: Action, unknown: frozenset[Fact]) -> Any:
        """Return the compiled statements on the action, in which what is unknown counts against the requester.

        Cedar evaluates every statement for every question: those on other actions would cost as much as these.
        """
        spoken_of = unknown & self._spoken_of
        if (action, spoken_of) not in self._compiled:
            of_action = {key: each.cedar for key, each in self._statements.items() if _is_about(each.cedar, action)}
            left = {key: against_the_requester(each, spoken_of) for key, each in of_action.items()}
            nodes = {key: replace(each, id=key) for key, each in left.items() if each is not None}
            tree = pst.PolicySet(templates={}, static_policies=nodes, template_links=())
            self._compiled[action, spoken_of] = cedarpy.PolicySet.from_pst(tree)
        return self._compiled[action, spoken_of]

    def _answer(self, result: cedarpy.AuthzResult) -> Authorization:
        failed = [_failed(str(error)) for error in result.diagnostics.errors]
        errors = tuple(self._error(key, words) for key, words in failed)
        # Cedar skips a statement that it can't evaluate: harmless for a permit, while a forbid might have applied.
        doubtful = any(key is None or self._statements[key].effect == "forbid" for key, _ in failed)
        if result.allowed and doubtful:
            return Authorization(permitted=False, because=(), errors=errors)
        # A request that Cedar can't evaluate is NoDecision, and not allowed.
        determining = [self._statements[key] for key in sorted(result.diagnostics.reasons, key=int)]
        return Authorization(result.allowed, tuple(_reason(statement) for statement in determining), errors)

    def _error(self, key: str | None, words: str) -> Reason:
        if key is None:
            return Reason("policy-error", words)
        return Reason("policy-error", words, source=self._statements[key].id)


def compile_together(policies: Iterable[Policy]) -> PolicySet:
    """Return the set of these policies, compiled anew only if it is not one of the last few."""
    return _compiled(tuple((policy.name, policy.text) for policy in policies))


@lru_cache(maxsize=8)
def _compiled(texts: tuple[tuple[str, str], ...]) -> PolicySet:
    return PolicySet(parse_policy(name, text) for name, text in texts)


def _is_about(statement: pst.Template, action: Action) -> bool:
    match statement.action:
        case pst.ActionEq(entity):
            return bool(entity.id == action)
        case pst.ActionIn(entities):
            return any(entity.id == action for entity in entities)
        case _:
            return True


def _reason(statement: Statement) -> Reason:
    return Reason("policy", statement.reason, source=statement.id)


# Cedar says: error while evaluating policy `3`: integer overflow …
_FAILED = re.compile(r"error while evaluating policy `(\d+)`: (.*)", re.DOTALL)


def _failed(error: str) -> tuple[str | None, str]:
    found = _FAILED.fullmatch(error)
    return (found.group(1), found.group(2)) if found else (None, error)


def _resource(facts: ShareFacts | ConnectionFacts | ResourceFacts) -> list[dict[str, Any]]:
    """Return the entity of the resource, then those that it is in."""
    match facts:
        case ShareFacts():
            return [_share(facts.share_arn, facts.share_name, facts.share_tags)]
        case ConnectionFacts(service=service):
            required = service.acceptance_required is not False
            attributes = {
                "id": service.id,
                "name": service.name,
                "region": service.region,
                "acceptanceRequired": required,
            }
            named = {"privateDnsName": service.private_dns_name} if service.private_dns_name else {}
            return [_entity("EndpointService", service.id, attributes | named, tags=service.tags or {})]
        case ResourceFacts():
            share = _share(facts.share_arn, facts.share_name, {})
            kind = _TYPES[facts.resource_kind]
            parents = [share["uid"]]
            return [_entity(kind, facts.arn, _attributes(facts), parents=parents, tags=facts.tags or {}), share]
        case _:
            assert_never(facts)


_TYPES = {
    ResourceKind.RESOURCE_CONFIGURATION: "ResourceConfiguration",
    ResourceKind.SERVICE_NETWORK: "ServiceNetwork",
    ResourceKind.SERVICE: "Service",
}


def _attributes(facts: ResourceFacts) -> dict[str, Any]:
    configuration = facts.resource_kind is ResourceKind.RESOURCE_CONFIGURATION
    attributes: dict[str, Any] = {
        "id": facts.arn,
        "name": facts.name,
        "owner": facts.arn.split(":")[4],
        "type": facts.type if configuration else facts.resource_kind.upper().replace("-", "_"),
        "protocol": facts.protocol,
        "portRanges": sorted(facts.port_ranges or ()),
        "domainVerified": facts.domain_verified is True,
    }
    return attributes | ({"customDomainName": facts.custom_domain_name} if facts.custom_domain_name else {})


def _share(arn: str, name: str, tags: dict[str, str] | None) -> dict[str, Any]:
    owner = arn.split(":")[4] if arn else ""
    return _entity("ResourceShare", arn, {"id": arn, "name": name, "owner": owner}, tags=tags or {})


def _context(facts: ShareFacts | ConnectionFacts | ResourceFacts, now: datetime) -> dict[str, Any]:
    """Return the context other than the time. What is unknown may have any value here: no statement refers to it."""
    match facts:
        case ShareFacts():
            contents = facts.contents or ()
            context: dict[str, Any] = {
                "region": facts.region,
                "types": sorted({thing.type for thing in contents}),
                "arns": sorted(thing.arn for thing in contents),
                "resources": len(contents),
                # Not true of an empty share: what will be in it is not known.
                "onlyLattice": bool(contents) and all(thing.is_lattice for thing in contents),
                "invited": facts.deadline is not None,
            }
            left = {"secondsLeft": int((facts.deadline - now).total_seconds())} if facts.deadline else {}
            return context | left
        case ConnectionFacts():
            optional = {
                "endpointType": facts.endpoint_type,
                "ipAddressType": facts.ip_address_type,
                "payer": facts.payer,
            }
            return {name: value for name, value in optional.items() if value} | {
                "region": facts.region,
                "connections": facts.connections,
                "connectionsToService": facts.connections_to_service,
            }
        case ResourceFacts():
            return {
                "region": facts.region,
                "binding": facts.binding,
                "mode": facts.mode,
                "privateDns": facts.private_dns,
                # An unknown alias is there with any value: a condition with `has` refers to it too.
                **({} if facts.alias == "" else {"alias": facts.alias or ""}),
            }
        case _:
            assert_never(facts)


def _time(evaluation_time: EvaluationTime) -> dict[str, Any]:
    local = _in_zone(evaluation_time.now, evaluation_time.zone)
    return {
        "now": _datetime(evaluation_time.now),
        # Not by strftime: weekdays have English names here, whatever the locale.
        "local": {"hour": local.hour, "minute": local.minute, "weekday": _WEEKDAYS[local.weekday()]},
    }


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _in_zone(time: datetime, zone: str) -> datetime:
    """Return the same time in a time zone.

    Raises:
        InvalidInputError: there is no such zone, or the time is outside of the years that it can be written in there.
    """
    try:
        return time.astimezone(ZoneInfo(zone))
    except (LookupError, ValueError, OverflowError) as error:
        raise InvalidInputError(f"time: {time.isoformat()} can't be told in zone {zone[:100]!r}") from error


def _datetime(time: datetime) -> dict[str, Any]:
    text = _in_zone(time, "UTC").strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"__extn": {"fn": "datetime", "arg": text}}


def _account(requester: Requester) -> list[dict[str, Any]]:
    """Return the requester's entity, then those of the organization and the units that it is in."""
    place = requester.place
    member = place.membership is Membership.MEMBER
    attributes: dict[str, Any] = {"id": requester.account_id, "ownOrganization": member}
    attributes |= {name: value for name, value in (("name", place.name), ("state", place.state)) if value}
    if requester.consumer is not None:
        attributes["consumer"] = _consumer(requester.consumer)
    above: list[dict[str, str]] = []
    entities: list[dict[str, Any]] = []
    if member:
        organization = _entity("Organization", place.organization_id)
        entities.append(organization)
        above = [organization["uid"]]
        for unit in place.units or ():
            entity = _entity("OrganizationalUnit", unit, parents=above)
            entities.append(entity)
            above = [entity["uid"]]
    return [_entity("Account", requester.account_id, attributes, parents=above, tags=place.tags or {}), *entities]


def _consumer(consumer: Consumer) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "tier": consumer.tier,
        "services": sorted(consumer.services),
        "name": consumer.name,
        "notes": consumer.notes,
        "suspended": consumer.is_suspended,
        "proved": consumer.is_proved,
    }
    return attributes | ({"since": _datetime(consumer.since)} if consumer.since else {})


def _entity(
    kind: str,
    name: str,
    attributes: dict[str, Any] | None = None,
    *,
    parents: list[dict[str, str]] | None = None,
    tags: dict[str, str] | None = None,
) -> dict[str, Any]:
    entity: dict[str, Any] = {"uid": {"type": kind, "id": name}, "attrs": attributes or {}, "parents": parents or []}
    return entity | ({"tags": tags} if tags is not None else {})
