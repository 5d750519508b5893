"""What is on record of offers, as ``why`` and ``consumers show`` tell it, and as ``withdraw --confirm`` changes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from drawbridge.aws.offers_table import OffersTable
from drawbridge.errors import AccessDeniedError
from drawbridge.intake.offering.leaving import Leaving, LeavingCause
from drawbridge.intake.offering.offers import OfferRecord
from drawbridge.intake.offering.share_notice import ShareNotice, ShareNoticeType
from drawbridge.request.announced import Announced
from drawbridge.status import Reason
from tests.builders import CONSUMER, NOW, SERVICE_ID, SHARE_ARN, STRANGER
from tests.cli.made import DEFAULTS, folder_of
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


@pytest.fixture
def own_share(operator: Operator) -> str:
    return f"arn:aws:ram:us-east-1:{operator.account_id}:resource-share/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"


LONG_AGO = NOW.replace(year=2001)
INVITED = ShareNotice(type=ShareNoticeType.OFFERED, since=NOW, until=NOW.replace(year=2999))
IN = ShareNotice(type=ShareNoticeType.AVAILABLE, since=NOW)


@pytest.mark.parametrize(
    ("changes", "words", "code"),
    [
        (
            {"notice": INVITED},
            "invited at 2026-11-21 12:00 UTC: it can accept the invitation until 2999-11-21 12:00 UTC",
            0,
        ),
        (
            {"notice": replace(INVITED, until=LONG_AGO)},
            "it did not accept the invitation until 2001-11-21 12:00 UTC; where its entry calls for it, another",
            0,
        ),
        ({"notice": IN}, "in the share since 2026-11-21 12:00 UTC", 0),
        ({"notice": replace(IN, type=ShareNoticeType.ANNOUNCED)}, "in the share; that it leaves was announced at", 0),
        ({"notice": replace(IN, type=ShareNoticeType.CANCELLED)}, "in the share; that it leaves was called off at", 0),
        ({"notice": replace(IN, type=ShareNoticeType.WITHDRAWN)}, "out of the share, as of 2026-11-21 12:00 UTC", 0),
        ({}, "the next sweep finds how far it is", 0),
        ({"is_confirmed": False}, "a sweep is at it, or the next one will be", 0),
        (
            {"is_confirmed": False, "refused_at": NOW},
            "AWS refused it last at 2026-11-21 12:00 UTC; it is tried again",
            1,
        ),
        ({"awaited_since": NOW}, "since 2026-11-21 12:00 UTC it stays until another share has taken it", 0),
        ({"leaving": FORBIDDEN}, "it leaves at 2026-11-28 12:00 UTC (forbidden), with what it has associated of it", 0),
        ({"leaving": OUT}, "it has left (of another tier); what it has associated of it goes at 2026-11-28", 0),
        ({"leaving": CAPPED}, "it stays, as too many would leave at once (forbidden). Not these.", 1),
    ],
)
@pytest.mark.parametrize("by_account", [True, False])
def test_why_tells_how_far_an_offer_is_and_what_leaves_when(
    by_account: bool,
    changes: dict[str, Any],
    words: str,
    code: int,
    at_work: Drawbridge,
    offers: OffersTable,
    own_share: str,
) -> None:
    offers.note(
        [replace(record(CONSUMER, None, own_share), tier="gold", **changes), record("444444444444", None, "arn:x")],
        after=[],
    )

    ended = at_work("why", CONSUMER if by_account else own_share)

    told = " ".join(ended.out.split())
    assert (ended.code, ended.err) == (code, "")
    assert f"Offered (1) {own_share}: {CONSUMER} offered at 2026-11-21 12:00 UTC as gold" in told
    assert words in told
    assert ("drawbridge withdraw --confirm" in told) is (changes.get("leaving") is CAPPED)


def test_why_tells_programs_of_offers_beside_requests(at_work: Drawbridge, offers: OffersTable) -> None:
    allowed = replace(record(CONSUMER, None), target=SERVICE_ID, principal=f"arn:aws:iam::{CONSUMER}:root")
    offers.note([allowed, replace(record(CONSUMER, OUT), notice=INVITED), record(STRANGER, None)], after=[])

    ended = at_work("why", CONSUMER, "--json")
    of_service = at_work("why", SERVICE_ID)

    assert (ended.code, of_service.code, ended.json["requests"]) == (0, 0, [])
    share, service = ended.json["offers"]
    assert (share["target"], share["status"], share["leaving"]["cause"]) == (SHARE_ARN, "PENDING", "other-tier")
    assert (share["since"], share["until"]) == ("2026-11-21T12:00:00Z", "2999-11-21T12:00:00Z")
    assert (service["target"], service["status"], service["leaving"]) == (SERVICE_ID, None, None)
    assert "it may find the service" in of_service.out


def test_of_many_offers_those_come_first_that_need_somebody_and_how_many_more_there_are(
    at_work: Drawbridge, offers: OffersTable, own_share: str
) -> None:
    many = [record(f"{number:012}", None, own_share) for number in range(24)]
    offers.note([*many, record(STRANGER, CAPPED, own_share)], after=[])

    lines = at_work("why", own_share).out.splitlines()

    assert lines[2] == f"  {own_share}: {STRANGER}"
    assert "  and 5 more: --json" in lines
    assert len([line for line in lines if line.startswith(f"  {own_share}: ")]) == 20


def test_who_may_not_read_offers_is_told_so_and_what_was_looked_for(
    at_work: Drawbridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> None:
        raise AccessDeniedError("dynamodb:Scan is denied")

    monkeypatch.setattr(OffersTable, "targets", denied)

    ended = at_work("why", CONSUMER)

    first, second = ended.err.splitlines()
    assert ended.code == 1
    assert "what is offered can't be shown: dynamodb:Scan is denied" in first
    assert "knows nothing of it" in second


@pytest.mark.parametrize("named", ["999999999999", SHARE_ARN, SERVICE_ID])
def test_of_what_is_offered_to_nobody_and_no_request_it_is_told_what_was_looked_for(
    named: str, at_work: Drawbridge, offers: OffersTable
) -> None:
    offers.note([replace(record(STRANGER, None), target=each) for each in ("arn:x", SHARE_ARN)], after=[])

    ended = at_work("why", named)

    assert (ended.code, ended.out) == (1, "")
    assert "knows nothing of it" in ended.err


@pytest.fixture
def registered(operator: Operator) -> Iterator[Any]:
    table = operator.table("ConsumersTableName")
    for each in (CONSUMER, STRANGER):
        table.put_item(Item={"account_id": each, "tier": "gold"})
    yield table
    for each in (CONSUMER, STRANGER):
        table.delete_item(Key={"account_id": each})


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("urgent", [True, False])
def test_what_a_forbid_would_take_from_shares_is_shown_before_it_is_in_force(
    urgent: bool, at_work: Drawbridge, offers: OffersTable, offered_share: str, tmp_path: Path
) -> None:
    out = replace(record("444444444444", OUT, offered_share))
    offers.note([record(each, None, offered_share) for each in (CONSUMER, STRANGER)] + [out], after=[])
    annotation = '@urgent("true")\n' if urgent else ""
    forbid = f'{annotation}forbid(principal == Account::"{CONSUMER}", action == Action::"offer", resource);'
    folder = folder_of(tmp_path, {"late-payers": forbid})

    ended = at_work("policy", "simulate", folder, "--exit-code")
    (told,) = at_work("policy", "apply", folder, "--dry-run", "--json").json["simulation"]["shares"]

    when = "at once" if urgent else "168 hours after that is announced"
    lines = ended.out.splitlines()
    change = lines.index(f"{offered_share}: {CONSUMER} leaves {when}")
    assert lines[change + 1].startswith("  then  late-payers: ")
    assert (ended.code, ended.err, STRANGER in ended.out) == (1, "", False)
    assert "Nothing would come out otherwise." not in lines
    assert (told["shareArn"], told["accountId"], told["leaves"], told["urgent"]) == (
        offered_share,
        CONSUMER,
        True,
        urgent,
    )


@pytest.mark.usefixtures("registered")
def test_what_would_be_called_off_is_shown_too(
    at_work: Drawbridge, operator: Operator, offers: OffersTable, offered_share: str, tmp_path: Path
) -> None:
    offers.note([record(CONSUMER, FORBIDDEN, offered_share)], after=[])
    forbid = f'forbid(principal == Account::"{CONSUMER}", action == Action::"offer", resource);'
    at_work("policy", "apply", folder_of(tmp_path / "then", {"late-payers": forbid}), "--yes")
    same = at_work("policy", "simulate", folder_of(tmp_path / "same", {"late-payers": forbid}), "--exit-code")

    without = folder_of(tmp_path / "now", {"late-payers": forbid.replace(CONSUMER, "999999999999")})
    ended = at_work("policy", "simulate", without)
    operator.forget_policies(keep=DEFAULTS)

    assert (same.code, "Nothing would come out otherwise." in same.out) == (0, True)
    lines = ended.out.splitlines()
    change = lines.index(f"{offered_share}: {CONSUMER} stays: that it leaves is called off")
    assert lines[change + 1].startswith("  now   late-payers: ")
