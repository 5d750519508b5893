"""Who leaves offered shares, as ``consumers show`` tells it, and ``withdraw --confirm`` lets go what is held back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from drawbridge.aws.offers_table import OffersTable
from drawbridge.intake.leaving import Leaving, LeavingCause
from drawbridge.intake.offers import OfferRecord
from drawbridge.request.announced import Announced
from drawbridge.status import Reason
from tests.builders import CONSUMER, NOW, SERVICE_ID, SHARE_ARN, STRANGER
from tests.cli.operators import Drawbridge, Operator, denied

WEEK = timedelta(hours=168)
ANNOUNCED = Announced(
    since=NOW, withdraw_after=NOW + WEEK, forbidden=False, reasons=(Reason("no", "Not these.", "policy"),)
)
FORBIDDEN = Leaving(cause=LeavingCause.FORBIDDEN, announced=ANNOUNCED)
CAPPED = replace(FORBIDDEN, is_capped=True)
OUT = replace(FORBIDDEN, cause=LeavingCause.OTHER_TIER, taken_out_at=NOW)


def record(account_id: str, leaving: Leaving | None, share_arn: str = SHARE_ARN) -> OfferRecord:
    kept = OfferRecord(target=share_arn, principal=account_id, account_id=account_id, offered_at=NOW, leaving=leaving)
    return replace(kept, is_confirmed=True)


@pytest.fixture
def offered_share(operator: Operator) -> Iterator[str]:
    ram = operator.client("ram")
    tags = [{"key": "drawbridge:offer", "value": "gold"}]
    share: str = ram.create_resource_share(name="gold", tags=tags)["resourceShare"]["resourceShareArn"]
    yield share
    ram.delete_resource_share(resourceShareArn=share)


@pytest.fixture
def offers(operator: Operator) -> Iterator[OffersTable]:
    table = operator.table("OffersTableName")
    yield OffersTable(table, on_broken=pytest.fail)
    for item in table.scan()["Items"]:
        table.delete_item(Key={name: item[name] for name in ("target", "principal")})


def test_who_is_held_back_in_a_share_is_shown_and_let_go_and_nobody_else(
    at_work: Drawbridge, operator: Operator, offers: OffersTable
) -> None:
    kept, others = record(CONSUMER, CAPPED), [record(STRANGER, FORBIDDEN), record("444444444444", None)]
    offers.note([kept, *others], after=[])
    operator.hints()

    ended = at_work("withdraw", "--confirm", typed="y\n")

    assert ended.code == 0, ended.err
    words = " ".join(ended.out.split())
    assert f"{SHARE_ARN} {CONSUMER} its place in the share 2026-11-21 12:00 forbidden" in words
    assert STRANGER not in ended.out
    assert "1 are let go" in ended.out
    after = offers.of(SHARE_ARN)
    assert after[CONSUMER].leaving == replace(CAPPED, announced=replace(ANNOUNCED, confirmed=True))
    assert [after[each.account_id] for each in others] == others
    (hint,) = operator.hints()
    assert json.loads(hint)["detail-type"] == "Sweep"
    assert at_work("withdraw", "--confirm").out == "nothing is held back\n"


def test_who_stays_in_shares_anyway_is_not_shown_as_held_back_nor_let_go(
    at_work: Drawbridge, operator: Operator, offers: OffersTable
) -> None:
    kept = record(CONSUMER, CAPPED)
    offers.note([kept], after=[])
    at_work("consumers", "add", CONSUMER, "--tier", "gold")
    assert at_work("consumers", "suspend", CONSUMER).code == 0

    ended = at_work("withdraw", "--confirm", "--yes")

    assert (ended.code, ended.out) == (0, "nothing is held back\n")
    assert offers.of(SHARE_ARN) == {CONSUMER: kept}
    at_work("consumers", "resume", CONSUMER)
    with denied("dynamodb:BatchGetItem", operator.account_id):
        unread = at_work("withdraw", "--confirm", "--dry-run")
    assert CONSUMER in unread.out
    assert "who of them is suspended, and stays in shares, can't be shown" in unread.err
    assert CONSUMER in at_work("withdraw", "--confirm", "--dry-run").out
    at_work("consumers", "remove", CONSUMER, "--yes")


@pytest.mark.parametrize(("option", "result"), [("--dry-run", "would-be-commanded"), ("--yes", "commanded")])
def test_programs_are_told_of_shares_beside_requests(
    at_work: Drawbridge, offers: OffersTable, option: str, result: str
) -> None:
    offers.note([record(CONSUMER, CAPPED)], after=[])

    printed: Any = at_work("withdraw", "--confirm", option, "--json").json

    assert printed["requests"] == []
    (told,) = printed["offers"]
    assert (told["target"], told["account_id"], told["cause"]) == (SHARE_ARN, CONSUMER, "forbidden")
    assert (told["result"], told["held_back"]) == (result, True)
    leaving = offers.of(SHARE_ARN)[CONSUMER].leaving
    assert leaving is not None
    assert leaving.announced.confirmed is (option == "--yes")


def test_one_that_changes_in_the_middle_is_told_and_not_let_go(
    at_work: Drawbridge, offers: OffersTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = record(CONSUMER, CAPPED)
    offers.note([kept], after=[])
    real = OffersTable.note

    def note(table: OffersTable, records: list[OfferRecord], *, after: list[OfferRecord]) -> list[OfferRecord]:
        real(table, [replace(kept, leaving=None)], after=[kept])
        return real(table, records, after=after)

    monkeypatch.setattr(OffersTable, "note", note)

    ended = at_work("withdraw", "--confirm", "--yes")

    assert ended.code == 1
    assert f"{CONSUMER} of {SHARE_ARN}: it has changed meanwhile; look again" in ended.err
    assert offers.of(SHARE_ARN)[CONSUMER].leaving is None


def test_who_may_not_read_the_offers_is_told_and_lets_go_the_rest(at_work: Drawbridge, operator: Operator) -> None:
    with denied("dynamodb:Scan", operator.account_id):
        ended = at_work("withdraw", "--confirm", "--yes")

    assert ended.code == 0
    assert ended.err.startswith("who leaves shares can't be shown: ")


@pytest.mark.parametrize(
    ("leaving", "says"),
    [
        (FORBIDDEN, "it leaves at 2026-11-28 12:00 UTC (forbidden), with what it has associated of it. Not these."),
        (CAPPED, "it stays, as too many would leave at once (forbidden). Not these."),
        (OUT, "it has left (of another tier); what it has associated of it goes at 2026-11-28 12:00 UTC. Not these."),
    ],
    ids=["announced", "held back", "left"],
)
def test_how_it_leaves_is_told_with_its_entry(
    at_work: Drawbridge, offers: OffersTable, offered_share: str, leaving: Leaving, says: str
) -> None:
    at_work("consumers", "add", CONSUMER, "--service", SERVICE_ID)
    offers.note(
        [record(each, its, offered_share) for each, its in ((CONSUMER, leaving), (STRANGER, FORBIDDEN))], after=[]
    )

    shown, printed = at_work("consumers", "show", CONSUMER), at_work("consumers", "show", CONSUMER, "--json")
    removal = at_work("consumers", "remove", CONSUMER, "--dry-run")
    at_work("consumers", "remove", CONSUMER, "--yes")

    assert f"{offered_share}: {says}" in shown.out.replace("\n", " ")
    (told,) = printed.json["leaving"]
    assert (told["cause"], told["withdraw_after"]) == (leaving.cause, "2026-11-28T12:00:00Z")
    goes = "has left" if leaving is OUT else "is taken out of"
    assert f"{CONSUMER} {goes} the share, and what it has associated of it is deleted" in removal.out
