"""What a sign-up service puts on the bus: taken, or refused with the field that is wrong and what is right."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.errors import InvalidInputError
from drawbridge.intake.registration.registration_event import (
    ConsumerRegistered,
    ConsumerRemoved,
    RegistrationEvent,
    parse_registration_event,
)
from tests.builders import REPOSITORY, sample
from tests.odd import ODD_JSON, fuzzed, json_texts, with_odd_members

NOW = datetime(2026, 12, 1, tzinfo=UTC)
ACCOUNT = "012345678901"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/platform"
SERVICE = "vpce-svc-0123456789abcdef0"
NAMES = ("consumer-registered", "consumer-removed")
SCHEMAS = {name: json.loads((REPOSITORY / "events" / "schemas" / f"{name}.json").read_text()) for name in NAMES}


def parsed(event: object) -> RegistrationEvent:
    return parse_registration_event(json.dumps(event), NOW)


def registered(**detail: Any) -> ConsumerRegistered:
    event = parsed(sample("consumer-registered") | {"detail": {"account_id": ACCOUNT, "tier": "gold", **detail}})
    assert isinstance(event, ConsumerRegistered)
    return event


def refused(event: object) -> str:
    with pytest.raises(InvalidInputError) as raised:
        parsed(event)
    return str(raised.value)


def refused_detail(**detail: Any) -> str:
    return refused(sample("consumer-registered") | {"detail": {"account_id": ACCOUNT, "tier": "gold", **detail}})


def test_the_sample_of_a_registration_says_all_that_an_entry_has() -> None:
    event = parsed(sample("consumer-registered"))

    assert isinstance(event, ConsumerRegistered)
    assert event.at == datetime(2026, 11, 22, 9, 30, 12, tzinfo=UTC)
    assert event.by == "the event Consumer Registered of com.example.sign-up"
    assert event.account_id == ACCOUNT
    consumer = event.entry.consumer
    assert (consumer.tier, consumer.services) == ("gold", frozenset({SERVICE}))
    assert (consumer.name, consumer.notes) == ("Example Corp", "signed up on 2026-11-22")
    assert (consumer.principals, consumer.proof_required) == (frozenset({ROLE}), True)
    assert (consumer.since, event.entry.changed_at, event.entry.unsaid) == (event.at, event.at, frozenset())


def test_the_sample_of_a_removal_says_whom() -> None:
    assert parsed(sample("consumer-removed")) == ConsumerRemoved(
        account_id=ACCOUNT,
        at=datetime(2026, 11, 29, 9, 30, 12, tzinfo=UTC),
        by="the event Consumer Removed of com.example.sign-up",
    )


def test_what_is_said_in_camel_case_is_the_same() -> None:
    event = sample("consumer-registered")
    detail = event["detail"]
    camel = {"accountId": detail.pop("account_id"), "proofRequired": detail.pop("proof_required"), **detail}

    assert parsed(event | {"detail": camel}) == parsed(sample("consumer-registered"))


@pytest.mark.parametrize("field", ["services", "principals"])
@pytest.mark.parametrize("several", [True, False])
def test_one_text_with_commas_is_taken_for_a_list(field: str, several: bool) -> None:
    listed = {"services": [SERVICE, "*"], "principals": [ROLE, ROLE.replace("platform", "other")]}[field]
    listed = listed if several else listed[:1]

    assert registered(**{field: " , ".join(listed)}) == registered(**{field: listed})


def test_what_is_not_said_is_known_to_be_unsaid_and_what_is_null_says_nothing() -> None:
    event = registered()

    assert event.entry.unsaid == {"name", "notes", "principals", "proof_required"}
    assert registered(name=None, notes=None, principals=None, proof_required=None, services=None) == event
    assert registered(name="", notes="", principals=[], proof_required=False).entry.unsaid == frozenset()


def test_what_consumers_show_prints_beside_it_changes_nothing() -> None:
    printed = {"since": "2020-01-01T00:00:00Z", "suspended_at": None, "proved_at": "2020-01-01T00:00:00Z"}
    others = {"proved_by": ROLE, "challenge": "c", "changed_at": "2099-01-01T00:00:00Z"}

    assert registered(**printed, **others) == registered()


@pytest.mark.parametrize("number", [12345678901, 123456789012, 1.5])
def test_an_account_that_is_a_number_is_refused_with_the_reason(number: float) -> None:
    for name in NAMES:
        said = refused(sample(name) | {"detail": {"account_id": number}})

        assert said == (
            "account_id: a text is needed, not a number: as a number an id loses its leading zeros, so put its 12 "
            "digits in quotes"
        )


@pytest.mark.parametrize(
    ("detail", "says"),
    [
        ({"account_id": "12345678901"}, "account_id: '12345678901' is no AWS account (12 digits); its leading zeros"),
        ({"account_id": ["a"]}, "account_id: a text is needed, not a list: so put its 12 digits in quotes"),
        ({"account_id": None}, "account_id: there is none; give the id of the account, as text of 12 digits"),
        ({"account_id": " 012345678901"}, "account_id: ' 012345678901' is no AWS account"),
        ({"accountId": "012345678901"}, "detail: account_id is given twice, as accountId too; give one of them"),
        ({"service": "*"}, "'service': there is no such field; there are account_id, tier, services, name, notes"),
        ({"services": 5}, "services: a list of texts is needed, not a number"),
        ({"services": [SERVICE, {}]}, "services: each has to be a text, and one is an object"),
        ({"services": ["orders"]}, "services: 'orders' is no endpoint service; give ids such as vpce-svc-"),
        ({"tier": 1}, "tier: a text is needed, not a number"),
        ({"tier": "a b"}, "tier: 'a b' is no tier"),
        ({"tier": ""}, "services: none is given, and no tier; give ids such as"),
        ({"name": ["x"]}, "name: a text is needed, not a list"),
        ({"notes": "x" * 1001}, "notes: 1001 characters, 1000 at most"),
        ({"principals": ["arn:aws:iam::999999999999:role/r"]}, "principals: 'arn:aws:iam::999999999999:role/r' is no"),
        ({"proof_required": "yes"}, "proof_required: true or false is needed, without quotes, not a text"),
    ],
    ids=str,
)
def test_a_field_that_is_wrong_is_named_with_what_is_right(detail: dict[str, Any], says: str) -> None:
    assert refused_detail(**detail).startswith(says)


@pytest.mark.parametrize(
    ("envelope", "says"),
    [
        ({"detail-type": "Consumer Suspended"}, "detail-type: 'Consumer Suspended' says nothing of consumers; send"),
        ({"time": "2026-11-22T09:30:12"}, "event: "),
        ({"time": "0001-01-01T00:00:00+14:00"}, "time: 0001-01-01T00:00:00+14:00 is long past; send it with the time"),
        ({"time": "9999-12-31T23:59:59-14:00"}, "time: 9999-12-31T23:59:59-14:00 lies ahead; send it with the time"),
        ({"detail": "none"}, "event: "),
        ({"detail": {}}, "account_id: there is none"),
    ],
    ids=str,
)
def test_an_envelope_that_is_wrong_is_refused(envelope: dict[str, Any], says: str) -> None:
    assert refused(sample("consumer-registered") | envelope).startswith(says)


@pytest.mark.parametrize("source", ["com.example.sign-up", "drawbridge", "sign-up", ""])
def test_whatever_source_tells_is_told_to_people(source: str) -> None:
    event = parse_registration_event(json.dumps(sample("consumer-registered") | {"source": source}), NOW)

    assert event.by == f"the event Consumer Registered of {source}"


@pytest.mark.parametrize(("ahead", "is_taken"), [(15, True), (16, False)])
def test_a_clock_may_be_ahead_by_a_quarter_of_an_hour(ahead: int, is_taken: bool) -> None:
    event = sample("consumer-removed") | {"time": (NOW + timedelta(minutes=ahead)).isoformat()}

    assert ("lies ahead" not in (refused(event) if not is_taken else str(parsed(event)))) is is_taken


def test_times_are_told_to_the_second_as_entries_keep_them() -> None:
    event = sample("consumer-removed")

    assert parsed(event | {"time": "2026-11-29T10:30:12.999999+01:00"}) == parsed(event)


def test_a_removal_is_not_lost_for_what_else_it_says() -> None:
    event = sample("consumer-removed")

    assert parsed(event | {"detail": event["detail"] | {"reason": "did not pay", "tier": 5}}) == parsed(event)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_as_its_schema_says(name: str) -> None:
    jsonschema.Draft202012Validator(SCHEMAS[name]).validate(sample(name))


details = st.fixed_dictionaries(
    {"account_id": st.sampled_from([ACCOUNT, "1", 5, None])},
    optional={
        "tier": st.sampled_from(["gold", "", "a b", 3]),
        "services": st.sampled_from([[], [SERVICE], "*", f"{SERVICE},*", 5, [5], {}]),
        "name": st.sampled_from(["x", None, 1, []]),
        "notes": st.sampled_from(["x", None, 1]),
        "principals": st.sampled_from([[ROLE], ROLE, [], None, 1, [1]]),
        "proof_required": st.sampled_from([True, False, None, "true", 1]),
        "more": st.just("x"),
    },
)
_ONLY_BY_VALUE = ("is no tier", "none is given, and no tier")
"""What a schema of types does not say."""


@given(details, st.sampled_from(NAMES))
def test_the_parser_takes_what_the_schema_does_and_nothing_else(detail: dict[str, Any], name: str) -> None:
    event = sample(name) | {"detail": detail}
    is_valid = jsonschema.Draft202012Validator(SCHEMAS[name]).is_valid(event)
    try:
        parsed(event)
    except InvalidInputError as error:
        assert not is_valid or any(each in str(error) for each in _ONLY_BY_VALUE), error
    else:
        assert is_valid


@pytest.mark.parametrize("odd", ODD_JSON, ids=range(len(ODD_JSON)))
def test_what_is_no_event_is_refused(odd: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^event: "):
        parse_registration_event(odd, NOW)


@fuzzed
@given(json_texts | st.sampled_from(NAMES).map(sample).flatmap(with_odd_members))
def test_whatever_is_sent_is_an_event_or_refused_in_words(body: str) -> None:
    try:
        event = parse_registration_event(body, NOW)
    except InvalidInputError as error:
        assert str(error)
        assert len(str(error)) < 3_000
    else:
        assert len(event.account_id) == 12
