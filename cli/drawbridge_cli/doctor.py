"""``drawbridge doctor``: checking a deployment whole, with what to do about whatever is wrong."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import typer
from botocore.exceptions import ClientError
from msgspec import Struct

from drawbridge.association.quotas import DEFAULTS, quotas_in_force
from drawbridge.aws.errors import translated
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.errors import ConflictError, DrawbridgeError
from drawbridge.intake.offering.quotas import Limits, usages_of
from drawbridge.pacing.defaults import budgets_in_force
from drawbridge_cli import account_checks, deployment_checks, operation_checks
from drawbridge_cli.account_checks import LATTICE_ROLE, OrganizationAnswer
from drawbridge_cli.checks import Ask, Check, CheckResult, asked_side_by_side, not_asked, unknown
from drawbridge_cli.command_lines import told_with
from drawbridge_cli.deployment import Deployment
from drawbridge_cli.options import Json
from drawbridge_cli.regions import AllRegions, StacksByRegion, all_regions
from drawbridge_cli.screen import Show, accounting, complain, say, show_json
from drawbridge_cli.slack import findings_of
from drawbridge_cli.stack import Stack
from drawbridge_cli.version import own_version


class Examined(Struct, frozen=True):
    """What a Region's stack was found to be."""

    stack: str
    region: str
    checks: tuple[Check, ...]


def doctor(
    context: typer.Context,
    in_all_regions: AllRegions = False,
    as_json: Json = False,
) -> None:
    """Check the deployment whole, and say what to do about what is wrong. Changes nothing.

    What the caller may not ask is unknown, with the permission that lacks. Exit code 1: there is a problem, or
    something is unknown.
    """
    stack: Stack = context.obj
    with accounting(lambda: "") as show:
        if in_all_regions:
            found = all_regions(stack, show)
        else:
            _find(stack)
            found = StacksByRegion((stack,), (), ())
        examined = [_examined(each, show) for each in found.stacks]
    for region, error in found.not_asked:
        examined.append(Examined(stack.name, region, (not_asked("stack", error),)))
    if as_json:
        show_json({"regions": examined, "without_stack": found.without, "result": _worst(examined)})
    else:
        _show(stack, examined, found.without)
    if _worst(examined) in {CheckResult.PROBLEM, CheckResult.UNKNOWN}:
        raise typer.Exit(1)


def _examined(stack: Stack, show: Show) -> Examined:
    with told_with(stack.options):
        return Examined(stack.name, stack.region, tuple(asked_side_by_side(asks_of(stack), show)))


def _find(stack: Stack) -> None:
    """Find the stack; if that fails and this machine's clock is wrong, say so: AWS refuses everything then."""
    try:
        stack.find_itself()
    except DrawbridgeError:
        with suppress(DrawbridgeError):
            clock = _clock(stack)
            if clock.result is not CheckResult.OK:
                complain(f"{clock.name}: {clock.found}; to do: {clock.what_to_do}")
        raise


def asks_of(stack: Stack) -> Mapping[str, Ask]:
    """Return what is asked of AWS, and checked, for a stack; in the order in which it is shown."""
    deployment = Deployment(stack)
    with suppress(DrawbridgeError):
        # Once, and not by each of those that go on side by side.
        _ = stack.resources
    return {
        "stack": lambda: [deployment_checks.check_stack(stack.status)],
        "version": lambda: [deployment_checks.check_version(stack.version, own_version())],
        "clock": lambda: [_clock(stack)],
        "roles": lambda: deployment_checks.check_roles(deployment.missing_roles()),
        "functions": lambda: deployment_checks.check_functions(deployment.functions()),
        "tables": lambda: deployment_checks.check_tables(deployment.table_statuses()),
        "workflows": lambda: deployment_checks.check_workflows(deployment.workflow_statuses()),
        "hints-mapping": lambda: deployment_checks.check_mapping(deployment.mapping_states()),
        "rules": lambda: deployment_checks.check_rules(deployment.rule_states()),
        "schedules": lambda: deployment_checks.check_schedules(deployment.schedule_states()),
        "bus": lambda: deployment_checks.check_bus(deployment.missing_buses()),
        "notifications": lambda: [_topic(stack, deployment)],
        "sweeps": lambda: _sweeps(stack),
        "dead-letters": lambda: operation_checks.check_dead_letters(deployment.dead_letters()),
        "alarms": lambda: _alarms(deployment),
        "configuration": lambda: _configuration(stack),
        "consumers": lambda: operation_checks.check_consumers(stack.consumers.all()),
        "ledger": lambda: _ledger(stack),
        "managed-services": lambda: account_checks.check_services(stack.services, deployment.notifications()),
        "service-linked-role": lambda: [
            account_checks.check_service_linked_role(is_there=deployment.has_role(LATTICE_ROLE))
        ],
        "organization": lambda: _organization(stack),
        "slack": lambda: account_checks.check_slack(findings_of(stack) if stack.slack_channel else None),
        "quotas": lambda: _quotas(stack, deployment),
        "budgets": lambda: _budgets(stack),
        "offer-quotas": lambda: _offer_quotas(stack),
    }


