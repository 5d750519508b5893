"""STS, as the adapter promises to ask it with what somebody else signed."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from drawbridge.aws.security_token_service import SecurityTokenService
from drawbridge.errors import UpstreamError
from drawbridge.intake.ownership.challenge import Challenge, Provider, new_challenge
from drawbridge.intake.ownership.proof import SignedCall, read_answer
from drawbridge.intake.ownership.prove import CallerIdentity, SignatureRefusedError
from drawbridge_cli.proof_signing import signed_document
from local_aws.testing.clock import clock
from local_aws.testing.server import LocalAws
from tests.contracts.accounts import Account
from tests.unit.proofs import AT, PROVIDER, document

HERE = Provider(prefix="drawbridge", account_id="111122223333", region="eu-central-1")


def signed(account: Account, challenge: Challenge, region: str = "") -> SignedCall:
    keys = account.client("sts")._request_signer._credentials.get_frozen_credentials()
    made = signed_document(challenge, keys, clock.now(), region)
    return read_answer(made.encode(), HERE, clock.now()).call


@pytest.fixture
def challenge(account: Account) -> Challenge:
    return new_challenge(HERE, account.account_id)


@pytest.fixture
def sts(local_aws: LocalAws) -> SecurityTokenService:
    return SecurityTokenService(local_aws.url)


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_who_signed_is_who_sts_says(
    sts: SecurityTokenService, account: Account, challenge: Challenge, region: str
) -> None:
    identity = sts.caller(signed(account, challenge, region))

    arn = f"arn:aws:sts::{account.account_id}:assumed-role/person/test"
    assert identity == CallerIdentity(account_id=account.account_id, arn=arn)


def test_another_challenge_than_the_signed_one_is_refused(
    sts: SecurityTokenService, account: Account, challenge: Challenge
) -> None:
    """The challenge is sent as a header, which the signature covers: a signature counts for no other."""
    call = signed(account, challenge)
    other = SignedCall(host=call.host, parameters=call.parameters, challenge=new_challenge(HERE, "1" * 12).text)

    with pytest.raises(SignatureRefusedError, match="403 SignatureDoesNotMatch"):
        sts.caller(other)


def test_each_part_that_was_not_signed_so_is_refused(
    sts: SecurityTokenService, account: Account, challenge: Challenge
) -> None:
    call = signed(account, challenge)
    for name, value in call.parameters:
        if name == "Version":
            # The local AWS has one, and looks for no other; that it is signed is shown by the others.
            continue
        changed = tuple(
            (each, f"{was[:-1]}{'0' if was[-1] != '0' else '1'}" if each == name else was)
            for each, was in call.parameters
        )
        with pytest.raises(SignatureRefusedError):
            sts.caller(SignedCall(host=call.host, parameters=changed, challenge=call.challenge))
        assert value


def test_what_has_expired_on_the_way_is_refused(
    sts: SecurityTokenService, account: Account, challenge: Challenge
) -> None:
    call = signed(account, challenge)
    clock.advance(timedelta(minutes=16).total_seconds())

    with pytest.raises(SignatureRefusedError, match="SignatureDoesNotMatch"):
        sts.caller(call)


# ---- a server that is not STS, or not as it should be


IDENTITY = {"Account": "444455556666", "Arn": "arn:aws:iam::444455556666:user/x", "UserId": "U"}


def wrapped(identity: object) -> bytes:
    metadata = {"RequestId": "r"}
    body = {"GetCallerIdentityResult": identity, "ResponseMetadata": metadata}
    return json.dumps({"GetCallerIdentityResponse": body}).encode()


class Server:
    def __init__(self) -> None:
        self.status, self.body, self.headers = 200, wrapped(IDENTITY), {"Content-Type": "application/json"}
        self.asked: list[tuple[str, str, list[tuple[str, str]]]] = []
        self.url = ""
        self.drip = False


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append((self.command, self.path, self.headers.items()))
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.end_headers()
            # Who asks hangs up in the middle.
            with suppress(OSError):
                while told.drip:
                    self.wfile.write(b" " * 9000)
                self.wfile.write(told.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True).start()
        told.url = f"http://127.0.0.1:{serving.server_port}"
        yield told
        told.drip = False
        serving.shutdown()


CALL = read_answer(document(), PROVIDER, AT).call


def test_what_is_sent_is_the_checked_parts_and_nothing_else(server: Server) -> None:
    assert SecurityTokenService(server.url).caller(CALL).account_id == "444455556666"

    assert server.asked == [
        (
            "GET",
            CALL.target,
            [
                ("Host", "sts.eu-central-1.amazonaws.com"),
                ("x-drawbridge-challenge", CALL.challenge),
                ("Accept", "application/json"),
            ],
        )
    ]


XML = (
    b"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::444455556666:user/x</Arn>"
    b"<Account>444455556666</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)
NONSENSE: dict[str, bytes] = {
    "nothing": b"",
    "XML": XML,
    "XML within other text, as Vault read it": b'{"x": "' + XML + b'"}',
    "an entity bomb": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>',
    "an error": b'{"Error": {"Code": "Throttling", "Message": "m"}}',
    "another action's answer": b'{"AssumeRoleWithWebIdentityResponse": {}}',
    "no account": wrapped({"Arn": IDENTITY["Arn"]}),
    "a number for an account": wrapped(IDENTITY | {"Account": 444455556666}),
    "an account of other digits": wrapped(IDENTITY | {"Account": "\u0664" * 12}),
    "a short account": wrapped(IDENTITY | {"Account": "44445555666"}),
    "an ARN of another account": wrapped(IDENTITY | {"Arn": "arn:aws:iam::999999999999:user/x"}),
    "no ARN": wrapped(IDENTITY | {"Arn": "444455556666"}),
    "the answer at another place": json.dumps({"x": json.loads(wrapped(IDENTITY))}).encode(),
    "deep": b"[" * 50_000,
    "not UTF-8": b"\xff\xfe",
    "too much": wrapped(IDENTITY) + b" " * 70_000,
}


@pytest.mark.parametrize("how", NONSENSE)
def test_an_answer_that_is_not_sts_s_proves_nothing(server: Server, how: str) -> None:
    server.body = NONSENSE[how]

    with pytest.raises(UpstreamError):
        SecurityTokenService(server.url).caller(CALL)


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 308, 404, 429, 500, 503])
def test_no_redirect_is_followed_and_what_is_no_answer_may_pass(server: Server, status: int) -> None:
    server.status = status
    server.headers |= {"Location": f"{server.url}/elsewhere"}

    with pytest.raises(UpstreamError, match=str(status)):
        SecurityTokenService(server.url).caller(CALL)

    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize("code", ["Throttling", "RequestLimitExceeded", "ThrottlingException"])
def test_a_throttle_says_nothing_of_the_signature_and_may_pass(server: Server, status: int, code: str) -> None:
    server.status, server.body = status, json.dumps({"Error": {"Code": code, "Message": "Rate exceeded"}}).encode()

    with pytest.raises(UpstreamError, match=f"{status} {code}$"):
        SecurityTokenService(server.url).caller(CALL)


@pytest.mark.parametrize(
    "code", ["SignatureDoesNotMatch", "InvalidClientTokenId", "RequestExpired", "AccessDenied", "NobodyKnows"]
)
def test_any_other_refusal_is_of_the_signature(server: Server, code: str) -> None:
    server.status, server.body = 403, json.dumps({"Error": {"Code": code, "Message": "no"}}).encode()

    with pytest.raises(SignatureRefusedError, match=f"403 {code}$"):
        SecurityTokenService(server.url).caller(CALL)


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("body", [b'{"Error": {"Code": "ExpiredToken", "Message": "of secret"}}', b"<x/>", b""])
def test_a_refusal_is_told_by_its_code_alone(server: Server, status: int, body: bytes) -> None:
    server.status, server.body = status, body

    with pytest.raises(SignatureRefusedError) as refused:
        SecurityTokenService(server.url).caller(CALL)

    assert "secret" not in str(refused.value)
    assert ("ExpiredToken" in str(refused.value)) is (b"ExpiredToken" in body)


def test_an_answer_that_goes_on_is_cut_off(server: Server) -> None:
    server.drip = True

    with pytest.raises(UpstreamError, match="larger"):
        SecurityTokenService(server.url).caller(CALL)


def test_an_answer_that_takes_too_long_is_left(server: Server) -> None:
    ticks = iter(range(0, 1000, 6))

    with pytest.raises(UpstreamError, match="took more than 8 seconds"):
        SecurityTokenService(server.url, clock=lambda: float(next(ticks)) * 2).caller(CALL)


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"])
def test_a_connection_that_breaks_off_is_told_without_what_was_sent(said: bytes) -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(said)

    with listening(answer) as where, pytest.raises(UpstreamError) as failed:
        SecurityTokenService(f"http://{where}").caller(CALL)

    assert "X-Amz" not in str(failed.value)


def test_nobody_listening_is_told_as_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(UpstreamError, match="can't be reached"):
        SecurityTokenService(f"http://127.0.0.1:{port}").caller(CALL)


def test_a_host_that_can_t_show_sts_s_certificate_gets_nothing() -> None:
    got = bytearray()

    def answer(connection: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                got.extend(secured.recv(1000))
        except OSError:
            return

    with listening(answer) as where, pytest.raises(UpstreamError, match="SSL"):
        SecurityTokenService(f"https://{where}", seconds=5).caller(CALL)
    assert got == b""


def test_without_an_endpoint_sts_s_own_host_is_asked_over_verified_tls() -> None:
    connection = SecurityTokenService()._connection(CALL.host)

    assert (connection.host, connection.port) == ("sts.eu-central-1.amazonaws.com", 443)
    context = vars(connection)["_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
