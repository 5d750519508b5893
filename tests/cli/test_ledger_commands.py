"""``drawbridge policy simulate`` and ``explain``, on requests that the ledger of a stack keeps."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drawbridge.approval.answer import ApprovalAnswer
from drawbridge.aws.approvals_table import ApprovalsTable
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.decision.decision_record import AssociationDecisionRecord
from drawbridge.decision.let_in import LetIn
from drawbridge.record import Outcome
from drawbridge.record.record import status_change
from drawbridge.request import EndpointConnectionRequest, ResourceShareRequest
from drawbridge.status import Reason, Status
from tests.builders import (
    CONSUMER,
    ENDPOINT_ID,
    NOW,
    PROVIDER,
    RESOURCE_ARN,
    SERVICE_ID,
    SHARE_ARN,
    STRANGER,
    connection_facts,
    execution_input,
    observed_request,
    question,
    requester,
    resource_facts,
    share_facts,
)
from tests.cli.made import DEFAULTS, EVERYTHING, FORBID, PERMIT, PERMIT_PROVIDER, document, folder_of, recorded_decision
from tests.cli.operators import Decided, Drawbridge, Operator, now

CONNECTED_ENDPOINT = "vpce-00000000000000001"
NEW_ENDPOINT = "vpce-00000000000000002"


@dataclass(frozen=True)
class Entered:
    """The ids of what the ledger knows."""

    at: datetime
    asked: str
    """A connection that nobody has let in, an hour ago."""
    connected: str
    """A registered consumer's, three days ago."""
    shared: str
    """A share with a resource that a binding matches, thirty days ago."""
    new: str
    """A connection that is not decided yet."""


@pytest.fixture(scope="module")
def entered(operator: Operator) -> Entered:
    table = operator.table("LedgerTableName")
    at = now().replace(microsecond=0)
    registered = requester(STRANGER, services=frozenset({SERVICE_ID}))
    new = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=NEW_ENDPOINT)
    LedgerTable(table, now=lambda: at).claim(observed_request(request=new, account_id=CONSUMER), 1, after=None)
    month_ago = at - timedelta(days=30)
    return Entered(
        at,
        Decided(connection_facts(), Status.HELD, at - timedelta(hours=1)).enter(table),
        Decided(
            connection_facts(registered, endpoint_id=CONNECTED_ENDPOINT), Status.AVAILABLE, at - timedelta(days=3)
        ).enter(table),
        Decided(
            share_facts(),
            Status.AVAILABLE,
            month_ago,
            AssociationDecisionRecord(at=month_ago, zone="UTC", resources=(resource_facts(),)),
        ).enter(table),
        new.request_id,
    )


@pytest.fixture(autouse=True)
def _only_default_policies(operator: Operator, entered: Entered) -> Iterator[None]:
    yield
    operator.forget_policies(keep=DEFAULTS)


def test_what_would_come_out_otherwise_is_shown_and_nothing_is_changed(
    at_work: Drawbridge, operator: Operator, entered: Entered, tmp_path: Path
) -> None:
    ended = at_work("policy", "simulate", folder_of(tmp_path, {"let-in": PERMIT}))

    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "new      let-in"
    assert "2 decisions of the last 7d, made again on the facts that the ledger keeps" in lines
    assert [line.split() for line in lines if line.startswith(("accept", "askApprover"))] == [
        ["accept", "1", "2"],
        ["askApprover", "1", "0"],
    ]
    assert "1 requests can't be decided again: the ledger keeps no facts of them" in lines
    assert f"{entered.asked} (HELD) of {CONSUMER}: askApprover -> accept" in lines
    assert any(line.startswith("  now   ask-for-the-rest: ") for line in lines)
    assert any(line.startswith("  then  let-in: ") for line in lines)
    assert operator.policies() == DEFAULTS


def test_what_is_connected_and_would_be_no_more_is_shown(at_work: Drawbridge, entered: Entered, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"block": FORBID.replace(CONSUMER, STRANGER)})

    ended = at_work("policy", "simulate", folder)

    assert f"{entered.connected} (AVAILABLE) of {STRANGER}: accept -> hold" in ended.out.splitlines()