def now() -> datetime:
    return datetime.now(UTC)


def _clock(stack: Stack) -> Check:
    """Compare the clocks by the date of an answer; a refusal has one, too."""
    sts = stack.client("sts")
    before = now()
    with translated("ask AWS for the time"):
        try:
            answer: Any = sts.get_caller_identity()
        except ClientError as refusal:
            answer = refusal.response
    own = before + (now() - before) / 2
    date = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date", "")
    try:
        aws = parsedate_to_datetime(date)
    except ValueError:
        return unknown("clock", "AWS's answer has no date", "check again in a moment")
    # It has no fractions of seconds.
    return operation_checks.check_clock(aws + timedelta(seconds=0.5), own)


def _topic(stack: Stack, deployment: Deployment) -> Check:
    relay = stack.resource("RelayNotificationFunction")
    return deployment_checks.check_topic(deployment.subscribed(stack.resource("ConnectionNotifications")), relay)


def _sweeps(stack: Stack) -> list[Check]:
    return operation_checks.check_sweeps(stack.scheduled_sweeps(), stack.sweep_records.last_for_orphans(), now())


def _alarms(deployment: Deployment) -> list[Check]:
    alarms = deployment.alarms()
    actions = {action for alarm in alarms.values() if alarm is not None for action in alarm.actions}
    subscribers: dict[str, list[str] | None] = {}
    failed: list[Check] = []
    for topic in sorted(each for each in actions if each.split(":")[2:3] == ["sns"]):
        try:
            subscribers[topic] = deployment.subscribed(topic)
        except DrawbridgeError as error:
            failed.append(not_asked("alarms", error))
    return [*operation_checks.check_alarms(alarms, subscribers), *failed]


def _configuration(stack: Stack) -> list[Check]:
    policies, bindings = stack.policies_in_force(), stack.bindings_in_force()
    quotas, budgets = quotas_in_force(stack.configuration), budgets_in_force(stack.configuration)
    broken = [
        *(("policy", each) for each in policies.broken),
        *(("binding", each) for each in bindings.broken),
        *(("quota", each) for each in quotas.broken),
        *(("budget", each) for each in budgets.broken),
    ]
    number = len(policies.things) + len(bindings.things) + len(quotas.things) + len(budgets.things)
    return operation_checks.check_configuration(broken, number=number)


def _ledger(stack: Stack) -> list[Check]:
    broken: list[str] = []
    ledger: LedgerTable = stack.ledger_telling(broken.append)
    followed = ledger.followed()
    return operation_checks.check_ledger(broken, followed=len(followed))


def _quotas(stack: Stack, deployment: Deployment) -> list[Check]:
    quotas = {**DEFAULTS, **dict(quotas_in_force(stack.configuration).things)}
    return operation_checks.check_quotas(deployment.endpoints_by_vpc(), quotas)


def _budgets(stack: Stack) -> list[Check]:
    written = dict(budgets_in_force(stack.configuration).things)
    return operation_checks.check_budgets(written, stack.budget_states(), now())


