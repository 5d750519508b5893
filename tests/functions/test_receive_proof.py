"""The door of ``receive_proof``: what anybody sends in, an answer out, whatever it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drawbridge.errors import AccessDeniedError, UpstreamError
from drawbridge.hint import HintSource
from drawbridge.intake.ownership.prove import CallerIdentity, SignatureRefusedError
from functions.receive_proof import app
from tests.functions.conftest import Lines
from tests.functions.invocations import Json, invoke
from tests.unit.proofs import (
    ARN,
    AT,
    CHALLENGE,
    CONSUMER,
    PROVIDER,
    InMemoryChallenges,
    Sts,
    challenge_for,
    document,
    parameters,
)


class World:
    def __init__(self) -> None:
        self.challenges, self.sts, self.swept = InMemoryChallenges(), Sts(), 0
        self.queue: Exception | None = None

    def ask_to_sweep(self, *, by: HintSource) -> None:
        assert by is HintSource.PROOF
        if self.queue is not None:
            raise self.queue
        self.swept += 1


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    replaced: dict[str, Callable[[], Any]] = {
        "provider": lambda: PROVIDER,
        "challenges": lambda: made.challenges,
        "identities": lambda: made.sts,
        "hints": lambda: made,
        "now": lambda: AT,
    }
    for name, each in replaced.items():
        monkeypatch.setattr(app, name, each)
    return made


def sent(body: bytes, *, encoded: bool = False) -> Json:
    text = base64.b64encode(body).decode() if encoded else body.decode("utf-8", "surrogatepass")
    return {"version": "2.0", "headers": {}, "body": text, "isBase64Encoded": encoded}


def answered(event: Json) -> tuple[int, Json]:
    answer = invoke(app.lambda_handler, event)
    assert answer["headers"]["content-type"] == "application/json"
    assert answer["headers"]["cache-control"] == "no-store"
    return int(answer["statusCode"]), json.loads(answer["body"])


def counted(capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return [metric["Name"] for line in lines for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]]


@pytest.mark.parametrize("encoded", [True, False])
def test_a_proof_is_taken_as_api_gateway_hands_it_over_and_has_it_offered(
    world: World, encoded: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    status, answer = answered(sent(document(), encoded=encoded))

    assert status == 200
    assert answer == {"account_id": CONSUMER, "proved_by": ARN, "proved_at": AT.isoformat()}
    assert world.challenges.proved == {CONSUMER: (ARN, AT)}
    assert (world.swept, counted(capsys)) == (1, [])


def test_the_schedule_has_it_offered_where_the_queue_does_not(world: World) -> None:
    world.queue = AccessDeniedError("sqs:SendMessage is denied")

    assert answered(sent(document()))[0] == 200
    assert world.challenges.proved.keys() == {CONSUMER}


REFUSED: dict[str, tuple[Json, int, str]] = {
    "no body": ({}, 400, "document-unreadable"),
    "no text": ({"body": 5}, 400, "document-unreadable"),
    "no base64": ({"body": "é", "isBase64Encoded": True}, 400, "document-unreadable"),
    "half a character": ({"body": "\ud800"}, 400, "document-unreadable"),
    "no JSON": (sent(b"challenge=x"), 400, "document-unreadable"),
    "no challenge": (sent(document(challenge="x")), 400, "challenge-malformed"),
    "a url of elsewhere": (sent(document("https://evil.example/?x=y")), 403, "host-not-allowed"),
    "a url that is none": (sent(document("x")), 400, "url-malformed"),
    "nobody's challenge": (sent(document(challenge=challenge_for("9" * 12).text)), 403, "no-such-challenge"),
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_proves_nothing_is_refused_with_a_code_and_a_sentence_and_counted(
    world: World, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    event, status, code = REFUSED[how]

    found, answer = answered(event)

    assert (found, answer["error"]) == (status, code)
    assert answer.keys() == {"error", "message"}
    assert (world.challenges.proved, world.sts.asked, world.swept) == ({}, [], 0)
    assert counted(capsys) == ["ProofsRefused"]


def test_a_stranger_gets_one_answer_whether_an_account_is_registered_or_not(world: World, lines: Lines) -> None:
    answers = [answered(sent(document(challenge=challenge_for(each).text))) for each in (CONSUMER, "9" * 12)]

    assert answers[0] == answers[1]
    details = [line["detail"] for line in lines.kept if line["message"] == "proof refused"]
    assert len({*details}) == 2


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (SignatureRefusedError("ask STS: 403 ExpiredToken"), 403, "signature-refused"),
        (CallerIdentity(account_id="9" * 12, arn=f"arn:aws:iam::{'9' * 12}:root"), 403, "other-account"),
        (UpstreamError("STS can't be reached"), 503, "try-again"),
    ],
)
def test_what_sts_says_is_told_to_who_knows_the_challenge(world: World, answer: Any, status: int, code: str) -> None:
    world.sts.answer = answer

    found, told = answered(sent(document()))

    assert (found, told["error"]) == (status, code)
    assert (world.challenges.open, world.swept) == ({CONSUMER: CHALLENGE.text}, 0)


def test_a_table_that_fails_is_no_refusal_and_not_told(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(account_id: str) -> str:
        raise UpstreamError(f"look {account_id} up: InternalServerError")

    monkeypatch.setattr(world.challenges, "challenge", fail)

    status, answer = answered(sent(document()))

    assert (status, answer["error"]) == (503, "try-again")
    assert CONSUMER not in answer["message"]
    assert counted(capsys) == []


def test_neither_token_nor_signature_gets_into_the_log(world: World, lines: Lines) -> None:
    world.sts.answer = SignatureRefusedError("ask STS: 403")
    for body in (document(), document(challenge="x"), document("https://evil.example/?x"), b'{"url": "' + b"x" * 99):
        answered(sent(body))

    logged = json.dumps(lines.kept)
    assert len(lines.kept) == 4
    for secret in (parameters()["X-Amz-Security-Token"], parameters()["X-Amz-Signature"], CHALLENGE.nonce):
        assert secret not in logged


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.none(), st.text(max_size=80), st.integers(), st.binary(max_size=9).map(repr)), st.booleans())
def test_whatever_anybody_sends_gets_a_refusal(body: Any, encoded: bool) -> None:
    status, answer = answered({"body": body, "isBase64Encoded": encoded})

    assert (status, answer["error"]) == (400, "document-unreadable")
