"""``drawbridge prove``, by a consumer that has credentials and no stack."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from drawbridge.aws.security_token_service import SecurityTokenService
from drawbridge.intake.ownership.challenge import Challenge, Provider, new_challenge
from drawbridge.intake.ownership.proof import CHALLENGE_HEADER, ChallengeAnswer, read_answer
from drawbridge_cli.proof_signing import signed_document
from local_aws.testing.accounts import Account, Accounts
from local_aws.testing.clock import clock
from local_aws.testing.record import record
from local_aws.testing.server import LocalAws
from tests.cli.operators import Drawbridge, denied
from tests.unit.proofs import AT

PROVIDER = Provider(prefix="drawbridge", account_id="111122223333", region="eu-central-1")


@pytest.fixture(scope="module")
def customer(local_aws_accounts: Accounts) -> Account:
    return local_aws_accounts.person("548000000001", called="bob")


@pytest.fixture
def as_customer(customer: Account, drawbridge: Drawbridge, monkeypatch: pytest.MonkeyPatch) -> Drawbridge:
    for name, value in customer.environment.items():
        monkeypatch.setenv(name, value)
    return drawbridge


@pytest.fixture
def challenge(customer: Account) -> Challenge:
    return new_challenge(PROVIDER, customer.account_id)


class Provided:
    """A provider's address, and what it answers."""

    def __init__(self) -> None:
        self.status, self.body, self.url = 200, b"{}", ""
        self.taken: list[tuple[str, bytes]] = []


@pytest.fixture
def provided() -> Iterator[Provided]:
    told = Provided()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(told.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True).start()
        told.url = f"http://127.0.0.1:{serving.server_port}/proof"
        yield told
        serving.shutdown()


def answer_in(written: bytes) -> ChallengeAnswer:
    return read_answer(written, PROVIDER, clock.now())


def test_what_is_written_proves_the_account_and_is_for_its_owner_s_eyes(
    as_customer: Drawbridge, customer: Account, challenge: Challenge, local_aws: LocalAws, tmp_path: Path
) -> None:
    file = tmp_path / "proof.json"

    ended = as_customer("prove", "--challenge", challenge.text, "--output", str(file))

    assert (ended.code, ended.err) == (0, "")
    answer = answer_in(file.read_bytes())
    assert answer.challenge == challenge
    # For STS's own host, though the credentials are used at another address.
    assert answer.call.host == "sts.eu-central-1.amazonaws.com"
    assert SecurityTokenService(local_aws.url).caller(answer.call).account_id == customer.account_id
    assert file.stat().st_mode & 0o077 == 0
    first, second, third = ended.out.splitlines()
    assert first == f"written  {file}"
    assert "drawbridge of account 111122223333 in eu-central-1, and to nobody else" in second
    assert "good once, until" in third
    for secret in (customer.credentials.secret_access_key, customer.credentials.session_token, "X-Amz"):
        assert secret not in ended.out


def test_programs_are_told_who_signed_and_until_when(
    as_customer: Drawbridge, customer: Account, challenge: Challenge, tmp_path: Path
) -> None:
    file = tmp_path / "proof.json"

    told = as_customer("prove", "--challenge", challenge.text, "--output", str(file), "--json").json

    assert told.keys() == {"account_id", "signed_by", "valid_until", "file"}
    assert (told["account_id"], told["file"]) == (customer.account_id, str(file))
    assert told["signed_by"].endswith(":assumed-role/person/bob")


def test_it_is_sent_to_the_provider(as_customer: Drawbridge, challenge: Challenge, provided: Provided) -> None:
    ended = as_customer("prove", "--challenge", f"  {challenge.text}\n", "--url", f"{provided.url}?x=y")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"proved  {challenge.account_id} is yours, to drawbridge of account 111122223333")
    ((path, body),) = provided.taken
    assert path == "/proof?x=y"
    assert answer_in(body).challenge == challenge


def test_another_region_s_sts_may_vouch(
    as_customer: Drawbridge, challenge: Challenge, local_aws: LocalAws, tmp_path: Path
) -> None:
    """A session is not valid in a Region that its account has not enabled."""
    file, mark = tmp_path / "proof.json", record.mark()

    ended = as_customer("prove", "--challenge", challenge.text, "--output", str(file), "--sts-region", "us-east-1")

    assert ended.code == 0
    asked = {each._made.call.region for each in record.since(mark, account_id=challenge.account_id)}
    assert asked == {"us-east-1"}
    call = answer_in(file.read_bytes()).call
    assert call.host == "sts.us-east-1.amazonaws.com"
    assert SecurityTokenService(local_aws.url).caller(call).account_id == challenge.account_id


