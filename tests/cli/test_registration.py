"""Registering consumers: whatever is typed or imported is checked before it is written."""

import csv
import io
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drawbridge.decision.facts import Consumer
from drawbridge.decision.registration import BadLine, Registration, read_registrations, registration
from drawbridge.errors import InvalidInputError
from tests.builders import CONSUMER, NOW, PROVIDER, SERVICE_ID, STRANGER

HEADER = "account_id,tier,services,name,notes\n"


def registered(account_id: str = CONSUMER, **changes: Any) -> Registration:
    fields: dict[str, Any] = {"tier": "gold", "services": ["*"], "name": "Orders", "notes": "", "since": NOW}
    return registration(account_id, **(fields | changes))


def read(text: str) -> tuple[list[Registration], list[BadLine]]:
    return read_registrations(text, NOW)


def accounts(text: str) -> list[str]:
    good, bad = read(text)
    assert bad == []
    return [entry.account_id for entry in good]


def test_an_entry_is_what_it_was_given() -> None:
    entry = registered(services=[SERVICE_ID, "*"], notes="since May")

    assert entry.account_id == CONSUMER
    assert entry.consumer == Consumer(
        tier="gold", services=frozenset({SERVICE_ID, "*"}), name="Orders", notes="since May", since=NOW
    )


def test_only_account_and_services_are_needed() -> None:
    entry = registered(tier="", name="", services=[f" {SERVICE_ID} ", ""])

    assert entry.consumer == Consumer(services=frozenset({SERVICE_ID}), since=NOW)


