"""``drawbridge status``: what needs somebody in the ledger of a stack."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.aws.sweep_record_items import SweepRecordItems
from drawbridge.discovery.sweep_record import Mentioned, SweepRecord
from drawbridge.intake.offering.quotas import ACCOUNT, INVITATIONS, PRINCIPALS_OF_SHARE, Limits
from drawbridge.status import Reason, Status
from local_aws.testing.faults import CallFault, faults
from local_aws.testing.record import record
from tests.builders import CONSUMER, PROVIDER, SERVICE_ID, SHARE, SHARE_ARN
from tests.cli.connected import ATTACHMENT, LET_IN, connection, enter, enter_connected, ledger_of
from tests.cli.operators import Drawbridge, Operator, denied
from tests.fakes.offers import StatedQuotas

HELD, CONNECTED, GONE = connection(1), connection(2), connection(3)
NO_VPC = Reason("no-vpc", "orders-db: no VPC fits", source="orders")
NOT_SWEPT = "the schedule has not had one sweep made yet"
NO_POLICY = Reason("no-policy-permits", "No policy permits it.")


@pytest.fixture
def ledger(operator: Operator) -> Iterator[LedgerTable]:
    with ledger_of(operator) as ledger:
        yield ledger


@pytest.fixture
def peopled(ledger: LedgerTable) -> LedgerTable:
    """Return the ledger with four requests, two of which need somebody."""
    enter(ledger, HELD, Status.HELD, reasons=(NO_POLICY,))
    enter_connected(ledger, CONNECTED)
    enter(ledger, GONE, Status.WITHDRAWN, reasons=(Reason("gone", "The other side took it back."),))
    enter(
        ledger,
        SHARE,
        Status.AVAILABLE,
        account=PROVIDER,
        reasons=(NO_VPC,),
        incomplete=True,
        let_in=LET_IN,
        attachments=(ATTACHMENT,),
    )
    return ledger


def where(operator: Operator) -> str:
    return f"drawbridge in us-east-1, account {operator.account_id}"


def ids(ended: object) -> list[str]:
    return [each["request_id"] for each in ended.json["requests"]]  # type: ignore[attr-defined]


def test_of_an_empty_ledger_nothing_needs_anybody(at_work: Drawbridge, operator: Operator, ledger: LedgerTable) -> None:
    ended = at_work("status")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        f"{where(operator)}: nothing needs anybody",
        "",
        "nothing else is alive (what is over is not counted: --all)",
        NOT_SWEPT,
    ]


def test_what_needs_somebody_is_shown_with_the_command_and_one_line_tells_of_the_rest(
    at_work: Drawbridge, operator: Operator, peopled: LedgerTable
) -> None:
    ended = at_work("status")

    assert (ended.code, ended.err) == (1, "")
    assert ended.out.splitlines() == [
        f"{where(operator)}: 2 need somebody",
        "",
        "Held (1)",
        f"  {HELD.request_id}",
        "    HELD since 2026-11-21 12:00 UTC; tried again by the next sweep; of account 222222222222",
        "    No policy permits it. [no-policy-permits]",
        "    your turn: write a policy that permits accept, askApprover or reject",
        f"      drawbridge policy explain {HELD.request_id}",
        "",
        "Connected, and refused in part (1)",
        f"  {SHARE.request_id}",
        "    AVAILABLE since 2026-11-21 12:00 UTC; tried again by the next sweep; of account 111111111111",
        "    orders: orders-db: no VPC fits [no-vpc]",
        "    your turn: make the VPC or tag it, or correct attach.vpc",
        "      drawbridge bindings show orders",
        "",
        "1 connected (what is over is not counted: --all)",
        NOT_SWEPT,
    ]


def test_the_command_that_is_told_works(at_work: Drawbridge, peopled: LedgerTable) -> None:
    (told,) = [each["next"] for each in at_work("status", "--json").json["requests"] if each["status"] == "HELD"]

    program, *words = told.split()
    assert program == "drawbridge"
    assert at_work(*words).code == 0


def test_everything_is_what_is_over_as_well(at_work: Drawbridge, peopled: LedgerTable) -> None:
    ended = at_work("status", "--all")

    assert ended.code == 1
    assert re.findall(r"^(\w.*) \((\d)\)$", ended.out, re.MULTILINE) == [
        ("Held", "1"),
        ("Connected, and refused in part", "1"),
        ("Connected", "1"),
        ("Over", "1"),
    ]


def test_programs_get_one_document(at_work: Drawbridge, operator: Operator, peopled: LedgerTable) -> None:
    ended = at_work("status", "--all", "--json")

    assert ended.code == 1
    held = ended.json["requests"][0]
    assert held == {
        "request_id": HELD.request_id,
        "kind": "endpoint-connection",
        "subject": HELD.endpoint_id,
        "account_id": CONSUMER,
        "status": "HELD",
        "urgency": "held",
        "since": "2026-11-21T12:00:00Z",
        "until": "2026-11-21T18:00:00Z",
        "until_what": "tried-again",
        "reasons": [{"code": "no-policy-permits", "text": "No policy permits it."}],
        "waiting_for": "operator",
        "to_do": "write a policy that permits accept, askApprover or reject",
        "next": f"drawbridge policy explain {HELD.request_id}",
        "service": SERVICE_ID,
        "bindings": [],
        "region": "us-east-1",
    }
    assert {name: each for name, each in ended.json.items() if name != "requests"} == {
        "rest": {},
        "unreadable": [],
        "last_sweep": {
            "ended_at": None,
            "is_late": False,
            "observed": None,
            "started": None,
            "failures": None,
            "quotas": [],
            "offers": {},
        },
        "stack": "drawbridge",
        "region": "us-east-1",
        "account_id": operator.account_id,
    }


@pytest.mark.parametrize(
    ("filters", "code", "found"),
    [
        ([], 1, [HELD, SHARE]),
        (["--account", CONSUMER], 1, [HELD]),
        (["--account", "999999999999"], 0, []),
        (["--kind", "resource-share"], 1, [SHARE]),
        (["--kind", "orphan"], 0, []),
        (["--service", SERVICE_ID], 1, [HELD]),
        (["--service", "vpce-svc-00000000000000000"], 0, []),
        (["--binding", "orders"], 1, [SHARE]),
        (["--binding", "another"], 0, []),
        (["--status", "HELD"], 1, [HELD]),
        (["--status", "available"], 1, [SHARE, CONNECTED]),
        (["--status", "AVAILABLE", "--account", CONSUMER], 0, [CONNECTED]),
        (["--status", "WITHDRAWN"], 0, [GONE]),
        (["--all", "--account", CONSUMER], 1, [HELD, CONNECTED, GONE]),
    ],
)
def test_filters_narrow_what_is_shown_and_what_the_exit_code_goes_by(
    at_work: Drawbridge, peopled: LedgerTable, filters: list[str], code: int, found: list[object]
) -> None:
    ended = at_work("status", "--json", *filters)

    assert ended.code == code
    assert ids(ended) == [each.request_id for each in found]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--status", "OPEN"], "--status: OPEN is none of PENDING, WAITING_FOR_APPROVAL, ACCEPTED, "),
        (["--kind", "share\x1b[2J"], "--kind: share⟨U+001B⟩[2J is none of resource-share, endpoint-connection, orphan"),
        (["--account", "1234"], "1234"),
        (["--service", "orders"], "--service: orders is no endpoint service's id, such as vpce-svc-"),
        (["--binding", "a b"], "--binding: a b is no binding's name: letters, digits, "),
        (["--watch", "--json"], "--watch: programs get one document; leave out --json or --watch"),
    ],
)
def test_a_wrong_option_is_named_with_what_is_possible(drawbridge: Drawbridge, wrong: list[str], message: str) -> None:
    ended = drawbridge("status", *wrong)

    assert ended.code == 2
    assert message in ended.err
    assert ended.json["error"]["message"] == message if "--json" in wrong else not ended.out


def test_a_row_that_can_not_be_read_is_named_and_stops_no_other(
    at_work: Drawbridge, operator: Operator, peopled: LedgerTable
) -> None:
    broken = connection(9).request_id
    operator.table("LedgerTableName").put_item(
        Item={"request_id": broken, "followed": "yes", "updated_at": "x", "attempt": 1}
    )

    ended = at_work("status", "--json", "--account", "999999999999")

    assert (ended.code, ids(ended)) == (1, [])
    assert broken in ended.err
    assert "mend or delete it" in ended.err
    assert [broken in each for each in ended.json["unreadable"]] == [True]
    assert ids(at_work("status", "--json")) == [HELD.request_id, SHARE.request_id]


def test_the_index_alone_is_read_unless_what_is_over_is_asked_for(
    at_work: Drawbridge, operator: Operator, peopled: LedgerTable
) -> None:
    with denied("dynamodb:Scan", operator.account_id):
        assert at_work("status").code == 1
        every = at_work("status", "--all")

    assert every.code == 3
    assert every.err.startswith("AWS: read the ledger: ")


def test_the_command_finds_the_same_stack(at_work: Drawbridge, peopled: LedgerTable) -> None:
    ended = at_work("--region", "us-east-1", "status", "--json")

    assert ended.json["requests"][0]["next"] == f"drawbridge --region us-east-1 policy explain {HELD.request_id}"


def test_what_is_filtered_out_is_not_said_to_be_nothing(at_work: Drawbridge, ledger: LedgerTable) -> None:
    enter(ledger, HELD, Status.HELD, reasons=(NO_POLICY,))

    of_nobody = at_work("status", "--account", "999999999999")
    of_a_status = at_work("status", "--status", "ASSOCIATING")

    assert (of_nobody.code, of_a_status.code) == (0, 0)
    assert of_nobody.out.splitlines()[0].endswith(": nothing of these needs anybody")
    assert of_nobody.out.splitlines()[-2] == ("nothing else of these is alive (what is over is not counted: --all)")
    assert "alive" not in of_a_status.out


def test_it_looks_again_and_again_until_it_is_interrupted(
    at_work: Drawbridge, ledger: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(_: float) -> None:
        if ledger.entry(HELD.request_id) is not None:
            raise KeyboardInterrupt
        enter(ledger, HELD, Status.HELD, reasons=(NO_POLICY,))

    monkeypatch.setattr("drawbridge_cli.status.pause", meanwhile)

    ended = at_work("status", "--watch")

    assert (ended.code, ended.err) == (1, "")
    assert re.findall(r": (nothing needs anybody|1 needs somebody)$", ended.out, re.MULTILINE) == [
        "nothing needs anybody",
        "1 needs somebody",
    ]


def test_what_aws_refuses_while_it_is_watched_may_pass(
    at_work: Drawbridge, operator: Operator, peopled: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def meanwhile(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            raise KeyboardInterrupt
        refused.__exit__(None, None, None)

    refused = denied("dynamodb:Query", operator.account_id)
    at_work("status")
    refused.__enter__()
    monkeypatch.setattr("drawbridge_cli.status.pause", meanwhile)

    ended = at_work("status", "-w")

    assert ended.code == 1
    assert re.findall(r"^AWS: read the rows that are followed", ended.out, re.MULTILINE)
    assert "2 need somebody" in ended.out


def test_an_interruption_before_anything_was_seen_is_no_finding(
    at_work: Drawbridge, peopled: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(LedgerTable, "followed_entries", interrupted)

    ended = at_work("status", "--watch")

    assert (ended.code, ended.out, ended.err) == (0, "", "")


def swept(operator: Operator, *, minutes_ago: float, **found: Any) -> None:
    """Leave the record of a sweep of the schedule, that ended so long ago."""
    ended_at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    left = SweepRecord(began_at=ended_at, ended_at=ended_at, scheduled=True, **found)
    SweepRecordItems(operator.table("ApprovalsTableName")).keep(left, frozenset())


@pytest.fixture
def sweeping(operator: Operator) -> Iterator[Operator]:
    yield operator
    operator.table("ApprovalsTableName").delete_item(Key={"request_id": "sweep/scheduled"})


def test_the_last_sweep_of_the_schedule_is_told_at_the_end(
    at_work: Drawbridge, sweeping: Operator, ledger: LedgerTable
) -> None:
    swept(sweeping, minutes_ago=3, observed=12, started=Mentioned(1, ("share-1-1",)))

    ended, document = at_work("status"), at_work("status", "--json").json["last_sweep"]

    assert ended.code == 0
    assert ended.out.splitlines()[-1] == "the last sweep, 3 min ago, observed 12 requests and started 1 attempt"
    assert {name: value for name, value in document.items() if name != "ended_at"} == {
        "is_late": False,
        "observed": 12,
        "started": 1,
        "failures": 0,
        "quotas": [],
        "offers": {each: {"count": 0, "first": []} for each in ("refused", "held_back", "still_associated")},
    }


@pytest.mark.parametrize(
    ("changes", "name", "title"),
    [
        ({"offers_refused": Mentioned(1, ("EC2 says no",))}, "refused", "AWS refuses offers (1)"),
        ({"offers_refused_before": Mentioned(1, ("EC2 says no",))}, "refused", "AWS refuses offers (1)"),
        (
            {"accounts_held_back": Mentioned(1, (f"{SHARE_ARN}: {CONSUMER}",))},
            "held_back",
            "Held back in shares: too many accounts would leave at once (1)",
        ),
        (
            {"still_associated": Mentioned(1, ("rea-1: why",))},
            "still_associated",
            "Out of shares, and still associated (1)",
        ),
    ],
)
def test_what_of_offers_needs_somebody_is_told_of_the_last_sweep(
    changes: dict[str, Mentioned], name: str, title: str, at_work: Drawbridge, sweeping: Operator, ledger: LedgerTable
) -> None:
    (of,) = changes.values()
    swept(sweeping, minutes_ago=3, observed=12, **changes)

    ended, document = at_work("status"), at_work("status", "--json").json["last_sweep"]["offers"]

    lines = ended.out.splitlines()
    assert (ended.code, lines[0].endswith(": 1 needs somebody")) == (1, True)
    assert lines[lines.index(title) + 1] == f"  {of.first[0]}"
    assert ("drawbridge withdraw --confirm" in ended.out) is (name == "held_back")
    assert {each: kept["count"] for each, kept in document.items() if kept["count"]} == {name: 1}
    # Who asks for some requests is told nothing of it.
    assert at_work("status", "--account", CONSUMER).code == 0


def test_of_many_offers_the_first_are_named_and_how_many_more_there_are(
    at_work: Drawbridge, sweeping: Operator, ledger: LedgerTable
) -> None:
    refused = Mentioned(70, tuple(f"no {number}" for number in range(20)))
    swept(sweeping, minutes_ago=3, observed=12, offers_refused=refused, offers_refused_before=Mentioned(30, ("no",)))

    ended = at_work("status")

    assert ended.out.splitlines()[0].endswith(": 100 need somebody")
    assert "  no 4" in ended.out.splitlines()
    assert "  no 5" not in ended.out.splitlines()
    assert "  and 95 more" in ended.out.splitlines()


def test_a_quota_that_is_reached_needs_somebody_and_one_that_is_near_is_told(
    at_work: Drawbridge, sweeping: Operator, ledger: LedgerTable
) -> None:
    limits = Limits(StatedQuotas())
    near = limits.usage(PRINCIPALS_OF_SHARE, SHARE_ARN, 4_000)
    reached = limits.usage(INVITATIONS, ACCOUNT, 250)
    swept(sweeping, minutes_ago=3, observed=12, quotas=(near,))
    told = at_work("status")
    swept(sweeping, minutes_ago=3, observed=12, quotas=(reached, near))
    mark = record.mark()

    ended, document = at_work("status"), at_work("status", "--json").json

    assert (told.code, ended.code) == (0, 1)
    assert "A quota of AWS is near (1)" in told.out.splitlines()
    lines = ended.out.splitlines()
    assert lines[0].endswith(": 1 needs somebody")
    assert lines.index("A quota of AWS is reached (1)") < lines.index("A quota of AWS is near (1)")
    assert [each["is_reached"] for each in document["last_sweep"]["quotas"]] == [True, False]
    assert document["last_sweep"]["quotas"][1] == {
        "of": SHARE_ARN,
        "counted": "principals",
        "used": 4_000,
        "called_for": 4_000,
        "limit": 5_000,
        "quota_code": "L-275DAC00",
        "is_reached": False,
        "found": str(near),
        "to_do": near.to_do,
    }
    # Only what the sweep left is read.
    services = {each.operation.split(":")[0] for each in record.since(mark, account_id=sweeping.account_id)}
    assert services.isdisjoint({"ram", "servicequotas", "vpc-lattice"})
    assert at_work("status", "--account", CONSUMER).code == 0


def test_a_schedule_that_has_no_sweep_made_needs_somebody_and_is_told_first(
    at_work: Drawbridge, sweeping: Operator, ledger: LedgerTable
) -> None:
    swept(sweeping, minutes_ago=180, observed=12)

    ended = at_work("status")

    assert ended.code == 1
    first, _, told, *_ = ended.out.splitlines()
    assert first.endswith(": 1 needs somebody")
    assert told.startswith("the schedule has had no sweep made since ")
    assert told.endswith(" 3 h ago: what is here may be as old, and drawbridge doctor says why")
    assert at_work("status", "--json").json["last_sweep"]["is_late"]
    # Of those of one account nothing needs anybody: it is told all the same.
    filtered = at_work("status", "--account", CONSUMER)
    assert (filtered.code, filtered.out.splitlines()[2]) == (0, told)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException"])
def test_where_the_records_of_sweeps_can_not_be_read_the_requests_are_told_all_the_same(
    at_work: Drawbridge, operator: Operator, peopled: LedgerTable, code: str
) -> None:
    failing = CallFault("dynamodb:GetItem", "error", code=code, account=operator.account_id)
    with faults.injected(failing):
        ended, document = at_work("status"), at_work("status", "--json").json

    assert (ended.code, document["last_sweep"], len(document["requests"])) == (1, None, 2)
    assert ended.out.splitlines()[-1].startswith("when the last sweep was is not known: read the record of a sweep")


def test_a_record_of_a_sweep_that_somebody_wrote_by_hand_is_told_as_such(
    at_work: Drawbridge, sweeping: Operator, ledger: LedgerTable
) -> None:
    sweeping.table("ApprovalsTableName").put_item(Item={"request_id": "sweep/scheduled", "sweep": "yesterday"})

    ended = at_work("status")

    assert ended.code == 0
    assert "when the last sweep was is not known: sweep/scheduled in the table of the approvals" in ended.out
