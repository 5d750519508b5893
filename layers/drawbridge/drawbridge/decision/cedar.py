"""Cedar's answer to a question about facts."""

import json
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import cedarpy
from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.decision.facts import Asker, ConnectionFacts, Facts, Membership, ShareFacts
from drawbridge.decision.policies import SCHEMA_TEXT, Policy
from drawbridge.status import Reason

_SCHEMA = cedarpy.Schema.from_str(SCHEMA_TEXT)


class Action(StrEnum):
    """What a policy permits or forbids."""

    ACCEPT = "accept"
    ASK_APPROVER = "askApprover"
    REJECT = "reject"
    ASSOCIATE = "associate"


class Answer(Struct, frozen=True):
    """Whether the action is permitted, and the statements that made it so."""

    permitted: bool
    because: tuple[Reason, ...]
    """Of the statements that determined the answer; none when nothing permits."""
    errors: tuple[str, ...] = ()


class ResourceConfiguration(Struct, frozen=True, kw_only=True):
    """A shared resource configuration, as a policy sees it."""

    arn: str
    name: str
    owner: str
    share_arn: str
    share_name: str
    type: str
    port_ranges: tuple[str, ...]


class PolicySet:
    """The policies in force, compiled."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        # Two parameters may use one @id: the key is made unique, so that neither hides the other.
        statements = [statement for policy in policies for statement in policy.statements]
        self._statements = {f"{number}": statement for number, statement in enumerate(statements)}
        document = {
            "staticPolicies": {key: statement.cedar for key, statement in self._statements.items()},
            "templates": {},
            "templateLinks": [],
        }
        self._compiled = cedarpy.PolicySet.from_json_str(json.dumps(document))

    def ask_about_request(self, action: Action, facts: Facts, now: datetime) -> Answer:
        """Ask whether ``action`` is permitted for the request that the facts are of."""
        match facts:
            case ShareFacts():
                resource = _entity("ResourceShare", facts.share_arn, {"id": facts.share_arn, "name": facts.share_name})
                context = _share_context(facts, now)
            case ConnectionFacts():
                resource = _entity(
                    "EndpointService", facts.service_id, {"id": facts.service_id}, tags=facts.service_tags
                )
                context = {"region": facts.endpoint_region, "endpointType": "Interface"}
        return self._ask(action, facts.asker, resource, context)

    def ask_about_resource(self, asker: Asker, resource: ResourceConfiguration, *, private_dns: str) -> Answer:
        """Ask whether the resource, of an account whose share was accepted, may be associated."""
        share = _entity("ResourceShare", resource.share_arn, {"id": resource.share_arn, "name": resource.share_name})
        attributes = {
            "id": resource.arn,
            "name": resource.name,
            "owner": resource.owner,
            "type": resource.type,
            "portRanges": list(resource.port_ranges),
        }
        entity = _entity("ResourceConfiguration", resource.arn, attributes, parents=[share["uid"]])
        return self._ask(Action.ASSOCIATE, asker, entity, {"privateDns": private_dns}, share)

    def _ask(
        self, action: Action, asker: Asker, resource: dict[str, Any], context: dict[str, Any], *more: dict[str, Any]
    ) -> Answer:
        principal, *units = _account(asker)
        request = {
            "principal": principal["uid"],
            "action": {"type": "Action", "id": action},
            "resource": resource["uid"],
            "context": context,
        }
        result = cedarpy.is_authorized(request, self._compiled, [principal, *units, resource, *more], _SCHEMA)
        errors = tuple(str(error) for error in result.diagnostics.errors)
        if result.allowed and errors:
            # Cedar skips a statement that it can't evaluate, be it a forbid: then nobody knows.
            return Answer(permitted=False, because=(), errors=errors)
        # A request that Cedar can't evaluate is NoDecision, and not allowed.
        determining = [self._statements[key] for key in sorted(result.diagnostics.reasons, key=int)]
        because = tuple(Reason("policy", statement.reason, source=statement.id) for statement in determining)
        return Answer(permitted=result.allowed, because=because, errors=errors)


def _share_context(facts: ShareFacts, now: datetime) -> dict[str, Any]:
    context: dict[str, Any] = {
        "region": Arn.parse(facts.share_arn).region,
        "types": sorted({thing.type for thing in facts.contents}),
        "arns": sorted(thing.arn for thing in facts.contents),
        # Of nothing everything is true; and what will be inside, nobody knows.
        "onlyLattice": bool(facts.contents) and all(thing.is_lattice for thing in facts.contents),
        "invited": facts.deadline is not None,
    }
    if facts.deadline is not None:
        context["secondsLeft"] = int((facts.deadline - now).total_seconds())
    return context


def _account(asker: Asker) -> list[dict[str, Any]]:
    """Give the asking account's entity, then those of the units and the organization that it is in."""
    place = asker.place
    attributes: dict[str, Any] = {"id": asker.account_id}
    if place.membership is not Membership.UNKNOWN:
        attributes["ownOrganization"] = place.membership is Membership.MEMBER
    if asker.consumer is not None:
        attributes["consumer"] = {
            "tier": asker.consumer.tier,
            "services": sorted(asker.consumer.services),
            "name": asker.consumer.name,
        }
    above: list[dict[str, str]] = []
    entities: list[dict[str, Any]] = []
    if place.membership is Membership.MEMBER:
        organization = _entity("Organization", place.organization_id)
        entities.append(organization)
        above = [organization["uid"]]
        for unit in place.units:
            entity = _entity("OrganizationalUnit", unit, parents=above)
            entities.append(entity)
            above = [entity["uid"]]
    return [_entity("Account", asker.account_id, attributes, parents=above), *entities]


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