def test_a_resource_that_would_be_refused_is_shown_by_its_arn(
    at_work: Drawbridge, entered: Entered, tmp_path: Path
) -> None:
    no_databases = 'forbid(principal, action == Action::"associate", resource);'
    folder = folder_of(tmp_path, {"no-databases": no_databases})

    ended = at_work("policy", "simulate", folder, "--since", "all")

    lines = ended.out.splitlines()
    assert "4 decisions, made again on the facts that the ledger keeps" in lines
    change = lines.index(f"{entered.shared} (AVAILABLE) of {PROVIDER}: associate -> refuse")
    assert lines[change + 1] == f"  {RESOURCE_ARN}"


@pytest.mark.parametrize(
    ("since", "replayed"), [("1h", 0), ("2h", 1), ("3d", 1), ("4d", 2), ("1w", 2), ("5w", 4), ("all", 4)]
)
def test_only_what_was_decided_since_then_is_replayed(
    at_work: Drawbridge, tmp_path: Path, since: str, replayed: int
) -> None:
    ended = at_work("policy", "simulate", folder_of(tmp_path, {"let-in": PERMIT}), "--since", since, "--json")

    assert ended.json["replayed"] == replayed


def test_a_simulation_is_written_for_programs(at_work: Drawbridge, entered: Entered, tmp_path: Path) -> None:
    ended = at_work("policy", "simulate", folder_of(tmp_path, {"let-in": PERMIT}), "--json")

    assert ended.code == 0
    assert ended.json["totals"] == {"accept": [1, 2], "askApprover": [1, 0]}
    assert ended.json["notReplayed"] == [entered.new]
    (change,) = ended.json["changes"]
    assert (change["requestId"], change["accountId"], change["subject"]) == (entered.asked, CONSUMER, ENDPOINT_ID)
    assert (change["status"], change["now"], change["then"]) == ("HELD", "askApprover", "accept")
    assert change["whyThen"] == [{"code": "policy", "source": "let-in", "text": "Policy let-in permits it."}]


def test_a_program_may_ask_by_the_exit_code_whether_anything_would_change(at_work: Drawbridge, tmp_path: Path) -> None:
    something = folder_of(tmp_path / "something", {"let-in": PERMIT})
    nothing = folder_of(tmp_path / "nothing", {"let-in": PERMIT.replace(CONSUMER, "444444444444")})

    assert at_work("policy", "simulate", something, "--exit-code").code == 1
    assert at_work("policy", "simulate", something, "--exit-code", "--json").code == 1
    unchanged = at_work("policy", "simulate", nothing, "--exit-code")
    assert unchanged.code == 0
    assert unchanged.out.splitlines()[-1] == "Nothing would come out otherwise."


def test_the_files_may_be_simulated_as_the_whole_set(
    at_work: Drawbridge, operator: Operator, entered: Entered, tmp_path: Path
) -> None:
    operator.write_policy("let-in", PERMIT)
    other = folder_of(tmp_path, {"other": PERMIT_PROVIDER})

    simulated = at_work("policy", "simulate", other, "--json")
    alone = at_work("policy", "simulate", other, "--json", "--prune")

    assert simulated.json["changes"] == []
    (change,) = alone.json["changes"]
    assert (change["requestId"], change["now"], change["then"]) == (entered.asked, "accept", "askApprover")
    assert "let-in" in operator.policies()


@pytest.mark.parametrize(
    ("files", "code", "message"),
    [
        ({"all": EVERYTHING}, 1, "policy all: lets every account in"),
        ({"own-organization": PERMIT}, 2, "policy own-organization: it belongs to the stack"),
        ({"bad": "permit("}, 1, "bad.cedar:1: "),
    ],
)
def test_what_could_not_be_applied_is_not_simulated(
    at_work: Drawbridge, tmp_path: Path, files: dict[str, str], code: int, message: str
) -> None:
    ended = at_work("policy", "simulate", folder_of(tmp_path, files))

    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err


@pytest.mark.parametrize("by", ["id", "subject"])
def test_a_request_is_explained_by_the_policies_in_force(at_work: Drawbridge, entered: Entered, by: str) -> None:
    ended = at_work("policy", "explain", entered.asked if by == "id" else ENDPOINT_ID)

    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == entered.asked
    assert lines[1].startswith("HELD since ")
    assert lines[1].endswith(f", attempt 1; asked for by {CONSUMER}")
    assert lines[2:4] == [f"about {ENDPOINT_ID}", "  then: as it was decided [policy]"]
    assert lines[4].startswith("It is held; tried again from ")
    assert lines[5].startswith(
        f"decided {entered.at - timedelta(hours=1):%Y-%m-%d %H:%M:%S} UTC: askApprover, by ask-for-the-rest; policies "
    )
    assert "askApprover, by the policies in force now" in lines
    assert lines[-2].startswith("A person has to decide.")


