"""Simulating: what other policies would make of the requests that the ledger keeps."""

from datetime import timedelta

import msgspec

from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.decide_again import MOST_CONTENTS
from drawbridge.decision.decision_record import AssociationDecisionRecord
from drawbridge.decision.facts import EvaluationTime
from drawbridge.status import Status
from drawbridge_cli.simulation import simulate
from tests.builders import (
    CONSUMER,
    NOW,
    RESOURCE_ARN,
    SERVICE_ID,
    STRANGER,
    connection_facts,
    content,
    requester,
    resource_facts,
    share_facts,
)
from tests.cli.made import DEFAULTS, FORBID, PERMIT, PERMIT_PROVIDER, entry, policies, recorded_decision

DEFAULT = policies(DEFAULTS)
ASKED = entry(connection_facts())
"""By default an approver is asked."""
LET_IN = entry(
    connection_facts(requester(STRANGER, services=frozenset({SERVICE_ID})), endpoint_id="vpce-0" * 2), Status.AVAILABLE
)


def with_(**more: str) -> PolicySet:
    return policies(DEFAULTS | {name.replace("_", "-"): text for name, text in more.items()})


def test_the_same_policies_change_nothing() -> None:
    simulation = simulate([ASKED, LET_IN], DEFAULT, DEFAULT, None)

    assert simulation.changes == ()
    assert simulation.replayed == 2
    assert simulation.totals == {"accept": (1, 1), "askApprover": (1, 1)}
    assert simulation.not_replayed == ()


def test_what_would_come_out_otherwise_is_shown_with_both_reasons() -> None:
    simulation = simulate([ASKED, LET_IN], DEFAULT, with_(let_in=PERMIT), None)

    (change,) = simulation.changes
    assert (change.request_id, change.account_id, change.subject) == (ASKED.request_id, CONSUMER, ASKED.subject)
    assert (change.status, change.now, change.then) == (Status.HELD, "askApprover", "accept")
    assert [reason.source for reason in change.why_now] == ["ask-for-the-rest"]
    assert [reason.source for reason in change.why_then] == ["let-in"]
    assert simulation.totals == {"accept": (1, 2), "askApprover": (1, 0)}


def test_what_is_connected_is_shown_as_such() -> None:
    forbid = FORBID.replace(CONSUMER, STRANGER)

    (change,) = simulate([ASKED, LET_IN], DEFAULT, with_(block=forbid), None).changes

    assert (change.status, change.now, change.then) == (Status.AVAILABLE, "accept", "hold")
    assert [reason.code for reason in change.why_then] == ["forbidden", "policy", "facts-unavailable"]
    assert change.why_then[1].source == "block"


def test_nothing_to_decide_again_comes_to_nothing() -> None:
    simulation = simulate([], DEFAULT, with_(let_in=PERMIT), None)

    assert (simulation.replayed, simulation.totals, simulation.changes) == (0, {}, ())


def test_changes_are_listed_in_the_order_of_their_ids_whatever_the_ledgers() -> None:
    entries = [entry(connection_facts(endpoint_id=f"vpce-0000000{number}")) for number in (3, 1, 2)]

    changes = simulate(entries, DEFAULT, with_(let_in=PERMIT), None).changes

    assert [change.subject[-1] for change in changes] == ["1", "2", "3"]


def test_only_what_was_decided_since_then_is_decided_again() -> None:
    hours = [
        entry(
            connection_facts(endpoint_id=f"vpce-0000000{number}"),
            decision_record=recorded_decision(
                connection_facts(), evaluation_time=EvaluationTime(NOW - timedelta(hours=number))
            ),
        )
        for number in range(4)
    ]

    since = simulate(hours, DEFAULT, DEFAULT, NOW - timedelta(hours=2))
    ever = simulate(hours, DEFAULT, DEFAULT, None)

    assert (since.replayed, ever.replayed) == (3, 4)
    assert since.not_replayed == ()


