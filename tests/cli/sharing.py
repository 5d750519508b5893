"""What is shared with an operator, and Drawbridge's work on it, done by its own code without its functions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drawbridge.association import DesiredAttachment
from drawbridge.association.in_force import bindings_in_force
from drawbridge.association.quotas import quotas_in_force
from drawbridge.aws.configuration_parameters import ConfigurationParameters
from drawbridge.aws.hosted_zones import HostedZones
from drawbridge.aws.parameter_store import PublishedParameters
from drawbridge.bootstrap.planning import Planning
from drawbridge.decision.facts import EvaluationTime, Requester
from drawbridge.decision.in_force import compiled, policies_in_force
from drawbridge.errors import NotReadyError
from drawbridge.publication.publish import Publisher
from local_aws.testing.clock import clock
from tests.associating import associate
from tests.cli.operators import Operator

PREFIX = "drawbridge"
_LONG_ENOUGH = 40
"""Polls, ten seconds from one to the next."""


def share(provider: Operator, operator: Operator, *arns: str, name: str) -> str:
    """Share by AWS RAM, and accept; return the share's ARN."""
    made = provider.client("ram").create_resource_share(
        name=name, resourceArns=[*arns], principals=[operator.account_id]
    )
    arn = str(made["resourceShare"]["resourceShareArn"])
    ram = operator.client("ram")
    clock.advance(10)
    # An empty page is not always the last.
    pages = ram.get_paginator("get_resource_share_invitations").paginate()
    invitations = [each for page in pages for each in page["resourceShareInvitations"]]
    (mine,) = (each for each in invitations if each["resourceShareArn"] == arn)
    ram.accept_resource_share_invitation(resourceShareInvitationArn=mine["resourceShareInvitationArn"])
    clock.advance(10)
    return arn


def offer(provider: Operator, *names: str) -> list[str]:
    """Offer databases behind one gateway each; give their ARNs."""
    arns = [provider.offer_database(name, port="5432") for name in names]
    clock.advance(10)
    return arns


def let_in(operator: Operator, provider: Operator) -> None:
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    operator.client("ssm").put_parameter(
        Name=f"/drawbridge/config/policies/let-{provider.account_id}-in", Type="String", Value=permit, Overwrite=True
    )


def bind(operator: Operator, name: str, text: str) -> None:
    operator.client("ssm").put_parameter(
        Name=f"/drawbridge/config/bindings/{name}", Type="String", Value=text, Overwrite=True
    )


def bindings(operator: Operator) -> dict[str, str]:
    """Return the bindings as they stand in Parameter Store."""
    return {name: each["Value"] for name, each in _below(operator, "config/bindings").items()}


def versions(operator: Operator) -> dict[str, int]:
    return {name: each["Version"] for name, each in _below(operator, "config/bindings").items()}


def forget_bindings(operator: Operator) -> None:
    """Remove every binding, and what was published for them."""
    below = {**_below(operator, "config/bindings"), **_below(operator, "connections")}
    for each in below.values():
        operator.client("ssm").delete_parameter(Name=each["Name"])
    clock.advance(40)


def carry_out(operator: Operator, share_arn: str, provider: Operator) -> list[DesiredAttachment]:
    """Do what Drawbridge does with a share that it let in; return what it associated."""
    parameters = ConfigurationParameters(operator.client("ssm"), prefix=PREFIX)
    policies = compiled(policies_in_force(parameters, everything_may_be_permitted=False))
    planner = _planning(operator).planner(
        policies, bindings_in_force(parameters), quotas_in_force(parameters), lambda _: {}
    )
    plan = planner.plan(share_arn, Requester(account_id=provider.account_id), (), EvaluationTime(datetime.now(UTC)))
    for desired in plan.associations:
        _carry_out(operator, desired)
    return [*plan.associations]


def _carry_out(operator: Operator, desired: DesiredAttachment) -> None:
    for _ in range(_LONG_ENOUGH):
        planning = _planning(operator)
        names = PublishedParameters(operator.client("ssm"), owner=PREFIX)
        zones = HostedZones(operator.client("route53"), owner=PREFIX)
        publisher = Publisher(planning.endpoints, planning.entities, names, zones, prefix=PREFIX)
        try:
            by = associate(desired, planning.reconciler, attempt=1)
            publisher.publish(desired, by, now=datetime.now(UTC), patient=True)
        except NotReadyError:
            clock.advance(10)
        else:
            return
    raise AssertionError(f"{desired.name} is not to be had")


def _planning(operator: Operator) -> Planning:
    return Planning(operator.client, prefix=PREFIX, account_id=operator.account_id)


def _below(operator: Operator, path: str) -> dict[str, dict[str, Any]]:
    root = f"/drawbridge/{path}/"
    pages = operator.client("ssm").get_paginator("get_parameters_by_path").paginate(Path=root, Recursive=True)
    return {each["Name"].removeprefix(root): each for page in pages for each in page["Parameters"]}
