"""Checks of what the account has beside the stack: roles of AWS, the organization, managed services, Slack."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from drawbridge.request.connections import ManagedService
from drawbridge_cli.checks import Check, all_ok, ok, problem, unknown, warning
from drawbridge_cli.command_lines import command
from drawbridge_cli.deployment import ListedNotification
from drawbridge_cli.slack import Finding

LATTICE_ROLE = "AWSServiceRoleForVpcLattice"


def check_service_linked_role(*, is_there: bool) -> Check:
    """Check the role in which VPC Lattice works in this account; PrivateLink has none."""
    name = "service-linked-role"
    if is_there:
        return ok(name, f"{LATTICE_ROLE} is there")
    return ok(name, f"{LATTICE_ROLE} is not there yet: the first association makes it, which the stack's role may")


class OrganizationAnswer(Struct, frozen=True, kw_only=True):
    """What Organizations said."""

    organization_id: str
    """Empty if the account is in none."""
    role: str
    """The name of the role that may ask more; empty if none is configured."""
    services: frozenset[str] | None = None
    """The services that the organization trusts; ``None`` if it was not asked, or may not be."""
    not_asked: Check | None = None
    """Why what only the role may ask could not be asked."""


def check_organization(answer: OrganizationAnswer) -> list[Check]:
    name = "organization"
    if not answer.organization_id:
        if answer.role:
            found = "the account is in no organization, though OrganizationsRoleName is set"
            return [warning(name, found, "deploy the stack without it, or join the organization")]
        return [ok(name, "the account is in none")]
    if not answer.role:
        found = f"the account is in {answer.organization_id}, and nobody may ask who else is: policies don't know"
        return [warning(name, found, "set OrganizationsRoleName, if accounts of the organization are to be told apart")]
    if answer.not_asked is not None:
        return [answer.not_asked]
    return [ok(name, f"{answer.role} may ask who is in {answer.organization_id}")]


_RAM = "ram.amazonaws.com"


def check_organization_sharing(answer: OrganizationAnswer) -> list[Check]:
    name = "organization-sharing"
    if not answer.organization_id:
        return []
    if answer.services is None:
        return [
            unknown(
                name,
                "whether RAM shares inside the organization without invitations is not known",
                "let the caller, or the role, organizations:ListAWSServiceAccessForOrganization",
            )
        ]
    if _RAM in answer.services:
        return [ok(name, "RAM shares inside the organization without invitations")]
    return [ok(name, "off: shares of the organization's accounts come with an invitation, as others do")]


def check_services(services: Iterable[ManagedService], notifications: Iterable[ListedNotification]) -> list[Check]:
    """Check the managed endpoint services: each has connections accepted by us, and notifies us of them."""
    managed = sorted(services, key=lambda each: each.service_id)
    states = {each.service_id: each.is_enabled for each in notifications}
    name = "managed-services"

    def otherwise() -> Iterator[Check]:
        for each in managed:
            service = each.service_id
            if each.acceptance_required is False:
                yield problem(
                    name,
                    f"{service} requires no acceptance: whoever is allowed is connected, and no policy is asked",
                    f"aws ec2 modify-vpc-endpoint-service-configuration --service-id {service} --acceptance-required",
                )
            elif each.acceptance_required is None:
                yield unknown(name, f"{service}: EC2 does not say whether it requires acceptance", "look at it in EC2")
            if service not in states:
                yield warning(
                    name,
                    f"{service} does not notify of connections: they wait for the schedule",
                    f"{command('sweep')} makes the notification, or says why it can't",
                )
            elif not states[service]:
                yield warning(
                    name,
                    f"{service}'s notification is disabled: connections wait for the schedule",
                    "delete the notification; the next sweep makes it anew",
                )

    count = f"{len(managed)} managed" if managed else "none is tagged drawbridge:managed = true, or listed"
    return all_ok(name, count, otherwise())


def check_slack(findings: Iterable[Finding] | None) -> list[Check]:
    """Check what ``drawbridge slack check`` looks at; ``None`` where no channel is configured."""
    name = "slack"
    if findings is None:
        return [ok(name, "no channel is configured: nobody is asked, and what would be is held")]
    found = [*findings]

    def otherwise() -> Iterator[Check]:
        for each in found:
            if each.unknown:
                yield unknown(name, f"{each.what}: {each.text}", "let the caller make that call")
            elif not each.good:
                yield problem(name, f"{each.what}: {each.text}", f"see docs/slack.md; {command('slack', 'check')}")

    return all_ok(name, ", ".join(f"{each.what}: {each.text}" for each in found), otherwise())