def _offer_quotas(stack: Stack) -> list[Check]:
    """Compare what is offered with what AWS allows; what the registry calls for, the last sweep has noted."""
    from drawbridge.aws.endpoint_services import EndpointServices  # noqa: PLC0415 - imported by what asks
    from drawbridge.aws.quota_counts import QuotaCounts  # noqa: PLC0415
    from drawbridge.aws.service_permissions import ServicePermissionsOfEc2  # noqa: PLC0415
    from drawbridge.aws.service_quotas import ServiceQuotas  # noqa: PLC0415

    last = stack.scheduled_sweeps().last
    ec2 = stack.client("ec2")
    counts = QuotaCounts(stack.client("ram"), stack.client("vpc-lattice"), account_id=stack.account_id).counts()
    limits = Limits(ServiceQuotas(stack.client("service-quotas")))
    permissions = ServicePermissionsOfEc2(ec2, owner=stack.prefix)
    connections = Counter(each.service_id for each in EndpointServices(ec2).connections()) if stack.services else {}
    services = {
        each.service_id: (len(permissions.allowed(each.service_id)), connections.get(each.service_id, 0))
        for each in stack.services
    }
    usages = usages_of(counts, limits, last.quotas if last else ())
    return [
        *operation_checks.check_offer_quotas(usages, services),
        *(not_asked("offer-quotas", error) for error in limits.not_known),
    ]


def _organization(stack: Stack) -> list[Check]:
    answer = _ask_organizations(stack)
    return [*account_checks.check_organization(answer), *account_checks.check_organization_sharing(answer)]


def _ask_organizations(stack: Stack) -> OrganizationAnswer:
    client = stack.client("organizations")
    role = stack.parameters.get("OrganizationsRoleName", "")
    try:
        with translated("ask for our organization"):
            organization = client.describe_organization()["Organization"]
    except ConflictError:
        return OrganizationAnswer(organization_id="", role=role)
    refused: Check | None = None
    if role:
        account = stack.parameters.get("OrganizationsAccountId", "") or organization["MasterAccountId"]
        try:
            from drawbridge.bootstrap.clients import organizations_through  # noqa: PLC0415 - it imports boto3

            with translated(f"become {role} of {account}"):
                client = organizations_through(role, account, sts=stack.client("sts"))
            with translated(f"ask Organizations about {stack.account_id}, as {role}"):
                client.describe_account(AccountId=stack.account_id)
        except DrawbridgeError as error:
            to_do = "what the functions may is not known from here: see whether the role is there and trusts them"
            refused = unknown("organization", str(error), to_do)
    services: frozenset[str] | None = None
    with suppress(DrawbridgeError), translated("ask whom the organization trusts"):
        pages = client.get_paginator("list_aws_service_access_for_organization").paginate()
        services = frozenset(each["ServicePrincipal"] for page in pages for each in page["EnabledServicePrincipals"])
    return OrganizationAnswer(organization_id=organization["Id"], role=role, services=services, not_asked=refused)


_RANKED = (CheckResult.PROBLEM, CheckResult.UNKNOWN, CheckResult.WARNING, CheckResult.OK)
_SHOWN = {
    CheckResult.OK: ("ok", "good"),
    CheckResult.WARNING: ("warning", "doubtful"),
    CheckResult.PROBLEM: ("PROBLEM", "bad"),
    CheckResult.UNKNOWN: ("unknown", "doubtful"),
}


def _worst(examined: Iterable[Examined]) -> CheckResult:
    there = {check.result for each in examined for check in each.checks}
    return next((result for result in _RANKED if result in there), CheckResult.OK)


def _show(stack: Stack, examined: Iterable[Examined], without: Iterable[str]) -> None:
    for each in examined:
        say(f"{each.stack} in {each.region}", "title")
        for check in each.checks:
            _show_check(check)
        counts = {result: sum(check.result is result for check in each.checks) for result in _RANKED}
        say("; ".join(f"{result}: {count}" for result, count in counts.items() if count))
    if missing := list(without):
        say(f"no stack {stack.name} in {', '.join(missing)}", "aside")


def _show_check(check: Check) -> None:
    word, mark = _SHOWN[check.result]
    say(f"{word:<8} {check.name}: {check.found}", mark)
    if check.what_to_do:
        say(f"         to do: {check.what_to_do}")