def test_a_request_is_decided_as_of_when_it_was_decided() -> None:
    nights = PERMIT.replace(";", " when { context.local.hour >= 22 };")
    evening = EvaluationTime(NOW.replace(hour=21), "Europe/Berlin")
    entries = [
        ASKED,
        entry(
            connection_facts(endpoint_id="vpce-00000001"),
            decision_record=recorded_decision(connection_facts(), evaluation_time=evening),
        ),
    ]

    changes = simulate(entries, DEFAULT, with_(nights=nights), None).changes

    assert [change.subject for change in changes] == ["vpce-00000001"]


def test_what_the_ledger_keeps_no_facts_of_is_reported_and_not_decided() -> None:
    undecided = entry(connection_facts(), Status.PENDING, decision_record=None)

    simulation = simulate([undecided, LET_IN], DEFAULT, with_(let_in=PERMIT), None)

    assert simulation.not_replayed == (undecided.request_id,)
    assert simulation.replayed == 1
    assert simulation.changes == ()


def test_what_the_ledger_keeps_no_facts_of_is_reported_only_if_it_is_of_that_time() -> None:
    undecided = entry(connection_facts(), Status.PENDING, decision_record=None)

    def not_replayed(seconds: int) -> tuple[str, ...]:
        return simulate([undecided], DEFAULT, DEFAULT, NOW + timedelta(seconds=seconds)).not_replayed

    assert (not_replayed(0), not_replayed(1)) == ((undecided.request_id,), ())


def test_resources_that_bindings_match_are_decided_too() -> None:
    desired = (resource_facts(), resource_facts(arn=f"{RESOURCE_ARN}2", port_ranges=("22",)))
    share = entry(
        share_facts(),
        Status.AVAILABLE,
        association_decision_record=AssociationDecisionRecord(at=NOW, zone="UTC", resources=desired),
    )
    only_postgresql = (
        'forbid(principal, action == Action::"associate", resource) unless { resource.portRanges == ["5432"] };'
    )

    simulation = simulate([share], DEFAULT, with_(only_postgresql=only_postgresql), None)

    (change,) = simulation.changes
    assert (change.subject, change.request_id, change.now, change.then) == (
        f"{RESOURCE_ARN}2",
        share.request_id,
        "associate",
        "refuse",
    )
    assert simulation.replayed == 3
    assert simulation.totals == {"askApprover": (1, 1), "associate": (2, 1), "refuse": (0, 1)}


def test_a_resource_is_decided_as_of_when_it_was_planned() -> None:
    evening = AssociationDecisionRecord(at=NOW.replace(hour=21), zone="Europe/Berlin", resources=(resource_facts(),))
    share = entry(share_facts(), Status.AVAILABLE, association_decision_record=evening)
    nights = 'forbid(principal, action == Action::"associate", resource) when { context.local.hour == 22 };'

    changes = simulate([share], DEFAULT, with_(nights=nights), None).changes

    assert [(change.subject, change.then) for change in changes] == [(RESOURCE_ARN, "refuse")]


def test_a_share_whose_contents_were_too_many_to_keep_counts_them_against_it() -> None:
    many = tuple(content(f"{RESOURCE_ARN}{number}") for number in range(MOST_CONTENTS + 1))
    lattice = PERMIT_PROVIDER.replace(";", " when { context has onlyLattice && context.onlyLattice };")

    few, too_many = (
        simulate([entry(share_facts(contents=contents))], DEFAULT, with_(lattice=lattice), None).changes
        for contents in (many[1:], many)
    )

    assert [change.then for change in few] == ["accept"]
    assert too_many == ()


def test_programs_read_it_in_camel_case() -> None:
    simulation = simulate([ASKED], DEFAULT, with_(let_in=PERMIT), None)

    written = msgspec.to_builtins(simulation)

    assert set(written) == {"replayed", "totals", "changes", "notReplayed", "shares"}
    assert set(written["changes"][0]) == {
        *("requestId", "accountId", "subject", "status", "now", "then", "whyNow", "whyThen"),
    }


def test_another_delay_is_shown_as_another_outcome() -> None:
    now, then = (policies({"let-in": f"{delay} {PERMIT}"}) for delay in ("", '@delay("15m")'))

    simulation = simulate([ASKED], now, then, None)

    assert [(each.now, each.then) for each in simulation.changes] == [("accept", "accept after 15m")]
    assert simulation.totals == {"accept": (1, 0), "accept after 15m": (0, 1)}
