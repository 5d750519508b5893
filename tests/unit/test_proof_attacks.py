"""Attacks on the proof of ownership: each is refused before anything is sent, or changes nothing of what is sent.

Those that others fell to are named: Vault's AWS auth (CVE-2020-16250, found by Project Zero) took whatever host,
headers and action came along; aws-iam-authenticator (CVE-2022-2385) read parameters whose names differ by case.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drawbridge.errors import DrawbridgeError, UpstreamError
from drawbridge.intake.ownership.challenge import Provider
from drawbridge.intake.ownership.proof import ProofCode, ProofRefusedError, SignedCall, read_answer
from drawbridge.intake.ownership.prove import CallerIdentity, Proved, SignatureRefusedError, prove
from tests.unit.proofs import (
    ARN,
    AT,
    CHALLENGE,
    CONSUMER,
    HOST,
    PROVIDER,
    InMemoryChallenges,
    Sts,
    challenge_for,
    document,
    parameters,
    query_of,
    url_of,
)

GOOD = url_of(parameters())


class World:
    def __init__(self) -> None:
        self.challenges, self.sts, self.now = InMemoryChallenges(), Sts(), AT

    def prove(self, written: bytes, provider: Provider = PROVIDER) -> Proved:
        return prove(written, provider, self.challenges, self.sts, lambda: self.now)

    def refusal(self, written: bytes) -> ProofRefusedError:
        with pytest.raises(ProofRefusedError) as refused:
            self.prove(written)
        assert self.challenges.proved == {}
        return refused.value


@pytest.fixture
def world() -> World:
    return World()


def call_of(url: str, now: datetime = AT) -> SignedCall:
    return read_answer(document(url), PROVIDER, now).call


def test_an_answer_is_proved_recorded_and_used_up(world: World) -> None:
    proved = world.prove(document())

    assert proved == Proved(account_id=CONSUMER, by=ARN, at=AT)
    assert world.challenges.proved == {CONSUMER: (ARN, AT)}
    assert world.challenges.open == {}
    (asked,) = world.sts.asked
    assert (asked.host, asked.challenge) == (HOST, CHALLENGE.text)


def without(name: str) -> str:
    return url_of({each: value for each, value in parameters().items() if each != name})


def with_pairs(*pairs: tuple[str, str]) -> str:
    return f"https://{HOST}/?{query_of([*parameters().items(), *pairs])}"


def changed(**changes: str) -> str:
    return url_of(parameters(AT, "eu-central-1", **changes))


SCOPE = parameters()["X-Amz-Credential"]
LONG = "A" * 8193

ATTACKS: dict[str, tuple[str, ProofCode]] = {
    # The host: SSRF, and answers of the attacker's own STS (CVE-2020-16250).
    "plain http": (GOOD.replace("https://", "http://"), ProofCode.URL),
    "another scheme": (GOOD.replace("https://", "file://"), ProofCode.URL),
    "scheme in capitals": (GOOD.replace("https://", "HTTPS://"), ProofCode.URL),
    "no scheme": (GOOD.removeprefix("https:"), ProofCode.URL),
    "another host": (url_of(parameters(), "evil.example"), ProofCode.HOST),
    "a host that begins like it": (url_of(parameters(), f"{HOST}.evil.example"), ProofCode.HOST),
    "a host that ends like it": (url_of(parameters(), f"evil-{HOST}"), ProofCode.HOST),
    "another service's host": (url_of(parameters(), "s3.eu-central-1.amazonaws.com"), ProofCode.HOST),
    "a bucket's host": (url_of(parameters(), "sts.s3.eu-central-1.amazonaws.com"), ProofCode.HOST),
    "the host in capitals": (url_of(parameters(), HOST.upper()), ProofCode.URL),
    "the host with a dot at its end": (url_of(parameters(), f"{HOST}."), ProofCode.HOST),
    "another partition's host": (url_of(parameters(), f"{HOST}.cn"), ProofCode.HOST),
    "the global host": (url_of(parameters(), "sts.amazonaws.com"), ProofCode.HOST),
    "a Region that is not ours": (
        url_of(parameters(region="ap-east-1"), "sts.ap-east-1.amazonaws.com"),
        ProofCode.HOST,
    ),
    "a VPC endpoint's host": (url_of(parameters(), "vpce-1.sts.eu-central-1.vpce.amazonaws.com"), ProofCode.HOST),
    "the metadata service": (url_of(parameters(), "169.254.169.254"), ProofCode.HOST),
    "a port": (url_of(parameters(), f"{HOST}:443"), ProofCode.URL),
    "another port": (url_of(parameters(), f"{HOST}:8080"), ProofCode.URL),
    "a user": (url_of(parameters(), f"{HOST}@evil.example"), ProofCode.URL),
    "a user before it": (url_of(parameters(), f"evil.example@{HOST}"), ProofCode.URL),
    "a backslash": (GOOD.replace("/?", "\\@evil.example/?"), ProofCode.URL),
    "an IPv6 address": (url_of(parameters(), "[::1]"), ProofCode.URL),
    "a host of other letters": (url_of(parameters(), "\u0455ts.eu-central-1.amazonaws.com"), ProofCode.URL),
    # The path and what follows.
    "another path": (GOOD.replace("/?", "/x?"), ProofCode.URL),
    "no path": (GOOD.replace("/?", "?"), ProofCode.URL),
    "two slashes": (GOOD.replace("/?", "//?"), ProofCode.URL),
    "a path that goes up": (GOOD.replace("/?", "/..;/?"), ProofCode.URL),
    "a fragment": (f"{GOOD}#x", ProofCode.URL),
    "two questions": (GOOD.replace("/?", "/??"), ProofCode.URL),
    "nothing": (" ", ProofCode.URL),
    "no query": (f"https://{HOST}/", ProofCode.URL),
    # Requests within the request.
    "a line break": (GOOD.replace("&Version", "\r\nX: y\r\n&Version"), ProofCode.URL),
    "an escaped line break in a value": (
        GOOD.replace("GetCallerIdentity", "GetCallerIdentity%0d%0a"),
        ProofCode.PARAMETERS,
    ),
    "an escaped line break, well escaped": (changed(Action="GetCallerIdentity\r\nX: y"), ProofCode.ACTION),
    "a null": (changed(X_Amz_Date="20261130T120000Z\0"), ProofCode.SIGNING),
    "a space at the start": (f" {GOOD}", ProofCode.URL),
    "a line break at the end": (f"{GOOD}\n", ProofCode.URL),
    "other letters": (f"{GOOD}é", ProofCode.URL),
    # The action: what else a signature would be good for (CVE-2020-16250).
    "another action": (changed(Action="GetSessionToken"), ProofCode.ACTION),
    "the action that reflects what it is given": (changed(Action="AssumeRoleWithWebIdentity"), ProofCode.ACTION),
    "the action in another case": (changed(Action="getcalleridentity"), ProofCode.ACTION),
    "two actions in one": (changed(Action="GetCallerIdentity,GetSessionToken"), ProofCode.ACTION),
    "another version": (changed(Version="2010-05-08"), ProofCode.ACTION),
    "an action twice": (with_pairs(("Action", "GetSessionToken")), ProofCode.PARAMETERS),
    "an action first": (GOOD.replace("/?", "/?Action=GetSessionToken&"), ProofCode.PARAMETERS),
    "the same action twice": (with_pairs(("Action", "GetCallerIdentity")), ProofCode.PARAMETERS),
    # Names that differ by case (CVE-2022-2385).
    "an action in small letters besides": (with_pairs(("action", "GetSessionToken")), ProofCode.PARAMETERS),
    "a credential in another case besides": (with_pairs(("x-amz-credential", SCOPE)), ProofCode.PARAMETERS),
    "names in small letters": (
        url_of({name.lower(): value for name, value in parameters().items()}),
        ProofCode.PARAMETERS,
    ),
    "an escaped name": (GOOD.replace("Action=", "%41ction="), ProofCode.PARAMETERS),
    "an escaped name besides": (f"{GOOD}&%41ction=GetSessionToken", ProofCode.PARAMETERS),
    "a list's name": (with_pairs(("Action.1", "GetSessionToken")), ProofCode.PARAMETERS),
    "a parameter of another action": (with_pairs(("RoleArn", ARN)), ProofCode.PARAMETERS),
    "a parameter without a name": (f"{GOOD}&=x", ProofCode.PARAMETERS),
    "a parameter without a value": (f"{GOOD}&Name", ProofCode.PARAMETERS),
    "an empty parameter": (f"{GOOD}&", ProofCode.PARAMETERS),
    "a semicolon between": (GOOD.replace("&Version", ";Version"), ProofCode.URL),
    "an escaped separator": (GOOD.replace("&Version", "%26Version"), ProofCode.PARAMETERS),
    # Encodings that two readers read in two ways.
    "escaped where it need not be": (GOOD.replace("GetCallerIdentity", "Get%43allerIdentity"), ProofCode.PARAMETERS),
    "escaped twice": (GOOD.replace("%2F", "%252F"), ProofCode.SIGNING),
    "escapes in small letters": (GOOD.replace("%2F", "%2f"), ProofCode.PARAMETERS),
    "not escaped": (GOOD.replace("%3D", "="), ProofCode.PARAMETERS),
    "half an escape": (GOOD.replace("%2F", "%2", 1), ProofCode.SIGNING),
    "not UTF-8": (GOOD.replace("GetCallerIdentity", "GetCallerIdentity%ff"), ProofCode.PARAMETERS),
    # The signature and its scope.
    "an older algorithm": (changed(X_Amz_Algorithm="AWS4-HMAC-SHA1"), ProofCode.SIGNING),
    "an algorithm for all Regions": (changed(X_Amz_Algorithm="AWS4-ECDSA-P256-SHA256"), ProofCode.SIGNING),
    "another service": (changed(X_Amz_Credential=SCOPE.replace("/sts/", "/s3/")), ProofCode.SIGNING),
    "another Region": (changed(X_Amz_Credential=SCOPE.replace("eu-central-1", "us-east-1")), ProofCode.SIGNING),
    "another end": (changed(X_Amz_Credential=SCOPE.replace("aws4_request", "aws4")), ProofCode.SIGNING),
    "another day": (changed(X_Amz_Credential=SCOPE.replace("20261130", "20261129")), ProofCode.SIGNING),
    "more of a scope": (changed(X_Amz_Credential=f"{SCOPE}/x"), ProofCode.SIGNING),
    "an odd access key": (changed(X_Amz_Credential=SCOPE.replace("ASIA", "ASIA$")), ProofCode.SIGNING),
    "a short signature": (changed(X_Amz_Signature="0" * 63), ProofCode.SIGNING),
    "a signature in capitals": (changed(X_Amz_Signature="A" * 64), ProofCode.SIGNING),
    "an odd token": (changed(X_Amz_Security_Token="a b"), ProofCode.SIGNING),
    "an empty token": (changed(X_Amz_Security_Token=""), ProofCode.SIGNING),
    "an endless token": (changed(X_Amz_Security_Token=LONG), ProofCode.SIGNING),
    "an endless url": (changed(X_Amz_Security_Token=LONG + "A" * 5000), ProofCode.URL),
    # Headers: a challenge that is not signed could be put on any signed call.
    "the challenge is not signed": (changed(X_Amz_SignedHeaders="host"), ProofCode.SIGNING),
    "the host is not signed": (changed(X_Amz_SignedHeaders="x-drawbridge-challenge"), ProofCode.SIGNING),
    "another header is signed": (changed(X_Amz_SignedHeaders="host;x-k8s-aws-id"), ProofCode.SIGNING),
    "more headers are signed": (changed(X_Amz_SignedHeaders="accept;host;x-drawbridge-challenge"), ProofCode.SIGNING),
    "headers in another order": (changed(X_Amz_SignedHeaders="x-drawbridge-challenge;host"), ProofCode.SIGNING),
    "headers in capitals": (changed(X_Amz_SignedHeaders="Host;X-Drawbridge-Challenge"), ProofCode.SIGNING),
    "a body's type is signed": (
        changed(X_Amz_SignedHeaders="content-type;host;x-drawbridge-challenge"),
        ProofCode.SIGNING,
    ),
    # Time.
    "no date": (without("X-Amz-Date"), ProofCode.PARAMETERS),
    "a date that is none": (changed(X_Amz_Date="20261130T256161Z"), ProofCode.SIGNING),
    "a date in other digits": (changed(X_Amz_Date="\u0662\u0660\u0662\u06661130T120000Z"), ProofCode.SIGNING),
    "an hour of life": (changed(X_Amz_Expires="3600"), ProofCode.SIGNING),
    "901 seconds of life": (changed(X_Amz_Expires="901"), ProofCode.SIGNING),
    "no life": (changed(X_Amz_Expires="0"), ProofCode.SIGNING),
    "a negative life": (changed(X_Amz_Expires="-900"), ProofCode.SIGNING),
    "a life with a zero before it": (changed(X_Amz_Expires="0900"), ProofCode.SIGNING),
    "old": (url_of(parameters(AT - timedelta(minutes=15, seconds=1))), ProofCode.EXPIRED),
    "shorter lived, and over": (
        url_of(parameters(AT - timedelta(seconds=61), X_Amz_Expires="60")),
        ProofCode.EXPIRED,
    ),
    "of yesterday": (url_of(parameters(AT - timedelta(days=1))), ProofCode.EXPIRED),
    "for later": (url_of(parameters(AT + timedelta(minutes=2, seconds=1))), ProofCode.NOT_YET),
} | {
    f"without {name}": (without(name), ProofCode.PARAMETERS)
    for name in parameters()
    if name not in {"X-Amz-Date", "X-Amz-Security-Token"}
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_before_anybody_is_asked(world: World, attack: str) -> None:
    url, code = ATTACKS[attack]

    refused = world.refusal(document(url))

    assert (refused.code, world.sts.asked, world.challenges.looked) == (code, [], [])
    assert len(str(refused)) < 300
    assert "IQoJb3" not in str(refused)


DOCUMENTS: dict[str, tuple[bytes, ProofCode]] = {
    "nothing": (b"", ProofCode.DOCUMENT),
    "no JSON": (b"<a/>", ProofCode.DOCUMENT),
    "a list": (b"[]", ProofCode.DOCUMENT),
    "without a url": (json.dumps({"challenge": CHALLENGE.text}).encode(), ProofCode.DOCUMENT),
    "a url that is a list": (json.dumps({"challenge": CHALLENGE.text, "url": [GOOD]}).encode(), ProofCode.DOCUMENT),
    "with a host of its own": (document(host="evil.example"), ProofCode.DOCUMENT),
    "with headers of its own": (document(headers={"Host": "evil.example"}), ProofCode.DOCUMENT),
    "with a body of its own": (document(body="Action=GetSessionToken"), ProofCode.DOCUMENT),
    "with a method of its own": (document(method="POST"), ProofCode.DOCUMENT),
    "too large": (document() + b" " * 20_000, ProofCode.DOCUMENT),
    "deep": (b"[" * 15_000, ProofCode.DOCUMENT),
    "not UTF-8": (document()[:-2] + b'\xff"}', ProofCode.DOCUMENT),
    "half a character": (document().replace(b"https", b"\\ud800"), ProofCode.DOCUMENT),
    "no challenge": (document(challenge="x"), ProofCode.CHALLENGE),
    "a challenge with a line break": (document(challenge=f"{CHALLENGE.text}\r\nHost: evil"), ProofCode.CHALLENGE),
    "another stack's challenge": (
        document(
            challenge=challenge_for(provider=Provider(prefix="other", account_id="1" * 12, region="us-east-1")).text
        ),
        ProofCode.OTHER_PROVIDER,
    ),
    "another Region's challenge": (
        document(
            challenge=challenge_for(
                provider=Provider(prefix="drawbridge", account_id="111122223333", region="eu-west-1")
            ).text
        ),
        ProofCode.OTHER_PROVIDER,
    ),
    "a challenge of nobody": (document(challenge=challenge_for("999999999999").text), ProofCode.NO_CHALLENGE),
    "an earlier challenge": (document(challenge=challenge_for().text), ProofCode.NO_CHALLENGE),
}


@pytest.mark.parametrize("attack", DOCUMENTS)
def test_a_document_that_is_not_what_it_should_be_has_nobody_asked(world: World, attack: str) -> None:
    written, code = DOCUMENTS[attack]

    assert (world.refusal(written).code, world.sts.asked) == (code, [])


@pytest.mark.parametrize("attack", ["another stack's challenge", "another Region's challenge"])
def test_a_stranger_is_not_told_whose_place_this_is(world: World, attack: str) -> None:
    refused = world.refusal(DOCUMENTS[attack][0])

    assert not any(each in str(refused) for each in ("111122223333", "eu-central-1", "drawbridge"))
    assert refused.detail == "this is drawbridge of 111122223333 in eu-central-1"


def test_a_challenge_counts_for_its_own_entry_alone(world: World) -> None:
    """Another customer's nonce, under this customer's name."""
    theirs = challenge_for("777788889999")
    world.challenges.open["777788889999"] = theirs.text
    mixed = CHALLENGE.text.rpartition(".")[0] + "." + theirs.nonce

    assert world.refusal(document(challenge=mixed)).code is ProofCode.NO_CHALLENGE
    assert world.sts.asked == []


def test_a_stranger_is_not_told_who_is_registered(world: World) -> None:
    world.challenges.open["555555555555"] = ""
    del world.challenges.open["555555555555"]

    answers = [world.refusal(document(challenge=challenge_for(account).text)) for account in (CONSUMER, "555555555555")]

    assert len({(each.code, str(each)) for each in answers}) == 1
    assert len({each.detail for each in answers}) == 2


def test_the_same_answer_counts_once(world: World) -> None:
    world.prove(document())
    world.challenges.proved.clear()

    assert world.refusal(document()).code is ProofCode.NO_CHALLENGE
    assert len(world.sts.asked) == 1


def test_another_account_s_answer_is_refused_and_leaves_the_challenge(world: World) -> None:
    world.sts.answer = CallerIdentity(account_id="999999999999", arn="arn:aws:iam::999999999999:root")

    refused = world.refusal(document())

    assert refused.code is ProofCode.OTHER_ACCOUNT
    assert str(refused) == "it is signed by account 999999999999; the challenge is for 444455556666"
    assert world.challenges.open == {CONSUMER: CHALLENGE.text}


def test_what_sts_does_not_take_for_signed_is_refused_with_its_words_in_the_log_alone(world: World) -> None:
    world.sts.answer = SignatureRefusedError("ask STS: 403 SignatureDoesNotMatch")

    refused = world.refusal(document())

    assert (refused.code, refused.detail) == (ProofCode.SIGNATURE, "ask STS: 403 SignatureDoesNotMatch")
    assert "403" not in str(refused)


def test_an_unreachable_sts_is_no_refusal_and_leaves_the_challenge(world: World) -> None:
    world.sts.answer = UpstreamError("STS can't be reached")

    with pytest.raises(UpstreamError):
        world.prove(document())

    assert world.challenges.open == {CONSUMER: CHALLENGE.text}
    world.sts.answer = CallerIdentity(account_id=CONSUMER, arn=ARN)
    assert world.prove(document()).by == ARN


@pytest.mark.parametrize("becomes", [{}, {CONSUMER: challenge_for().text}], ids=["gone or used", "another challenge"])
def test_what_became_of_the_entry_while_sts_was_asked_counts(world: World, becomes: dict[str, str]) -> None:
    def change() -> None:
        world.challenges.open = dict(becomes)

    world.sts.meanwhile = change

    assert world.refusal(document()).code is ProofCode.NO_CHALLENGE
    assert world.challenges.open == becomes


def test_an_answer_may_be_signed_in_the_partition_s_default_region_too(world: World) -> None:
    url = url_of(parameters(region="us-east-1"), "sts.us-east-1.amazonaws.com")

    world.prove(document(url))

    assert world.sts.asked[0].host == "sts.us-east-1.amazonaws.com"


def test_a_user_s_key_has_no_token() -> None:
    assert "X-Amz-Security-Token" not in dict(call_of(without("X-Amz-Security-Token")).parameters)


@pytest.mark.parametrize("seconds", [-900, -1, 0, 120])
def test_an_answer_is_taken_within_its_fifteen_minutes_and_a_small_skew(seconds: int) -> None:
    assert call_of(url_of(parameters(AT + timedelta(seconds=seconds)))).host == HOST


def test_what_is_sent_is_what_was_signed_in_the_order_in_which_it_was_signed() -> None:
    pairs = sorted(parameters().items())

    assert call_of(GOOD).target == f"/?{query_of(pairs)}"


def test_a_call_says_nothing_of_itself_in_a_log() -> None:
    assert repr(call_of(GOOD)) == f"SignedCall({HOST})"


def sent(written: bytes) -> tuple[str, str, str] | None:
    """Return what STS would be asked; None if nobody would."""
    try:
        call = read_answer(written, PROVIDER, AT).call
    except ProofRefusedError:
        return None
    return call.host, call.target, call.challenge


USUAL = sent(document())


@given(st.permutations([*parameters().items()]))
def test_the_order_of_the_query_changes_nothing_of_what_is_sent(pairs: list[tuple[str, str]]) -> None:
    """Signature Version 4 sorts it, and so does what is sent: other tools than ours write another order."""
    assert sent(document(f"https://{HOST}/?{query_of(pairs)}")) == USUAL


@given(st.integers(0, len(GOOD) - 1), st.text(st.characters(codec="utf-8"), max_size=3), st.integers(0, 3))
def test_whatever_is_changed_in_the_url_it_is_refused_or_something_that_was_not_signed(
    place: int, text: str, taken: int
) -> None:
    changed_url = GOOD[:place] + text + GOOD[place + taken :]
    assume(changed_url != GOOD)

    found = sent(document(changed_url))

    # Only what STS verifies may differ: key, time, life, token and signature are values of their own forms.
    if found is not None:
        assert found[0] == HOST
        assert found[2] == CHALLENGE.text
        assert found[1] != USUAL[1] if USUAL else False
        assert _fixed(found[1]) == _fixed(USUAL[1] if USUAL else "")


def _fixed(target: str) -> list[str]:
    """Return what no proof may change."""
    verified = ("X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Security-Token", "X-Amz-Signature")
    return [each for each in target.removeprefix("/?").split("&") if not each.startswith(verified)]


@given(st.sampled_from(sorted(parameters())), st.text(max_size=40))
def test_a_value_has_its_own_form_or_is_refused(name: str, value: str) -> None:
    given_parameters = parameters() | {name: value}
    try:
        url = f"https://{HOST}/?{query_of([*given_parameters.items()])}"
    except UnicodeError:
        assume(False)
        return

    found = sent(document(url))

    assert found is None or f"{name}={quote(value, safe='-_.~')}" in found[1]
    if name in {"Action", "Version", "X-Amz-Algorithm", "X-Amz-SignedHeaders"} and value != parameters()[name]:
        assert found is None


@given(st.sampled_from(sorted(parameters())), st.sampled_from(sorted(parameters())), st.text("abcXYZ-", max_size=9))
def test_a_name_that_is_there_twice_or_has_no_place_is_refused(name: str, other: str, more: str) -> None:
    pairs = [*parameters().items(), (f"{other}{more}", parameters()[name])]

    assert sent(document(f"https://{HOST}/?{query_of(pairs)}")) is None


@given(st.text(st.characters(codec="ascii"), max_size=60))
def test_no_other_host_is_ever_asked(host: str) -> None:
    found = sent(document(url_of(parameters(), host)))

    assert found is None or (found == USUAL and host == HOST)


@given(st.integers(-100_000, 100_000), st.integers(1, 999))
def test_what_is_not_valid_now_is_refused(offset: int, lasts: int) -> None:
    at = AT + timedelta(seconds=offset)

    found = sent(document(url_of(parameters(at, X_Amz_Expires=str(lasts)))))

    assert (found is not None) is (lasts <= 900 and -lasts <= offset <= 120)


@given(st.binary(max_size=300))
def test_whatever_bytes_come_nobody_is_asked(written: bytes) -> None:
    assert sent(written) is None


@given(
    st.recursive(st.none() | st.booleans() | st.text(), lambda each: st.lists(each) | st.dictionaries(st.text(), each))
)
def test_whatever_json_comes_nobody_is_asked(value: Any) -> None:
    try:
        written = json.dumps(value).encode()
        read_answer(written, PROVIDER, AT)
    except DrawbridgeError as refused:
        assert isinstance(refused, ProofRefusedError)
    else:
        pytest.fail("taken")
