"""``drawbridge withdraw`` of one request, and of all connections of a consumer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.hint.parse import parse_hint
from drawbridge.request import OrphanRequest, Request
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.status import Status
from drawbridge_cli.stack import Stack
from local_aws.testing.faults import CallFault, faults
from tests.builders import CONSUMER, PROVIDER, RESOURCE_ARN, SERVICE_ID, SHARE, SHARE_ARN, STRANGER
from tests.cli.connected import (
    ATTACHMENT,
    LET_IN,
    by_of,
    connection,
    enter,
    enter_connected,
    enter_next_attempt,
    ledger_of,
    name_of,
    row_of,
)
from tests.cli.operators import SWEEP_COMMANDED, Drawbridge, Operator, denied

ORPHAN = OrphanRequest(resource_arn=RESOURCE_ARN)
FIRST, SECOND, HELD, ASKED, NEW, FOREIGN = (connection(number) for number in range(1, 7))
PATH = "/drawbridge/connections/orders/orders-db"
COMMAND = WithdrawalCommand(by="me", at=datetime(2026, 11, 21, tzinfo=UTC))


@pytest.fixture(autouse=True)
def managed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the services that are managed, which may be changed."""
    services = {SERVICE_ID}
    monkeypatch.setattr(Stack, "managed_services", lambda _: frozenset(services))
    return services


@pytest.fixture
def ledger(operator: Operator) -> Iterator[LedgerTable]:
    operator.hints()
    with ledger_of(operator) as ledger:
        yield ledger


@pytest.fixture
def shared(ledger: LedgerTable) -> None:
    """Enter a share of which one resource is connected."""
    published = (f"{PATH}/connection", f"{PATH}/dns-name")
    enter(
        *(ledger, SHARE, Status.AVAILABLE),
        account=PROVIDER,
        let_in=LET_IN,
        attachments=(ATTACHMENT,),
        published=published,
    )


@pytest.fixture
def consumers(ledger: LedgerTable) -> None:
    """Enter connections of a consumer, and one of somebody else."""
    for each in (FIRST, SECOND):
        enter_connected(ledger, each)
    enter(ledger, HELD, Status.HELD)
    enter(ledger, ASKED, Status.WAITING_FOR_APPROVAL, settled=False)
    enter(ledger, NEW, Status.PENDING)
    enter_connected(ledger, FOREIGN, account=STRANGER)


def caller(operator: Operator) -> str:
    return str(operator.client("sts").get_caller_identity()["Arn"])


@pytest.mark.parametrize("named", [SHARE.request_id, SHARE_ARN, SHARE_ARN.rpartition("/")[2]])
@pytest.mark.usefixtures("shared")
def test_a_share_is_shown_with_what_was_made_for_it_and_commanded_by_whoever_asks(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, named: str
) -> None:
    ended = at_work("withdraw", named, typed="y\n")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        f"- {SHARE_ARN} of {PROVIDER}: AVAILABLE",
        f"    - {PATH}/connection",
        f"    - {PATH}/dns-name",
        "    - db.example.internal in Z1",
        "    - orders/orders⟨U+001B⟩[2J⟨4 spaces⟩-db/vpc-1: snra-0bbb, vpce-0aaa",
        "Withdraw 1? [y/N]: 1 withdrawn by the next sweep",
        f"look at it with     drawbridge policy explain {SHARE.request_id}",
        f"bring it back with  drawbridge retry {SHARE.request_id}",
    ]
    command = row_of(ledger, SHARE).commanded
    assert command is not None
    assert command.by == caller(operator)
    assert abs((datetime.now(UTC) - command.at).total_seconds()) < 300
    assert [parse_hint(body) for body in operator.hints()] == [SWEEP_COMMANDED]


@pytest.mark.usefixtures("consumers")
def test_a_connection_is_named_by_its_endpoint_and_goes_for_good(at_work: Drawbridge, ledger: LedgerTable) -> None:
    ended = at_work("withdraw", FIRST.endpoint_id, "--yes")

    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[:3] == [
        f"- {FIRST.endpoint_id} of {CONSUMER}: AVAILABLE",
        f"    - {name_of(FIRST)}",
        f"    - the connection to {FIRST.service_id} is rejected, for good: the consumer would make a new endpoint",
    ]
    again = "its consumer makes a new endpoint or attachment"
    assert lines[-1] == f"once a connection is rejected, nothing brings it back: {again}"
    assert [bool(by_of(ledger, each)) for each in (FIRST, SECOND, FOREIGN)] == [True, False, False]