def test_the_deadline_of_an_invitation_is_shown_while_there_is_one(at_work: Drawbridge, operator: Operator) -> None:
    invited = ResourceShareRequest(share_arn=f"{SHARE_ARN}-late")
    deadline = datetime(2999, 1, 1, tzinfo=UTC)
    observed = observed_request(request=invited, account_id=PROVIDER, deadline=deadline)
    table = operator.table("LedgerTableName")
    LedgerTable(table, now=now).claim(observed, 1, after=None)

    shown = at_work("policy", "explain", invited.request_id)
    table.delete_item(Key={"request_id": invited.request_id})

    assert "It is under way; its invitation expires at 2999-01-01 00:00 UTC." in shown.out.splitlines()
    assert "invitation expires" not in at_work("policy", "explain", ENDPOINT_ID).out


def test_a_share_is_explained_by_its_arn(at_work: Drawbridge, entered: Entered) -> None:
    ended = at_work("policy", "explain", SHARE_ARN)

    assert ended.code == 0
    assert ended.out.splitlines()[0] == entered.shared


def test_an_explanation_with_its_row_is_written_for_programs(at_work: Drawbridge, entered: Entered) -> None:
    ended = at_work("policy", "explain", entered.asked, "--json")

    entry, explanation = ended.json["entry"], ended.json["explanation"]
    assert (entry["request_id"], entry["status"], entry["account_id"]) == (entered.asked, "HELD", CONSUMER)
    assert entry["grounds"]["facts"] == explanation["facts"]
    assert explanation["outcome"] == "askApprover"
    assert explanation["considered"][1] == {
        "action": "askApprover",
        "answer": "permitted",
        "because": explanation["because"],
    }


def test_the_policy_that_is_suggested_is_what_lets_it_in(at_work: Drawbridge, entered: Entered, tmp_path: Path) -> None:
    suggested = at_work("policy", "explain", entered.asked).out.splitlines()[-1].strip()

    applied = at_work("policy", "apply", folder_of(tmp_path, {"told": suggested}), "--yes")
    after = at_work("policy", "explain", entered.asked)

    assert applied.code == 0
    assert f"{entered.asked} (HELD) of {CONSUMER}: askApprover -> accept" in applied.out
    assert "accept, by the policies in force now" in after.out
    assert after.out.splitlines()[-1] == "The policies let it go on by now: the next sweep starts another attempt."


def test_a_request_may_be_explained_by_files(at_work: Drawbridge, entered: Entered, tmp_path: Path) -> None:
    ended = at_work("policy", "explain", entered.asked, "--policies", folder_of(tmp_path, {"let-in": PERMIT}))

    assert "accept, by the files" in ended.out.splitlines()


def test_a_file_may_be_explained_by_the_policies_in_force(at_work: Drawbridge, tmp_path: Path) -> None:
    request = document(tmp_path / "request.json", connection_facts(requester(services=frozenset({"*"}))))

    ended = at_work("policy", "explain", str(request))

    assert ended.code == 0
    assert ended.out.splitlines()[0] == "accept, by the policies in force now"
    assert "registered-consumer: " in ended.out


def test_what_is_not_decided_yet_is_shown_as_it_stands(at_work: Drawbridge, entered: Entered) -> None:
    shown, written = (at_work("policy", "explain", NEW_ENDPOINT, *also) for also in ((), ("--json",)))

    assert (shown.code, written.code) == (0, 0)
    assert shown.out.splitlines()[0] == entered.new
    assert shown.out.splitlines()[1].startswith("PENDING since ")
    assert written.json["explanation"] is None
    assert written.json["entry"]["status"] == "PENDING"


ASKED_ENDPOINT = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id="vpce-00000000000000003")
APPROVED = Reason("approved", "Approved by U0ALICE and U0BOB: fine", source="U0ALICE and U0BOB")
DENIED = Reason("denied", "Denied by U0BOB: not ours", source="U0BOB")
WHY = Reason("policy", "a person decides", source="ask-for-the-rest")


@pytest.fixture
def ledger(operator: Operator) -> Iterator[LedgerTable]:
    table = operator.table("LedgerTableName")
    ledger = LedgerTable(table, now=lambda: NOW)
    ledger.claim(observed_request(request=ASKED_ENDPOINT, account_id=CONSUMER), 1, after=None)
    yield ledger
    table.delete_item(Key={"request_id": ASKED_ENDPOINT.request_id})