@pytest.mark.parametrize(
    "account_id", ["", "22222222222a", "2222222222222", " 222222222222", "222222222222\n", "orders"]
)
def test_an_account_is_12_digits(account_id: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^account_id: .* is no AWS account \(12 digits\)$"):
        registered(account_id)


@pytest.mark.parametrize("account_id", ["123456789", "12345678901"])
def test_an_account_that_lost_its_leading_zeros_is_told_so(account_id: str) -> None:
    with pytest.raises(InvalidInputError, match="leading zeros may have been lost"):
        registered(account_id)


def test_digits_of_other_scripts_are_no_account() -> None:
    with pytest.raises(InvalidInputError, match="account_id"):
        registered("\N{FULLWIDTH DIGIT ONE}" * 12)


@pytest.mark.parametrize("tier", ["very gold", "-gold", ".gold", "gold\n", "gold;silver", "g" * 65])
def test_a_tier_is_a_short_word(tier: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^tier: "):
        registered(tier=tier)


@pytest.mark.parametrize("tier", ["gold", "2nd", "a.b_c-d", "g" * 64])
def test_a_tier_may_be_any_short_word(tier: str) -> None:
    assert registered(tier=tier).consumer.tier == tier


@pytest.mark.parametrize("service", ["orders", "vpce-svc-1", "vpce-0123456789abcdef0", SERVICE_ID.upper(), "**"])
def test_a_service_is_an_id_or_a_star(service: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^services: .* is no endpoint service; give ids such as vpce-svc-"):
        registered(services=["*", service])


@pytest.mark.parametrize("services", [[], [""], ["  "]])
def test_a_consumer_of_nothing_is_none(services: list[str]) -> None:
    with pytest.raises(InvalidInputError, match=r"^services: none is given, and no tier"):
        registered(services=services, tier="")


def test_a_consumer_of_a_tier_needs_no_services() -> None:
    assert registered(services=[], tier="gold").consumer.services == frozenset()


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-iso-b"])
@pytest.mark.parametrize("resource", ["root", "role/Connector", "user/jane.doe@example.com"])
def test_principals_are_roles_and_users_of_the_account_or_its_root(partition: str, resource: str) -> None:
    arn = f"arn:{partition}:iam::{CONSUMER}:{resource}"

    assert registered(principals=[f" {arn} ", ""]).consumer.principals == {arn}


@pytest.mark.parametrize(
    "principal",
    [
        f"arn:aws:iam::{STRANGER}:role/Connector",
        f"arn:aws:iam::{CONSUMER}:role/team/Connector",
        f"arn:aws:iam::{CONSUMER}:role/",
        f"arn:aws:iam::{CONSUMER}:role/*",
        f"arn:aws:iam::{CONSUMER}:role/{'x' * 65}",
        f"arn:aws:iam::{CONSUMER}:group/admins",
        f"arn:aws:iam::{CONSUMER}:role/Connector\nx",
        f"arn:aws:iam::{CONSUMER}:role/\N{LATIN SMALL LETTER E WITH ACUTE}",
        f"arn:aws:iam:us-east-1:{CONSUMER}:root",
        f"arn:aws:sts::{CONSUMER}:assumed-role/Connector/session",
        f"arn:amazon:iam::{CONSUMER}:root",
        CONSUMER,
        "*",
    ],
)
def test_nothing_else_is_a_principal(principal: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"^principals: .* {CONSUMER}; give ARNs .* without a path$"):
        registered(principals=[f"arn:aws:iam::{CONSUMER}:root", principal])


def test_an_entry_has_bounds_so_that_a_hundred_fit_into_a_transaction() -> None:
    services = [f"vpce-svc-{number:017x}" for number in range(501)]
    roles = [f"arn:aws:iam::{CONSUMER}:role/{'r' * 60}{number}" for number in range(51)]

    with pytest.raises(InvalidInputError, match=r"^services: 501, 500 at most"):
        registered(services=services)
    with pytest.raises(InvalidInputError, match=r"^principals: 51, 50 at most"):
        registered(principals=roles)
    largest = registered(
        services=services[1:], principals=roles[1:], name="\U0001f600" * 1000, notes="\U0001f600" * 1000
    )
    assert len(msgspec.json.encode(largest.consumer)) < 4 * 1024 * 1024 / 100


@pytest.mark.parametrize("field", ["name", "notes"])
def test_what_is_written_for_people_has_a_length_too(field: str) -> None:
    assert registered(**{field: "x" * 1000})
    with pytest.raises(InvalidInputError, match=rf"^{field}: 1001 characters, 1000 at most"):
        registered(**{field: "x" * 1001})


@pytest.mark.parametrize("wrong", [{"account_id": "1" * 9999}, {"tier": "x" * 9999}, {"services": ["x" * 9999]}])
def test_what_is_wrong_is_reported_in_short(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        registered(**wrong)

    assert len(str(refused.value)) < 300


def test_a_file_is_read_with_its_columns_in_any_order() -> None:
    good, bad = read(f"Services , ACCOUNT_ID,name\n{SERVICE_ID}, {CONSUMER} ,Orders\n")

    assert bad == []
    assert good == [registered(tier="", services=[SERVICE_ID])]


@pytest.mark.parametrize("between", [" ", ";", "; ", " ;\t"])
def test_services_have_spaces_or_semicolons_between(between: str) -> None:
    good, _ = read(f"{HEADER}{CONSUMER},gold,{SERVICE_ID}{between}*,Orders,\n")

    assert good == [registered(services=[SERVICE_ID, "*"])]


@pytest.mark.parametrize("between", [" ", ";", "; ", " ;\t"])
def test_principals_have_spaces_or_semicolons_between(between: str) -> None:
    principals = [f"arn:aws:iam::{CONSUMER}:role/{name}" for name in ("A", "B")]

    good, bad = read(f"account_id,services,principals\n{CONSUMER},*,{between.join(principals)}\n")

    assert bad == []
    assert good[0].consumer.principals == {*principals}
    assert "principals" not in good[0].unsaid


@pytest.mark.parametrize(
    ("written", "is_required", "is_said"),
    [
        ("true", True, True),
        ("TRUE", True, True),
        ("yes", True, True),
        ("1", True, True),
        ("false", False, True),
        ("No", False, True),
        ("0", False, True),
        ("", False, False),
        ("  ", False, False),
    ],
)
def test_whether_proof_is_required_is_a_word_of_spreadsheets(written: str, *, is_required: bool, is_said: bool) -> None:
    good, bad = read(f"account_id,services,proof_required\n{CONSUMER},*,{written}\n")

    assert bad == []
    assert good[0].consumer.proof_required is is_required
    assert ("proof_required" not in good[0].unsaid) is is_said


def test_of_what_a_file_has_no_column_it_says_nothing() -> None:
    good, _ = read(f"{HEADER}{CONSUMER},gold,*,Orders,\n")

    assert good[0].unsaid == {"principals", "proof_required"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"{CONSUMER},*,,maybe", "proof_required: 'maybe' is neither true nor false"),
        (f"{CONSUMER},*,arn:aws:iam::{STRANGER}:root,", f"principals: 'arn:aws:iam::{STRANGER}:root' is no role"),
        (f"{CONSUMER},,,", "services: none is given, and no tier"),
        (f"{CONSUMER[:6]} {CONSUMER[6:]},*,,", "account_id: '222222 222222' is no AWS account"),
        ("2222222222,*,,", "account_id: '2222222222' is no AWS account (12 digits); its leading zeros may"),
        ("2.22222E+11,*,,", "account_id: '2.22222E+11' is no AWS account"),
    ],
)
def test_a_bad_line_is_told_by_its_number(line: str, reason: str) -> None:
    good, bad = read(f"account_id,services,principals,proof_required\n{STRANGER},*,,\n{line}\n")

    assert [each.account_id for each in good] == [STRANGER]
    assert [each.number for each in bad] == [3]
    assert bad[0].reason.startswith(reason)


def test_a_quoted_field_may_hold_commas_quotes_and_lines() -> None:
    good, bad = read(f'{HEADER}{CONSUMER},gold,*,"Orders, ""the"" team","one\ntwo"\n{STRANGER},,*,,\n')

    assert bad == []
    assert good[0].consumer.name == 'Orders, "the" team'
    assert good[0].consumer.notes == "one\ntwo"
    assert good[1].account_id == STRANGER


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_do_anywhere(end: str) -> None:
    assert accounts(f"account_id,services{end}{CONSUMER},*{end}{end}{STRANGER},*") == [CONSUMER, STRANGER]


@pytest.mark.parametrize(
    "text", ["\ufeffaccount_id,services\n", '\ufeff"account_id",services\n', "\n , \naccount_id,services\n"]
)
def test_a_byte_order_mark_and_empty_lines_are_passed_over(text: str) -> None:
    assert accounts(f"{text}{CONSUMER},*\n,\n\n") == [CONSUMER]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("account,services", "unknown: account"),
        ("account_id;tier;services", "unknown: account_id;tier;services"),
        ("account_id,tier", "missing: services"),
        ("services", "missing: account_id"),
        ("account_id,services,Services", "twice there: services"),
        (f"{CONSUMER},*", "unknown: "),
    ],
)
def test_a_header_is_needed_that_names_known_columns(header: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"^line 1: {message}") as refused:
        read(f"{header}\n{CONSUMER},*\n")

    assert "account_id, tier, services, name, notes" in str(refused.value)


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", " , \n"])
def test_a_file_without_anything_wants_a_header(text: str) -> None:
    with pytest.raises(InvalidInputError, match="a header is needed: account_id,tier,services,name,notes"):
        read(text)