def test_an_orphan_goes_on_command_and_nothing_is_said_to_bring_it_back(
    at_work: Drawbridge, ledger: LedgerTable
) -> None:
    enter(ledger, ORPHAN, Status.WITHDRAWING, account=PROVIDER, let_in=LET_IN, attachments=(ATTACHMENT,))

    ended = at_work("withdraw", ORPHAN.request_id, "--yes")

    assert ended.code == 0
    assert ended.out.splitlines()[-1] == f"look at it with     drawbridge policy explain {ORPHAN.request_id}"
    assert by_of(ledger, ORPHAN)
    again = at_work("retry", ORPHAN.request_id, "--yes")
    assert (again.code, "nothing to try" in again.err) == (1, True)


@pytest.mark.parametrize(
    ("options", "typed", "code"),
    [((), "n\n", 1), ((), "", 1), (("--dry-run",), "", 0), (("--dry-run", "--yes"), "", 0)],
)
@pytest.mark.parametrize("what", [(FIRST.endpoint_id,), ("--consumer", CONSUMER)])
@pytest.mark.usefixtures("consumers")
def test_without_a_yes_nothing_is_commanded(
    at_work: Drawbridge,
    operator: Operator,
    ledger: LedgerTable,
    what: tuple[str, ...],
    options: tuple[str, ...],
    typed: str,
    code: int,
) -> None:
    ended = at_work("withdraw", *what, *options, typed=typed)

    assert ended.code == code
    assert name_of(FIRST) in ended.out
    assert "withdrawn by the next sweep" not in ended.out
    assert (by_of(ledger, FIRST), by_of(ledger, SECOND), operator.hints()) == ("", "", [])


