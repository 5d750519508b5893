"""The checks of ``drawbridge doctor``: for each thing that can be wrong, what is found, how bad it is, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from drawbridge.association.quotas import DEFAULTS
from drawbridge.configuration import Broken
from drawbridge.decision.facts import Consumer
from drawbridge.decision.registration import Registration
from drawbridge.discovery.sweep_record import Mentioned, SweepRecord
from drawbridge.errors import AccessDeniedError, InvalidInputError, ThrottledError
from drawbridge.intake.offering.quotas import PRINCIPALS_OF_SHARE, Limits
from drawbridge.pacing.budget import BudgetState, Rate
from drawbridge.request.connections import ManagedService
from drawbridge.schedule import interval_of
from drawbridge_cli.account_checks import (
    OrganizationAnswer,
    check_organization,
    check_organization_sharing,
    check_service_linked_role,
    check_services,
    check_slack,
)
from drawbridge_cli.checks import Check, CheckResult, asked_side_by_side, ok, unknown
from drawbridge_cli.dead_letters import DeadLetterSource
from drawbridge_cli.deployment import DeployedFunction, ListedAlarm, ListedNotification
from drawbridge_cli.deployment_checks import (
    check_bus,
    check_functions,
    check_mapping,
    check_roles,
    check_rules,
    check_schedules,
    check_stack,
    check_tables,
    check_topic,
    check_version,
    check_workflows,
)
from drawbridge_cli.operation_checks import (
    check_alarms,
    check_budgets,
    check_clock,
    check_configuration,
    check_consumers,
    check_dead_letters,
    check_ledger,
    check_offer_quotas,
    check_quotas,
    check_sweeps,
)
from drawbridge_cli.scheduled_sweeps import ScheduledSweeps
from drawbridge_cli.slack import Finding
from tests.builders import SHARE_ARN
from tests.fakes.offers import StatedQuotas

OK, WARNING, PROBLEM, UNKNOWN = CheckResult.OK, CheckResult.WARNING, CheckResult.PROBLEM, CheckResult.UNKNOWN
REMADE = "detect the stack's drift in CloudFormation, and have it made again as the template says"
LATER = "events come to nothing, and only the schedule finds what they told; "
NOW = datetime(2026, 11, 21, 13, tzinfo=UTC)
SERVICE = "vpce-svc-0123456789abcdef0"


def brief(checks: Iterable[Check]) -> list[tuple[CheckResult, str]]:
    return [(each.result, each.found) for each in checks]


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("CREATE_COMPLETE", OK),
        ("UPDATE_COMPLETE", OK),
        ("IMPORT_COMPLETE", OK),
        ("UPDATE_ROLLBACK_COMPLETE", WARNING),
        ("UPDATE_IN_PROGRESS", WARNING),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", WARNING),
        ("DELETE_IN_PROGRESS", PROBLEM),
        ("ROLLBACK_COMPLETE", PROBLEM),
        ("UPDATE_ROLLBACK_FAILED", PROBLEM),
        ("", UNKNOWN),
    ],
)
def test_the_stack_is_as_cloudformation_says(status: str, result: CheckResult) -> None:
    check = check_stack(status)

    assert (check.name, check.result) == ("stack", result)
    assert check.found.startswith(status)
    assert bool(check.what_to_do) == (result is not OK)


def test_two_versions_are_told_apart() -> None:
    assert check_version("1.2.0", "1.2.0") == ok("version", "1.2.0")
    assert check_version("1.2.0", "1.3.0") == Check(
        "version",
        WARNING,
        "stack 1.2.0, command line 1.3.0: what they keep and read may differ",
        "deploy version 1.3.0, or use the command line of version 1.2.0",
    )
    assert check_version("", "1.3.0").result is WARNING
    assert check_version("1.2.0", "").result is UNKNOWN


def test_a_role_that_is_gone_is_named() -> None:
    assert check_roles([]) == [ok("roles", "all are there")]
    assert check_roles(["LookRole"]) == [
        Check("roles", PROBLEM, "LookRole is gone: what works in it can do nothing", REMADE)
    ]


ACTIVE = DeployedFunction("d-sweep", "Active", last_update="Successful")


@pytest.mark.parametrize(
    ("function", "result", "found"),
    [
        (ACTIVE, OK, "all 1 are active"),
        (replace(ACTIVE, state="Inactive"), OK, "all 1 are active"),
        (None, PROBLEM, "Sweep is gone"),
        (replace(ACTIVE, is_stopped=True), PROBLEM, "d-sweep is stopped: its reserved concurrency is 0"),
        (replace(ACTIVE, state="Failed", reason="no key"), PROBLEM, "d-sweep failed: no key"),
        (replace(ACTIVE, last_update="Failed"), PROBLEM, "d-sweep failed: AWS does not say why"),
        (replace(ACTIVE, state="Pending"), WARNING, "d-sweep is being made ready"),
        (replace(ACTIVE, last_update="InProgress"), WARNING, "d-sweep is being made ready"),
        (replace(ACTIVE, state=""), UNKNOWN, "d-sweep: Lambda tells the state (none)"),
    ],
)
def test_a_function_that_can_t_be_invoked_is_named(
    function: DeployedFunction | None, result: CheckResult, found: str
) -> None:
    assert brief(check_functions({"Sweep": function})) == [(result, found)]


def test_each_function_in_trouble_is_named_and_no_other() -> None:
    checks = check_functions({"B": None, "A": replace(ACTIVE, is_stopped=True), "C": ACTIVE})

    assert [each.found.split()[0] for each in checks] == ["d-sweep", "B"]
    assert checks[0].what_to_do == "aws lambda delete-function-concurrency --function-name d-sweep"


@pytest.mark.parametrize(
    ("check", "good", "passing"),
    [
        (check_tables, "ACTIVE", "UPDATING"),
        (check_workflows, "ACTIVE", None),
        (check_mapping, "Enabled", "Enabling"),
    ],
)
def test_what_is_gone_or_not_in_its_state_is_named(check: object, good: str, passing: str | None) -> None:
    assert callable(check)

    assert brief(check({"A": good, "B": good})) == [(OK, f"A, B: {good}")]
    assert brief(check({"A": good, "B": None})) == [(PROBLEM, "B is gone")]
    assert brief(check({"A": "Disabled", "B": good})) == [(PROBLEM, "A is Disabled")]
    if passing:
        assert brief(check({"A": passing})) == [(WARNING, f"A is {passing}")]


def test_without_a_rule_the_schedule_still_finds_everything() -> None:
    assert brief(check_rules({"A": "ENABLED", "B": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"})) == [
        (OK, "all 2 are enabled")
    ]
    assert check_rules({"A": "DISABLED", "B": None}) == [
        Check("rules", WARNING, "A is disabled", LATER + "enable it"),
        Check("rules", WARNING, "B is gone", LATER + REMADE),
    ]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({"Look": "ENABLED", "OrphansSchedule": "ENABLED"}, [(OK, "Look, OrphansSchedule: ENABLED")]),
        ({"Look": "DISABLED"}, [(PROBLEM, "Look is DISABLED: what no event tells is never found")]),
        ({"Look": None}, [(PROBLEM, "Look is gone: what no event tells is never found")]),
        ({"OrphansSchedule": None}, [(WARNING, "OrphansSchedule is gone: nobody looks for orphans")]),
    ],
)
def test_without_the_schedule_nothing_is_sure(
    states: dict[str, str | None], expected: list[tuple[CheckResult, str]]
) -> None:
    assert brief(check_schedules(states)) == expected


def test_without_the_bus_nothing_is_announced() -> None:
    assert brief(check_bus([])) == [(OK, "it is there")]
    assert brief(check_bus(["Bus"])) == [(PROBLEM, "Bus is gone: no change of status can be announced")]


@pytest.mark.parametrize(
    ("subscribed", "result"),
    [
        (["arn:aws:lambda:us-east-1:111111111111:function:d-relay"], OK),
        (["arn:aws:lambda:us-east-1:111111111111:function:another-d-relay", "a@example.com"], WARNING),
        ([], WARNING),
        (None, PROBLEM),
    ],
)
def test_the_topic_has_to_lead_to_the_function_that_relays(subscribed: list[str] | None, result: CheckResult) -> None:
    assert check_topic(subscribed, "d-relay").result is result


SWEPT = SweepRecord(
    began_at=NOW - timedelta(minutes=4), ended_at=NOW - timedelta(minutes=3), scheduled=True, observed=5
)
FOR_ORPHANS = replace(SWEPT, ended_at=NOW - timedelta(hours=5), orphans=True)
LONG_AGO = NOW - timedelta(days=30)


def sweeps(
    scheduled: SweepRecord | None = SWEPT,
    for_orphans: SweepRecord | None = FOR_ORPHANS,
    *,
    since: datetime = LONG_AGO,
) -> list[tuple[CheckResult, str]]:
    known = ScheduledSweeps(last=scheduled, every=timedelta(minutes=5), since=since)
    return brief(check_sweeps(known, for_orphans, NOW))


def ended(minutes: float) -> SweepRecord:
    return replace(SWEPT, ended_at=NOW - timedelta(minutes=minutes))


def test_a_sweep_by_schedule_a_moment_ago_is_as_it_should_be() -> None:
    assert sweeps() == [(OK, "the last by schedule ended 3 min ago")]
    assert sweeps(ended(0.2)) == [(OK, "the last by schedule ended less than a minute ago")]
    assert sweeps(ended(20)) == [(OK, "the last by schedule ended 20 min ago")]


def test_a_schedule_that_sweeps_no_more_is_a_problem() -> None:
    assert sweeps(ended(20.1)) == [(PROBLEM, "the last by schedule ended 20 min ago")]
    assert sweeps(ended(300)) == [(PROBLEM, "the last by schedule ended 5 h ago")]


def test_a_stack_that_never_swept_is_a_problem_unless_it_is_new() -> None:
    never = "the schedule has not had one sweep made yet"
    assert sweeps(None, since=NOW - timedelta(minutes=20)) == [(WARNING, never)]
    assert sweeps(None, since=NOW - timedelta(minutes=20.1)) == [(PROBLEM, never)]


def test_a_sweep_that_could_not_observe_everything_is_a_problem_with_its_reason() -> None:
    failed = replace(SWEPT, failures=Mentioned(2, ("list shares: \x1b[2Jno", "list services: no")))

    assert sweeps(failed) == [
        (
            PROBLEM,
            "the last by schedule, 3 min ago, could not observe or reconcile all: list shares: ⟨U+001B⟩[2Jno",
        )
    ]


def test_orphans_that_nobody_looks_for_are_said() -> None:
    late = replace(FOR_ORPHANS, ended_at=NOW - timedelta(hours=13))

    assert sweeps(SWEPT, late)[1:] == [(WARNING, "orphans were looked for last 13 h ago")]
    assert sweeps(SWEPT, None)[1:] == [(WARNING, "orphans were looked for never")]
    assert sweeps(SWEPT, None, since=NOW - timedelta(hours=12))[1:] == []


@pytest.mark.parametrize(
    ("rate", "every"),
    [
        ("rate(1 minute)", timedelta(minutes=1)),
        ("rate(15 minutes)", timedelta(minutes=15)),
        ("rate(2 hours)", timedelta(hours=2)),
        ("rate(1 day)", None),
        ("", None),
    ],
)
def test_how_often_it_sweeps_is_read_from_the_rate(rate: str, every: timedelta | None) -> None:
    assert interval_of(rate) == every


def test_dead_letters_are_counted() -> None:
    assert brief(check_dead_letters(dict.fromkeys(DeadLetterSource, 0))) == [(OK, "none")]
    assert check_dead_letters({DeadLetterSource.HINTS: 0, DeadLetterSource.EVENTS: 3}) == [
        Check(
            "dead-letters",
            PROBLEM,
            "about 3 in EventsDeadLetterQueue",
            "drawbridge redrive says why, and sends them again",
        )
    ]


TOPIC = "arn:aws:sns:us-east-1:111111111111:pager"
QUIET = ListedAlarm(
    name="d-A", logical_id="A", state="OK", description="Hints are lost.", reason="1 > 0", actions=(TOPIC,)
)


def test_alarms_that_are_quiet_and_tell_somebody_are_as_they_should_be() -> None:
    insufficient = replace(QUIET, state="INSUFFICIENT_DATA")

    assert brief(check_alarms({"A": QUIET, "B": insufficient}, {TOPIC: ["a@example.com"]})) == [
        (OK, "none of 2 is in alarm, and each tells somebody")
    ]


def test_an_alarm_says_what_it_is_about() -> None:
    (check,) = check_alarms({"A": replace(QUIET, state="ALARM")}, {TOPIC: ["a"]})

    assert check == Check("alarms", PROBLEM, "A is in alarm: 1 > 0", "Hints are lost.")


def test_alarms_that_tell_nobody_are_said_and_those_that_wake_nobody_are_named() -> None:
    silent = replace(QUIET, actions=())

    assert brief(check_alarms({"A": silent, "B": QUIET}, {TOPIC: ["a"]})) == [
        (OK, "none of 2 is in alarm, and all tell somebody but A")
    ]
    assert brief(check_alarms({"A": silent, "B": silent}, {})) == [
        (WARNING, "none has any action: no topic is told of them")
    ]


def test_an_alarm_that_is_gone_is_named() -> None:
    assert brief(check_alarms({"A": QUIET, "C": None}, {TOPIC: ["a"]})) == [(WARNING, "C is gone")]


def test_a_topic_that_nobody_reads_or_that_is_gone_is_said() -> None:
    assert brief(check_alarms({"A": QUIET}, {TOPIC: []})) == [(WARNING, f"nobody is subscribed to their topic {TOPIC}")]
    assert brief(check_alarms({"A": QUIET}, {TOPIC: None})) == [(PROBLEM, f"their topic {TOPIC} is gone")]


def test_what_is_configured_and_broken_is_named_with_what_stays_in_force() -> None:
    broken = [("policy", Broken("let-in", "line 1: \x1bno", 3)), ("binding", Broken("orders", "no vpc", None))]

    assert brief(check_configuration([], number=4)) == [(OK, "4 policies, bindings, quotas and budgets are in force")]
    assert brief(check_configuration(broken, number=4)) == [
        (PROBLEM, "policy let-in: line 1: ⟨U+001B⟩no; version 3 stays in force"),
        (PROBLEM, "binding orders: no vpc; no version of it is in force"),
    ]


def test_entries_of_the_registry_that_can_t_be_read_are_named() -> None:
    good = Registration(account_id="111111111111", consumer=Consumer())
    odd = Registration(account_id="222222222222", consumer=Consumer(unreadable=("services", "since")))
    nobody = Registration(account_id="22222", consumer=Consumer())

    assert brief(check_consumers([good])) == [(OK, "1 are registered")]
    assert check_consumers(iter([good, odd]))[0] == Check(
        "consumers",
        PROBLEM,
        "the entry of 222222222222 can't be read, and is unknown: services, since",
        "drawbridge consumers add 222222222222 --replace --service SERVICE writes it anew, with all that it may reach",
    )
    ((result, found),) = brief(check_consumers([nobody]))
    assert result is PROBLEM
    assert found.startswith("an entry that is of no account: ")


@pytest.mark.parametrize(
    ("unreadable", "of_entry", "to_do"),
    [
        (("suspended_at",), (), "drawbridge consumers resume 222222222222 ends what counts as a suspension"),
        (("proved_at",), (), "drawbridge consumers challenge 222222222222 has it proved again"),
        (
            ("principals", "proof_required"),
            (),
            (
                "drawbridge consumers add 222222222222 --replace --service SERVICE --principal ARN --require-proof "
                "writes it anew, with all that it may reach"
            ),
        ),
        (
            ("suspended_at",),
            ("changed_at",),
            (
                "drawbridge consumers resume 222222222222 ends what counts as a suspension; drawbridge consumers add "
                "222222222222 --replace --service SERVICE writes it anew, with all that it may reach"
            ),
        ),
    ],
)
def test_each_field_of_an_entry_that_can_t_be_read_is_written_anew_by_what_writes_it(
    unreadable: tuple[str, ...], of_entry: tuple[str, ...], to_do: str
) -> None:
    odd = Registration(account_id="222222222222", consumer=Consumer(unreadable=unreadable), unreadable=of_entry)

    (check,) = check_consumers([odd])

    assert check.what_to_do == to_do


def test_rows_that_can_t_be_read_are_named() -> None:
    assert brief(check_ledger([], followed=3)) == [(OK, "all 3 rows that are followed can be read")]
    assert brief(check_ledger(["the ledger's row 'a' can't be read"], followed=3)) == [
        (PROBLEM, "the ledger's row 'a' can't be read")
    ]


@pytest.mark.parametrize(
    ("count", "result"), [(159, OK), (160, WARNING), (199, WARNING), (200, PROBLEM), (201, PROBLEM)]
)
def test_a_vpc_that_is_nearly_full_is_said_before_it_is(count: int, result: CheckResult) -> None:
    checks = check_quotas({("vpc-1", "Resource"): count, ("vpc-1", "Interface"): 1_000}, DEFAULTS)

    assert [each.result for each in checks] == [result]
    if result is not OK:
        assert checks[0].found == (
            f"vpc-1 has {count} of the 200 Resource endpoints that resource-endpoints-per-vpc allows"
        )
        assert checks[0].what_to_do == (
            "ask for more: aws service-quotas request-service-quota-increase --service-code vpc "
            "--quota-code L-CA6CC422 --desired-value 400; then write the new limit to "
            "config/quotas/resource-endpoints-per-vpc"
        )


def test_a_quota_of_offers_that_is_near_is_said_with_what_to_ask_for() -> None:
    limits = Limits(StatedQuotas())
    near, reached = (limits.usage(PRINCIPALS_OF_SHARE, SHARE_ARN, used) for used in (4_000, 5_000))

    checks = check_offer_quotas([reached, near], {"vpce-svc-1": (1, 2)})

    assert brief(checks) == [(PROBLEM, str(reached)), (WARNING, str(near))]
    assert [each.what_to_do for each in checks] == [reached.to_do, near.to_do]


def test_of_services_it_is_said_how_much_there_is_and_that_aws_publishes_no_quota() -> None:
    services = {f"vpce-svc-{each}": (each, 2 * each) for each in range(1, 6)}
    none = "none of shares and resource configurations is near"

    assert brief(check_offer_quotas([], {})) == [(OK, none)]
    assert brief(check_offer_quotas([], services))[0][1].removeprefix(none).split("; ")[1:] == [
        "AWS publishes none of an endpoint service: vpce-svc-5 allows 5 principals and has 10 connections",
        "vpce-svc-4 allows 4 principals and has 8 connections",
        "vpce-svc-3 allows 3 principals and has 6 connections",
    ]


def test_budgets_are_told_with_whose_word_they_go_by_and_what_is_paused() -> None:
    states = {
        "ssm:PutParameter": BudgetState(paused_until=NOW + timedelta(seconds=9), paused_by="Rate\x07 exceeded"),
        "ec2:CreateVpcEndpoint": BudgetState(paused_until=NOW),
    }

    told, paused = check_budgets({"ssm:PutParameter": Rate(1, 0.5)}, states, NOW)

    assert told.result is OK
    assert "ssm:PutParameter: 1 at once and 0.5 a second, by config/budgets/ssm.PutParameter" in told.found
    assert "ec2:CreateVpcEndpoint: 3 at once and 0.27 a second, by default" in told.found
    assert paused.result is WARNING
    assert paused.found == "ssm:PutParameter is paused until 13:00:09 UTC: Rate⟨U+0007⟩ exceeded"


def test_a_quota_that_aws_raised_counts() -> None:
    quotas = {**DEFAULTS, "service-network-endpoints-per-vpc": 100}

    assert brief(check_quotas({("vpc-1", "ServiceNetwork"): 50}, DEFAULTS))[0][0] is PROBLEM
    assert brief(check_quotas({("vpc-1", "ServiceNetwork"): 50}, quotas))[0][0] is OK


@pytest.mark.parametrize(
    ("seconds", "result", "found"),
    [
        (0, OK, "this machine is 0 s behind AWS"),
        (60, OK, "this machine is 60 s ahead of AWS"),
        (61, WARNING, "this machine is 61 s ahead of AWS"),
        (-300, WARNING, "this machine is 300 s behind AWS"),
        (-301, PROBLEM, "this machine is 301 s behind AWS"),
        (4_000, PROBLEM, "this machine is 4000 s ahead of AWS"),
    ],
)
def test_a_clock_that_is_wrong_is_said(seconds: int, result: CheckResult, found: str) -> None:
    check = check_clock(NOW, NOW + timedelta(seconds=seconds))

    assert (check.result, check.found) == (result, found)


def test_the_service_linked_role_is_made_by_the_first_association() -> None:
    assert check_service_linked_role(is_there=True).found == "AWSServiceRoleForVpcLattice is there"
    assert check_service_linked_role(is_there=False).result is OK


ORGANIZATION = OrganizationAnswer(organization_id="o-1", role="reader", services=frozenset({"ram.amazonaws.com"}))
REFUSED = unknown("organization", "no", "ask")


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (ORGANIZATION, OK),
        (replace(ORGANIZATION, not_asked=REFUSED), UNKNOWN),
        (replace(ORGANIZATION, role=""), WARNING),
        (OrganizationAnswer(organization_id="", role=""), OK),
        (OrganizationAnswer(organization_id="", role="reader"), WARNING),
    ],
)
def test_whether_policies_know_the_organization(answer: OrganizationAnswer, result: CheckResult) -> None:
    assert [each.result for each in check_organization(answer)] == [result]


def test_whether_the_organization_shares_without_invitations_is_never_guessed() -> None:
    assert brief(check_organization_sharing(ORGANIZATION)) == [
        (OK, "RAM shares inside the organization without invitations")
    ]
    assert brief(check_organization_sharing(replace(ORGANIZATION, services=frozenset()))) == [
        (OK, "off: shares of the organization's accounts come with an invitation, as others do")
    ]
    assert check_organization_sharing(replace(ORGANIZATION, services=None)) == [
        unknown(
            "organization-sharing",
            "whether RAM shares inside the organization without invitations is not known",
            "let the caller, or the role, organizations:ListAWSServiceAccessForOrganization",
        )
    ]
    assert check_organization_sharing(OrganizationAnswer(organization_id="", role="")) == []


MANAGED = ManagedService(
    service_id=SERVICE, tags={}, name="n", types=frozenset(), acceptance_required=True, private_dns_name=""
)
NOTIFIED = ListedNotification(SERVICE, is_enabled=True)


@pytest.mark.parametrize(
    ("service", "notifications", "expected"),
    [
        (MANAGED, [NOTIFIED], [(OK, "1 managed")]),
        (MANAGED, [], [(WARNING, f"{SERVICE} does not notify of connections: they wait for the schedule")]),
        (
            MANAGED,
            [ListedNotification("vpce-svc-1", is_enabled=True), replace(NOTIFIED, is_enabled=False)],
            [(WARNING, f"{SERVICE}'s notification is disabled: connections wait for the schedule")],
        ),
        (
            replace(MANAGED, acceptance_required=False),
            [NOTIFIED],
            [(PROBLEM, f"{SERVICE} requires no acceptance: whoever is allowed is connected, and no policy is asked")],
        ),
        (
            replace(MANAGED, acceptance_required=None),
            [NOTIFIED],
            [(UNKNOWN, f"{SERVICE}: EC2 does not say whether it requires acceptance")],
        ),
    ],
)
def test_a_managed_service_asks_us_and_notifies_us(
    service: ManagedService, notifications: list[ListedNotification], expected: list[tuple[CheckResult, str]]
) -> None:
    assert brief(check_services([service], notifications)) == expected


def test_no_managed_service_is_no_fault() -> None:
    assert brief(check_services([], [])) == [(OK, "none is tagged drawbridge:managed = true, or listed")]


def test_what_is_wrong_with_slack_is_a_problem_and_what_may_not_be_asked_is_unknown() -> None:
    good = Finding("channel", good=True, text="C0")

    assert brief(check_slack(None)) == [(OK, "no channel is configured: nobody is asked, and what would be is held")]
    assert brief(check_slack([good])) == [(OK, "channel: C0")]
    assert brief(check_slack([good, Finding("bot token", good=False, text="invalid_auth")])) == [
        (PROBLEM, "bot token: invalid_auth")
    ]
    assert brief(check_slack([good, Finding("secret", good=False, text="denied", unknown=True)])) == [
        (UNKNOWN, "secret: denied")
    ]


def test_one_check_that_can_t_be_made_stops_no_other_and_is_unknown() -> None:
    def raising(error: Exception) -> Iterator[Check]:
        yield ok("before", "it is lost with the rest")
        raise error

    words = "User: me is not authorized to perform: iam:GetRole on resource: x"
    checks = asked_side_by_side(
        {
            "first": lambda: [ok("first", "good")],
            "denied": lambda: raising(AccessDeniedError(f"ask: AccessDenied: {words}")),
            "unnamed": lambda: raising(AccessDeniedError("ask: AuthFailure")),
            "throttled": lambda: raising(ThrottledError("ask: slowly")),
            "invalid": lambda: raising(InvalidInputError("row: mend it")),
            "fault": lambda: raising(KeyError("State")),
            "last": lambda: [ok("last", "good")],
        }
    )

    assert checks == [
        ok("first", "good"),
        unknown("denied", f"ask: AccessDenied: {words}", "let the caller iam:GetRole"),
        unknown("unnamed", "ask: AuthFailure", "let the caller make that call"),
        unknown("throttled", "ask: slowly", "check again in a moment"),
        unknown("invalid", "row: mend it", "mend that; then check again"),
        unknown("fault", "KeyError: 'State'", "this is a fault of the check: report it"),
        ok("last", "good"),
    ]