def test_a_wrong_header_is_reported_by_the_line_that_it_is_on() -> None:
    with pytest.raises(InvalidInputError, match=r"^line 3: unknown: account"):
        read("\n\naccount,services\n")


def test_bad_lines_are_reported_by_number_and_the_others_are_read() -> None:
    good, bad = read(
        f"{HEADER}"
        f"{CONSUMER},gold,*,Orders,\n"
        "\n"
        f"{PROVIDER},gold,*,Orders, the team,\n"
        f"{PROVIDER},gold\n"
        f"{PROVIDER},gold,orders,,\n"
        f"{STRANGER},gold,*,,\n"
    )

    assert [entry.account_id for entry in good] == [CONSUMER, STRANGER]
    assert [line.number for line in bad] == [4, 5, 6]
    assert "6 fields, where the header has 5; put quotes around commas" in bad[0].reason
    assert "2 fields" in bad[1].reason
    assert bad[2].reason.startswith("services: 'orders'")


def test_an_account_that_is_there_twice_counts_as_it_is_there_first() -> None:
    good, bad = read(f"{HEADER}{CONSUMER},gold,*,Orders,\n{CONSUMER},silver,*,,\n{CONSUMER},bronze,*,,\n")

    assert good == [registered()]
    assert bad == [BadLine(number, f"account_id: {CONSUMER} is on an earlier line already") for number in (3, 4)]