def test_whoever_breaks_off_at_the_question_leaves_everything(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter_connected(ledger, FIRST)

    def broken_off(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("click.termui.visible_prompt_func", broken_off)
    ended = at_work("withdraw", FIRST.endpoint_id)

    assert ended.code == 1
    assert (by_of(ledger, FIRST), operator.hints()) == ("", [])


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--yes",),
        ("",),
        ("--consumer", ""),
        ("share-1", "--confirm"),
        ("share-1", "--consumer", CONSUMER),
        ("--consumer", CONSUMER, "--binding", "orders"),
        ("--binding", "orders", "--confirm"),
        ("", "--confirm"),
    ],
)
def test_what_is_withdrawn_is_named_in_exactly_one_way(at_work: Drawbridge, arguments: tuple[str, ...]) -> None:
    ended = at_work("withdraw", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "withdraw: name one of REQUEST, --consumer ACCOUNT, --binding NAME and --confirm\n"


@pytest.mark.parametrize("what", [("share-1",), ("--consumer", CONSUMER), ("--binding", "orders"), ("--confirm",)])
def test_a_program_is_not_asked(at_work: Drawbridge, what: tuple[str, ...]) -> None:
    ended = at_work("withdraw", *what, "--json")

    assert (ended.code, ended.json["error"]["field"]) == (2, "--json")
    assert ended.err == "--json: nobody is asked then; say --yes or --dry-run as well\n"


@pytest.mark.parametrize("account", ["1234", "22222222222", "22222222222a", "\uff12" * 12, "a\x1b[2Jb"])
def test_an_account_that_is_none_is_refused(at_work: Drawbridge, account: str) -> None:
    ended = at_work("withdraw", "--consumer", account, "--yes")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("account_id: ")
    assert "\x1b" not in ended.err


@pytest.mark.usefixtures("shared", "consumers")
@pytest.mark.parametrize(
    ("named", "nearest"),
    [
        (FIRST.endpoint_id.removeprefix("v"), FIRST.endpoint_id),
        (f"{SHARE.request_id[:-1]}0", SHARE.request_id),
        (f"{SHARE_ARN[:-1]}0", SHARE_ARN),
        ("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeee0", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"),
    ],
)
def test_what_is_not_known_is_told_with_what_is_nearest(at_work: Drawbridge, named: str, nearest: str) -> None:
    ended = at_work("withdraw", named)

    assert (ended.code, ended.out) == (1, "")
    (line,) = ended.err.splitlines()
    assert line.startswith(f"{named}: the ledger of drawbridge in us-east-1, account ")
    assert " knows nothing of it. Looked for it as a request's id, a share's ARN or id, an endpoint's or a " in line
    assert nearest in line.partition("did you mean ")[2].rstrip("?").split(" or ")


@pytest.mark.usefixtures("ledger")
def test_what_is_like_nothing_is_told_alone_and_steers_no_terminal(at_work: Drawbridge) -> None:
    ended = at_work("withdraw", "a\x1b[2Jb")

    assert ended.code == 1
    assert ended.err.startswith("a⟨U+001B⟩[2Jb: the ledger of ")
    assert "did you mean" not in ended.err


@pytest.mark.parametrize(
    ("status", "instead"),
    [
        (Status.HELD, "drawbridge policy explain {id} says why"),
        (Status.FAILED, "drawbridge policy explain {id} says why"),
        (Status.ACCEPTED, "it was let in, and no binding has anything of it connected"),
        (Status.REJECTED, "it is over"),
        (Status.EXPIRED, "it is over"),
        (Status.WITHDRAWN, "it is over"),
    ],
)
def test_where_nothing_is_connected_it_is_told_what_to_do_instead(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, status: Status, instead: str
) -> None:
    enter(ledger, SHARE, status)

    ended = at_work("withdraw", SHARE_ARN, "--yes")

    assert (ended.code, ended.out) == (1, "")
    told = instead.format(id=SHARE.request_id)
    assert ended.err == f"{SHARE.request_id} is {status}: nothing of it is connected; {told}\n"
    assert (by_of(ledger, SHARE), operator.hints()) == ("", [])


@pytest.mark.usefixtures("consumers")
def test_what_a_person_is_asked_about_is_denied_instead(at_work: Drawbridge, ledger: LedgerTable) -> None:
    ended = at_work("withdraw", ASKED.endpoint_id, "--yes")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.endswith(f"drawbridge deny {ASKED.request_id} keeps it out\n")
    assert by_of(ledger, ASKED) == ""


def test_what_is_connected_and_asked_about_once_more_is_withdrawn(at_work: Drawbridge, ledger: LedgerTable) -> None:
    enter(ledger, FIRST, Status.WAITING_FOR_APPROVAL, settled=False, let_in=LET_IN)

    assert at_work("withdraw", FIRST.endpoint_id, "--yes").code == 0
    assert by_of(ledger, FIRST)


@pytest.mark.parametrize("connected", [True, False])
def test_what_is_under_way_is_withdrawn_once_it_has_settled(
    at_work: Drawbridge, ledger: LedgerTable, connected: bool
) -> None:
    if connected:
        enter_connected(ledger, FIRST)
        enter_next_attempt(ledger, FIRST)
    else:
        enter(ledger, FIRST, Status.PENDING)

    ended = at_work("withdraw", FIRST.request_id, "--yes")

    assert ended.code == 0
    assert "    . an attempt is under way: it is withdrawn once that has settled" in ended.out.splitlines()
    assert by_of(ledger, FIRST)


@pytest.mark.usefixtures("consumers")
def test_what_goes_already_is_not_commanded_twice(at_work: Drawbridge, operator: Operator, ledger: LedgerTable) -> None:
    command = WithdrawalCommand(by="somebody\x1b[2J", at=datetime(2026, 11, 21, 13, 5, tzinfo=UTC))
    ledger.command_withdrawal(row_of(ledger, FIRST), command)

    alone, written = at_work("withdraw", FIRST.endpoint_id), at_work("withdraw", FIRST.endpoint_id, "--json", "--yes")

    assert (alone.code, alone.err) == (0, "")
    assert alone.out == (
        f"{FIRST.endpoint_id} of {CONSUMER}: AVAILABLE: somebody⟨U+001B⟩[2J had it withdrawn at 2026-11-21 13:05 UTC; "
        "it goes already\n"
    )
    assert [each["result"] for each in written.json["requests"]] == ["commanded-already"]
    assert (row_of(ledger, FIRST).commanded, operator.hints()) == (command, [])


@pytest.mark.parametrize(
    ("request_", "what_then"),
    [(SHARE, "drawbridge retry {id} ends that command"), (FIRST, "the consumer would make a new endpoint")],
)
def test_what_was_withdrawn_on_command_says_how_it_comes_back(
    at_work: Drawbridge, ledger: LedgerTable, request_: Request, what_then: str
) -> None:
    enter(ledger, request_, Status.WITHDRAWN)
    ledger.command_withdrawal(
        row_of(ledger, request_), WithdrawalCommand(by="me", at=datetime(2026, 11, 21, tzinfo=UTC))
    )

    ended = at_work("withdraw", request_.request_id, "--yes")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.endswith(f"{what_then.format(id=request_.request_id)}\n")


@pytest.mark.usefixtures("consumers")
def test_all_that_is_connected_of_a_consumer_goes_and_nothing_of_anybody_else(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    enter(ledger, SHARE, Status.AVAILABLE, let_in=LET_IN, attachments=(ATTACHMENT,))
    enter_next_attempt(ledger, SECOND)

    ended = at_work("withdraw", "--consumer", CONSUMER, typed="y\n")

    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert [line for line in lines if line.startswith("- ")] == [
        f"- {FIRST.endpoint_id} of {CONSUMER}: AVAILABLE",
        f"- {SECOND.endpoint_id} of {CONSUMER}: PENDING",
        f"- {NEW.endpoint_id} of {CONSUMER}: PENDING",
    ]
    assert [line for line in lines if line.startswith(". ")] == [
        f". {ASKED.endpoint_id} of {CONSUMER}: WAITING_FOR_APPROVAL: nothing is connected yet",
    ]
    assert "Withdraw 3? [y/N]: 3 withdrawn by the next sweep" in lines
    commanded = [each for each in (FIRST, SECOND, HELD, ASKED, NEW, FOREIGN, SHARE) if by_of(ledger, each)]
    assert commanded == [FIRST, SECOND, NEW]
    assert len(operator.hints()) == 1


@pytest.mark.usefixtures("consumers")
def test_of_a_consumer_what_goes_already_is_told_and_the_rest_goes(at_work: Drawbridge, ledger: LedgerTable) -> None:
    ledger.command_withdrawal(row_of(ledger, FIRST), COMMAND)

    rest = at_work("withdraw", "--consumer", CONSUMER, "--yes", "--json")
    again, written = (
        at_work("withdraw", "--consumer", CONSUMER),
        at_work("withdraw", "--consumer", CONSUMER, "--yes", "--json"),
    )

    results = {each["request_id"]: each["result"] for each in rest.json["requests"]}
    assert results == {
        FIRST.request_id: "commanded-already",
        SECOND.request_id: "commanded",
        NEW.request_id: "commanded",
    }
    assert row_of(ledger, FIRST).commanded == COMMAND
    assert (again.code, again.out.splitlines()[-1]) == (0, "nothing more of it goes")
    assert {each["result"] for each in written.json["requests"]} == {"commanded-already"}


@pytest.mark.usefixtures("consumers")
def test_what_is_commanded_before_it_is_decided_on_is_told_once(at_work: Drawbridge, ledger: LedgerTable) -> None:
    ledger.command_withdrawal(row_of(ledger, NEW), COMMAND)

    ended = at_work("withdraw", "--consumer", CONSUMER, "--dry-run")

    assert [line for line in ended.out.splitlines() if NEW.endpoint_id in line] == [
        f". {NEW.endpoint_id} of {CONSUMER}: PENDING: me had it withdrawn at 2026-11-21 00:00 UTC"
    ]


@pytest.mark.usefixtures("consumers")
def test_what_is_connected_with_a_service_that_is_not_managed_any_longer_is_not_said_to_go(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, managed: set[str]
) -> None:
    managed.clear()

    one = at_work("withdraw", FIRST.endpoint_id, "--yes")
    all_of_it = at_work("withdraw", "--consumer", CONSUMER, "--yes")
    written = at_work("withdraw", "--consumer", CONSUMER, "--yes", "--json")

    assert (one.code, one.out) == (1, "")
    assert one.err.startswith(f"{FIRST.endpoint_id} of {CONSUMER}: AVAILABLE: its service is not managed any longer")
    assert all_of_it.code == written.code == 1
    assert all_of_it.out.splitlines()[-1] == "nothing more of it goes"
    results = {each["request_id"]: each["result"] for each in written.json["requests"]}
    assert results == {FIRST.request_id: "not-managed", SECOND.request_id: "not-managed"}
    assert [by_of(ledger, each) for each in (FIRST, SECOND)] == ["", ""]
    assert operator.hints() == []


@pytest.mark.usefixtures("consumers")
def test_a_consumer_that_is_not_connected_is_told_so(at_work: Drawbridge) -> None:
    ended = at_work("withdraw", "--consumer", PROVIDER, "--yes")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"{PROVIDER}: no endpoint or attachment of that account is connected\n"


@pytest.mark.usefixtures("shared")
def test_what_goes_is_written_for_programs_before_it_is_commanded_and_after(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    before = at_work("withdraw", SHARE_ARN, "--dry-run", "--json")
    after = at_work("withdraw", SHARE_ARN, "--yes", "--json")

    document = {
        "request_id": SHARE.request_id,
        "kind": "resource-share",
        "subject": SHARE_ARN,
        "account_id": PROVIDER,
        "status": "AVAILABLE",
        "settled": True,
        "commanded": None,
        "attachments": [
            {
                "name": ATTACHMENT.name,
                "resource_arn": ATTACHMENT.resource_arn,
                "ids": ["snra-0bbb", "vpce-0aaa"],
                "aliases": ["db.example.internal"],
            }
        ],
        "published": [f"{PATH}/connection", f"{PATH}/dns-name"],
    }
    assert before.json == {"dry_run": True, "requests": [document | {"result": "would-be-commanded"}]}
    assert after.json == {"dry_run": False, "requests": [document | {"result": "commanded"}]}
    assert by_of(ledger, SHARE) == caller(operator)


@pytest.mark.usefixtures("consumers")
def test_what_has_changed_meanwhile_is_told_and_the_rest_goes(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    commanded = LedgerTable.command_withdrawal

    def late(self: LedgerTable, row: LedgerRow, command: WithdrawalCommand) -> bool:
        if row.request_id == FIRST.request_id and row_of(ledger, FIRST).settled:
            enter_next_attempt(ledger, FIRST)
        return commanded(self, row, command)

    monkeypatch.setattr(LedgerTable, "command_withdrawal", late)

    ended = at_work("withdraw", "--consumer", CONSUMER, "--yes", "--json")

    assert ended.code == 1
    assert ended.err == f"{FIRST.request_id}: it has changed meanwhile; look again\n"
    assert [each["result"] for each in ended.json["requests"]] == ["changed-meanwhile", "commanded", "commanded"]
    assert [bool(by_of(ledger, each)) for each in (FIRST, SECOND)] == [False, True]
    assert len(operator.hints()) == 1


@pytest.mark.usefixtures("consumers")
def test_where_everything_has_changed_meanwhile_nothing_is_said_to_go(
    at_work: Drawbridge, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LedgerTable, "command_withdrawal", lambda *_: False)

    ended = at_work("withdraw", FIRST.endpoint_id, "--yes")

    assert ended.code == 1
    assert "withdrawn by" not in ended.out
    assert operator.hints() == []


@pytest.mark.usefixtures("consumers")
def test_where_the_ledger_can_not_be_written_it_is_told_how_far_it_got(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    with denied("dynamodb:UpdateItem", operator.account_id):
        ended = at_work("withdraw", "--consumer", CONSUMER, "--yes")

    assert ended.code == 3
    first, second = ended.err.splitlines()
    assert first == f"0 of 3 are commanded; drawbridge withdraw --consumer {CONSUMER} does the rest"
    assert second.startswith(f"AWS: write {FIRST.request_id} to the ledger: AccessDeniedException")
    assert (by_of(ledger, FIRST), by_of(ledger, SECOND)) == ("", "")


@pytest.mark.usefixtures("consumers")
@pytest.mark.parametrize("operation", ["dynamodb:Query", "dynamodb:BatchGetItem", "sts:GetCallerIdentity"])
def test_where_something_can_not_be_read_nothing_is_commanded(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, operation: str
) -> None:
    with denied(operation, operator.account_id):
        ended = at_work("withdraw", "--consumer", CONSUMER, "--yes")

    assert ended.code == 3
    assert ended.err.startswith("AWS: ")
    assert by_of(ledger, FIRST) == ""


@pytest.mark.usefixtures("consumers")
def test_a_ledger_that_throttles_for_a_while_is_asked_again(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    throttled = CallFault(
        "dynamodb:UpdateItem", "error", code="ThrottlingException", account=operator.account_id, times=1
    )
    with faults.injected(throttled):
        ended = at_work("withdraw", FIRST.endpoint_id, "--yes")

    assert ended.code == 0
    assert by_of(ledger, FIRST)


@pytest.mark.usefixtures("consumers")
def test_whoever_may_not_send_a_hint_commands_all_the_same(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    with denied("sqs:SendMessage", operator.account_id):
        ended = at_work("withdraw", FIRST.endpoint_id, "--yes")

    assert ended.code == 0
    assert "within its schedule" in ended.err
    assert by_of(ledger, FIRST)


@pytest.mark.usefixtures("consumers")
def test_a_row_that_can_not_be_read_is_told_and_the_others_go(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    table = operator.table("LedgerTableName")
    table.update_item(
        Key={"request_id": SECOND.request_id},
        UpdateExpression="SET updated_at = :odd",
        ExpressionAttributeValues={":odd": "yesterday"},
    )

    ended = at_work("withdraw", "--consumer", CONSUMER, "--yes")

    assert ended.code == 0
    assert f"the ledger's row '{SECOND.request_id}' can't be read" in ended.err
    assert by_of(ledger, FIRST)
