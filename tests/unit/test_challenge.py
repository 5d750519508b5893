"""Challenges: what they are made of, and what is none."""

from __future__ import annotations

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.errors import InvalidInputError
from drawbridge.intake.ownership.challenge import Challenge, Provider, new_challenge, parse_challenge, sts_host
from tests.unit.proofs import CHALLENGE, CONSUMER, PROVIDER

prefixes = st.from_regex(r"\A[a-z][a-z0-9-]{0,31}\Z")
accounts = st.from_regex(r"\A[0-9]{12}\Z")
PARTITIONS = botocore.session.get_session().get_data("endpoints")["partitions"]
SUFFIXES = {region: each["dnsSuffix"] for each in PARTITIONS for region in each["regions"] if "global" not in region}


def test_a_challenge_names_the_provider_the_account_and_a_number() -> None:
    made = new_challenge(PROVIDER, CONSUMER, lambda size: "ab" * size)

    assert made.text == f"drawbridge-drawbridge.111122223333.eu-central-1.{CONSUMER}.{'ab' * 16}"


def test_no_two_challenges_are_the_same() -> None:
    assert len({new_challenge(PROVIDER, CONSUMER).text for _ in range(100)}) == 100


@given(prefixes, accounts, st.sampled_from(sorted(SUFFIXES)), accounts)
def test_a_challenge_is_read_as_what_it_was_made_of(prefix: str, account: str, region: str, consumer: str) -> None:
    made = new_challenge(Provider(prefix=prefix, account_id=account, region=region), consumer)

    assert parse_challenge(made.text) == made


@given(st.integers(0, len(CHALLENGE.text) - 1), st.characters(codec="utf-8"))
def test_a_changed_challenge_is_none_or_another(place: int, character: str) -> None:
    changed = CHALLENGE.text[:place] + character + CHALLENGE.text[place + 1 :]

    try:
        read: Challenge | None = parse_challenge(changed)
    except InvalidInputError:
        read = None

    assert (read == CHALLENGE) is (changed == CHALLENGE.text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        CHALLENGE.text + "\n",
        " " + CHALLENGE.text,
        CHALLENGE.text.upper(),
        CHALLENGE.text.replace("444455556666", "٤٤٤٤٥٥٥٥٦٦٦٦"),
        CHALLENGE.text.replace("eu-central-1", "evil.example"),
        CHALLENGE.text[:-1],
        CHALLENGE.text + "0",
        CHALLENGE.text.replace("drawbridge-", "Drawbridge-"),
        "x" * 100_000,
    ],
)
def test_what_is_no_challenge_is_told_in_a_short_sentence(text: str) -> None:
    with pytest.raises(InvalidInputError, match="challenge: ") as refused:
        parse_challenge(text)

    assert len(str(refused.value)) < 400


def test_sts_has_the_host_that_the_sdk_asks_in_each_region() -> None:
    assert len(SUFFIXES) > 30
    assert {region: sts_host(region) for region in SUFFIXES} == {
        region: f"sts.{region}.{suffix}" for region, suffix in SUFFIXES.items()
    }


def test_the_regions_that_may_be_asked_are_the_stack_s_own_and_its_partition_s_default() -> None:
    def regions(region: str) -> set[str]:
        return {*Provider(prefix="p", account_id="1" * 12, region=region).sts_hosts}

    assert regions("eu-central-1") == {"eu-central-1", "us-east-1"}
    assert regions("us-east-1") == {"us-east-1"}
    assert regions("cn-northwest-1") == {"cn-northwest-1", "cn-north-1"}
    assert regions("us-gov-east-1") == {"us-gov-east-1", "us-gov-west-1"}