def test_quotes_that_do_not_fit_spoil_their_line_only() -> None:
    good, bad = read(f'{HEADER}{CONSUMER},gold,*,"Orders" team,\n{STRANGER},,*,,\n')

    assert [entry.account_id for entry in good] == [STRANGER]
    assert [line.number for line in bad] == [2]


def test_a_quote_that_is_never_closed_is_reported() -> None:
    good, bad = read(f'{HEADER}{CONSUMER},gold,*,Orders,\n{STRANGER},,*,"never,closed\n')

    assert [entry.account_id for entry in good] == [CONSUMER]
    assert [line.number for line in bad] == [3]


def test_an_entry_of_several_lines_is_reported_by_its_first() -> None:
    _, unknown = read(f'{HEADER}12,gold,*,Orders,"one\ntwo"\n{STRANGER},,*,,\n')
    _, unclosed = read(f'{HEADER}{CONSUMER},,*,,\n{STRANGER},,*,"never\nclosed\n')

    assert [line.number for line in unknown] == [2]
    assert [line.number for line in unclosed] == [3]


@pytest.mark.parametrize("odd", ["\v", "\f", "\x1e", "\x85", "\u2028"])
def test_only_what_ends_a_line_anywhere_ends_one_here(odd: str) -> None:
    good, bad = read(f"{HEADER}{CONSUMER},gold,*,Orders,one{odd}two\n12,,*,,\n")

    assert [entry.consumer.notes for entry in good] == [f"one{odd}two"]
    assert [line.number for line in bad] == [3]


_lines = st.lists(
    st.sampled_from(
        [
            ("", None),
            (f"{{}},gold,{SERVICE_ID} *,Orders,", True),
            ('{},,*,"Orders, the team",', True),
            ("{},very gold,*,,", False),
            ("{},,orders,,", False),
            ("{},,*", False),
            ('{},,*,"x"x,', False),
        ]
    ),
    max_size=12,
)


@given(_lines, st.sampled_from(["\n", "\r\n"]))
def test_every_line_is_registered_or_reported_by_its_number(lines: list[tuple[str, bool | None]], end: str) -> None:
    written = [line.format(f"{number:012}") for number, (line, _) in enumerate(lines, start=2)]

    good, bad = read(HEADER.strip() + end + "".join(line + end for line in written))

    numbered = [(number, is_good) for number, (_, is_good) in enumerate(lines, start=2)]
    assert [int(entry.account_id) for entry in good] == [number for number, is_good in numbered if is_good]
    assert [line.number for line in bad] == [number for number, is_good in numbered if is_good is False]


@given(st.text() | st.text(alphabet='12,;*"\n\r \ufeff', max_size=80).map(lambda text: f"account_id,services\n{text}"))
@example("account_id,services\n" + '"' + "x" * 140_000 + '"\n')
@example("account_id,services\n\0,\0\n")
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        good, bad = read(text)
    except InvalidInputError:
        return

    assert len({entry.account_id for entry in good}) == len(good)
    assert all(1 <= line.number <= len(text.splitlines()) for line in bad)


@given(st.text(max_size=20).map(str.strip), st.text(max_size=20).map(str.strip))
def test_what_a_spreadsheet_writes_is_read_as_it_was_typed(name: str, notes: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows(
        [("account_id", "services", "name", "notes"), (CONSUMER, "*", name, notes)]
    )

    good, bad = read(file.getvalue())

    assert bad == []
    assert [(entry.consumer.name, entry.consumer.notes) for entry in good] == [(name, notes)]
