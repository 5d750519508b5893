"""Requests by name: every command that is about one finds it by all that is known of it, and says the same if not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.request import ResourceShareRequest
from drawbridge.status import Status
from tests.builders import CONSUMER, RESOURCE_ARN, SHARE_ARN, STRANGER
from tests.cli.connected import ATTACHMENT, LET_IN, connection, enter, enter_connected, ledger_of
from tests.cli.operators import Drawbridge, Ended, Operator

SHARE = ResourceShareRequest(share_arn=SHARE_ARN)
PUBLISHED = "/drawbridge/connections/orders/orders-db/dns-name"


@pytest.fixture
def ledger(operator: Operator) -> Iterator[LedgerTable]:
    with ledger_of(operator) as ledger:
        yield ledger


@pytest.fixture
def peopled(ledger: LedgerTable) -> LedgerTable:
    enter(ledger, SHARE, Status.AVAILABLE, let_in=LET_IN, attachments=(ATTACHMENT,), published=(PUBLISHED,))
    enter_connected(ledger, connection(1), account=STRANGER)
    enter_connected(ledger, connection(2), account=STRANGER)
    return ledger


COMMANDS = (
    ("why",),
    ("policy", "explain"),
    ("retry", "--yes"),
    ("withdraw", "--yes"),
    ("approve", "--yes"),
    ("deny", "--yes"),
)
ABOUT_ONE = COMMANDS[1:]


def tells_of(ended: Ended, request_id: str) -> bool:
    """Whether a command has found the request, whatever it then made of it."""
    return "knows nothing of it" not in ended.err and request_id in ended.out + ended.err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    "named",
    [
        SHARE.request_id,
        SHARE_ARN,
        SHARE_ARN.rpartition("/")[2],
        PUBLISHED,
        "orders",
        CONSUMER,
        RESOURCE_ARN,
        "vpce-0aaa",
    ],
)
def test_every_command_finds_a_request_by_whatever_is_known_of_it(
    at_work: Drawbridge, peopled: LedgerTable, command: tuple[str, ...], named: str
) -> None:
    ended = at_work(*command, named)

    assert tells_of(ended, SHARE.request_id) or SHARE_ARN in ended.out, ended


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_says_the_same_of_what_is_unknown(
    at_work: Drawbridge, operator: Operator, peopled: LedgerTable, command: tuple[str, ...]
) -> None:
    ended = at_work(*command, "vpce-0aab")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(
        f"vpce-0aab: the ledger of drawbridge in us-east-1, account {operator.account_id} knows nothing of it. "
        "Looked for it as a request's id, "
    )
    assert ended.err.endswith("; did you mean vpce-0aaa?\n")


@pytest.mark.parametrize("command", ABOUT_ONE, ids=" ".join)
def test_a_name_of_several_is_not_enough_for_what_is_about_one(
    at_work: Drawbridge, peopled: LedgerTable, command: tuple[str, ...]
) -> None:
    ended = at_work(*command, STRANGER)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"{STRANGER}: 2 requests are of that name, say which by its id: ")
    assert {connection(1).request_id, connection(2).request_id} == {*ended.err.strip().rpartition(": ")[2].split(", ")}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_row_that_can_not_be_read_needs_somebody_whoever_asks(
    at_work: Drawbridge, operator: Operator, peopled: LedgerTable, command: tuple[str, ...]
) -> None:
    operator.table("LedgerTableName").update_item(
        Key={"request_id": SHARE.request_id},
        UpdateExpression="SET updated_at = :odd",
        ExpressionAttributeValues={":odd": "yesterday"},
    )

    ended, status = at_work(*command, SHARE_ARN), at_work("status")

    assert (ended.code, status.code) == (1, 1)
    (line,) = ended.err.splitlines()
    assert line.startswith(f"the ledger's row '{SHARE.request_id}' can't be read: ")
    assert line in status.err


def test_what_can_not_be_read_is_told_to_programs(
    at_work: Drawbridge, operator: Operator, peopled: LedgerTable
) -> None:
    operator.table("LedgerTableName").update_item(
        Key={"request_id": SHARE.request_id},
        UpdateExpression="SET updated_at = :odd",
        ExpressionAttributeValues={":odd": "yesterday"},
    )

    ended = at_work("why", SHARE.request_id, "--json")

    assert (ended.code, ended.json["requests"]) == (1, [])
    assert [SHARE.request_id in each for each in ended.json["unreadable"]] == [True]
    assert (ended.json["region"], ended.json["account_id"]) == ("us-east-1", operator.account_id)


def test_a_name_of_its_own_counts_more_than_what_others_have_of_it(at_work: Drawbridge, ledger: LedgerTable) -> None:
    own = connection(0xAAA)
    made = ATTACHMENT.made.__class__(endpoint_id=own.endpoint_id)
    attachment = ATTACHMENT.__class__(
        **{name: getattr(ATTACHMENT, name) for name in ATTACHMENT.__struct_fields__} | {"made": made}
    )
    enter(ledger, SHARE, Status.AVAILABLE, let_in=LET_IN, attachments=(attachment,))
    enter_connected(ledger, own)

    explained, told = at_work("policy", "explain", own.endpoint_id), at_work("why", own.endpoint_id, "--json")

    assert explained.out.startswith(own.request_id)
    assert {each["status"]["request_id"] for each in told.json["requests"]} == {own.request_id, SHARE.request_id}