def test_a_refusal_is_told_with_the_provider_s_words(
    as_customer: Drawbridge, challenge: Challenge, provided: Provided
) -> None:
    provided.status = 403
    provided.body = json.dumps({"error": "no-such-challenge", "message": "ask for a new one \x1b[31m"}).encode()

    ended = as_customer("prove", "--challenge", challenge.text, "--url", provided.url)

    assert (ended.code, ended.out) == (1, "")
    assert "the provider does not take it: ask for a new one" in ended.err
    assert "(no-such-challenge)" in ended.err
    assert "\x1b" not in ended.err


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (503, b'{"error": "try-again", "message": "in a minute"}', "answered with status 503: in a minute"),
        (404, b'{"message": "Not Found"}', "answered with status 404: Not Found"),
        (403, b'{"message": "Forbidden"}', "answered with status 403: Forbidden"),
        (429, b'{"message": "Too Many Requests"}', "answered with status 429"),
        (302, b'{"message": "moved"}', "answered with status 302"),
        (200, b"<html>", "not as Drawbridge does"),
        (200, b"[]", "not as Drawbridge does"),
    ],
)
def test_what_is_no_answer_of_drawbridge_s_is_told(
    as_customer: Drawbridge, challenge: Challenge, provided: Provided, status: int, body: bytes, words: str
) -> None:
    provided.status, provided.body = status, body

    ended = as_customer("prove", "--challenge", challenge.text, "--url", provided.url)

    assert (ended.code, ended.out) == (3, "")
    assert words in ended.err
    assert len(provided.taken) == 1


def test_credentials_of_another_account_are_told_before_anything_is_signed(
    as_customer: Drawbridge, provided: Provided
) -> None:
    other = new_challenge(PROVIDER, "999999999999").text

    ended = as_customer("prove", "--challenge", other, "--url", provided.url)

    assert ended.code == 2
    assert "it is for account 999999999999, and these credentials are of 548000000001" in ended.err
    assert "--profile" in ended.err
    assert provided.taken == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--challenge", "x", "--url", "https://x"), "--challenge: 'x' is none"),
        (("--url", "https://x"), "--challenge"),
        (("--challenge", "CHALLENGE"), "--url: give either"),
        (("--challenge", "CHALLENGE", "--url", "https://x", "--output", "y"), "--url: give either"),
        (("--challenge", "CHALLENGE", "--url", "http://example.com/proof"), "is no https://"),
        (("--challenge", "CHALLENGE", "--url", "https://u@example.com"), "is no https://"),
        (("--challenge", "CHALLENGE", "--url", "https://example.com:x/"), "is no https://"),
        (("--challenge", "CHALLENGE", "--url", "https://example.com/\n"), "is no https://"),
        (("--challenge", "CHALLENGE", "--url", "https:///proof"), "is no https://"),
        (("--challenge", "CHALLENGE", "--url", "file:///etc/passwd"), "is no https://"),
        (("--challenge", "CHALLENGE", "--url", "https://x", "--sts-region", "ap-east-1"), "eu-central-1 or us-east-1"),
        (("--challenge", "CHALLENGE", "--output", "/no/such/folder/x"), "--output: /no/such/folder/x: No such file"),
    ],
)
def test_what_is_wrongly_given_is_told_by_its_option(
    as_customer: Drawbridge, challenge: Challenge, options: tuple[str, ...], words: str
) -> None:
    ended = as_customer("prove", *(challenge.text if each == "CHALLENGE" else each for each in options))

    assert ended.code == 2
    assert words in ended.err


def test_without_credentials_it_is_said_how_to_give_them(drawbridge: Drawbridge, challenge: Challenge) -> None:
    ended = drawbridge("prove", "--challenge", challenge.text, "--url", "https://example.com")

    assert ended.code == 2
    assert "there are no AWS credentials" in ended.err


def test_a_failing_sts_is_told_as_aws_s(as_customer: Drawbridge, challenge: Challenge) -> None:
    with denied("sts:GetCallerIdentity", challenge.account_id):
        ended = as_customer("prove", "--challenge", challenge.text, "--url", "https://example.com")

    assert ended.code == 3


def test_nobody_at_the_address_is_told(as_customer: Drawbridge, challenge: Challenge) -> None:
    ended = as_customer("prove", "--challenge", challenge.text, "--url", "http://127.0.0.1:1/proof")

    assert ended.code == 3
    assert "can't be reached" in ended.err


def test_the_signature_is_botocore_s_own_but_for_the_time(
    monkeypatch: pytest.MonkeyPatch, challenge: Challenge
) -> None:
    """The signer's time is set in a method that botocore does not document: this fails if it is called otherwise."""
    keys = ReadOnlyCredentials("AKIDEXAMPLE123456789", "secret", "token")
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: AT)
    request = AWSRequest(
        method="GET",
        url="https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
        headers={CHALLENGE_HEADER: challenge.text},
    )
    credentials: Any = keys
    botocore.auth.SigV4QueryAuth(credentials, "sts", "eu-central-1", expires=900).add_auth(request)
    monkeypatch.undo()

    made = json.loads(signed_document(challenge, keys, AT))

    assert made == {"challenge": challenge.text, "url": request.url}