def reach(ledger: LedgerTable, status: Status, **changes: Any) -> None:
    facts = connection_facts(endpoint_id=ASKED_ENDPOINT.endpoint_id)
    fields: dict[str, Any] = {"reasons": (), "settled": True, "decision_record": recorded_decision(facts)}
    outcome = Outcome(status=status, **(fields | changes))
    assert ledger.change_status(status_change(execution_input(ASKED_ENDPOINT), outcome), outcome)


def explained(at_work: Drawbridge) -> list[str]:
    ended = at_work("policy", "explain", ASKED_ENDPOINT.request_id)
    assert (ended.code, ended.err) == (0, "")
    return ended.out.splitlines()


def test_what_waits_for_a_person_says_until_when_who_approved_so_far_and_how_it_is_answered(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    reach(ledger, Status.WAITING_FOR_APPROVAL, settled=False, reasons=(WHY,))
    request_id = ASKED_ENDPOINT.request_id
    asked = question(request_id=request_id, deadline=datetime(2999, 1, 1, 9, 30, tzinfo=UTC))
    approvals = ApprovalsTable(operator.table("ApprovalsTableName"), now=lambda: NOW)
    approvals.open(asked, "token", "https://link")

    before = explained(at_work)
    answer = ApprovalAnswer(request_id=request_id, asking=asked.asked.asking, approve=True)
    approvals.record(answer, "U0ALICE", needed=2)
    one = explained(at_work)
    approvals.record(answer, "U0BOB", needed=2)
    both = explained(at_work)

    assert before[1].startswith("WAITING_FOR_APPROVAL since ")
    assert "It waits for a person until 2999-01-01 09:30 UTC." in before
    assert before[-2:] == ["an approver's turn: approve or deny it", f"  drawbridge approve {request_id}"]
    assert "Approved so far by U0ALICE; a second person has to approve too." in one
    assert "Asked, and approved by U0ALICE and U0BOB. The next sweep goes on by that." in both
    assert "It is under way." in both
    assert both[-2].startswith("Drawbridge's turn: ")
    assert "drawbridge approve" not in "".join(both)
    assert "permit(" not in "".join(before + one + both)


def test_who_approved_is_named_once_it_is_connected_and_after_it_is_over(
    at_work: Drawbridge, ledger: LedgerTable
) -> None:
    let_in = LetIn(at=NOW, because=(APPROVED, WHY))
    accepted = {"reasons": (APPROVED, WHY), "let_in": let_in, "decided_by": (APPROVED, WHY)}
    reach(ledger, Status.ACCEPTED, settled=False, **accepted)
    reach(ledger, Status.AVAILABLE, reasons=(Reason("published", "db.example"),))

    connected = explained(at_work)
    row = ledger.rows([ASKED_ENDPOINT.request_id])[ASKED_ENDPOINT.request_id]
    ledger.claim_withdrawal(row, (), ())
    gone = Outcome(status=Status.WITHDRAWN, reasons=(Reason("gone", "It is gone."),), settled=True)
    assert ledger.change_status(status_change(execution_input(ASKED_ENDPOINT, attempt=2), gone), gone)
    over = explained(at_work)

    approved = "  U0ALICE and U0BOB: Approved by U0ALICE and U0BOB: fine [approved]"
    assert connected[connected.index("let in at 2026-11-21 12:00 UTC") + 1] == approved
    assert f"  at {NOW.isoformat(timespec='milliseconds')}, attempt 1: {approved.strip()}" in over
    assert "permit(" not in "".join(connected + over)


def test_who_denied_what_stays_connected_is_named(at_work: Drawbridge, ledger: LedgerTable) -> None:
    reach(
        ledger,
        Status.AVAILABLE,
        let_in=LetIn(at=NOW, because=(WHY,)),
        kept=(DENIED,),
        reasons=(Reason("published", "x"),),
    )

    lines = explained(at_work)

    assert "  not let in any more: U0BOB: Denied by U0BOB: not ours [denied]" in lines
    assert lines[-1].startswith("What is connected stays. What was denied is asked about again when it changes")


def test_a_request_that_there_is_not_is_reported(at_work: Drawbridge) -> None:
    ended = at_work("policy", "explain", "connection-nobodys")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("connection-nobodys: the ledger of drawbridge in ")
