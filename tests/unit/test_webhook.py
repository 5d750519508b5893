"""The webhook: what is signed, which addresses are called, and what becomes of each answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.errors import DrawbridgeError, InvalidInputError, ThrottledError, UpstreamError
from drawbridge.webhook.address import WebhookAddress, callable_addresses, webhook_address
from drawbridge.webhook.sender import WebhookSender
from drawbridge.webhook.signing import key_of, signed_headers
from tests.webhooks import SECRET, Received, listening

PUBLIC = "93.184.215.14"


def test_a_signature_is_that_of_standard_webhooks() -> None:
    """The values are those of the specification's own libraries' tests."""
    at = datetime.fromtimestamp(1614265330, UTC)

    headers = signed_headers([key_of(SECRET)], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_while_a_secret_is_rotated_there_is_a_signature_by_each() -> None:
    keys = [b"a" * 24, b"b" * 24]

    signatures = signed_headers(keys, "msg_1", datetime.fromtimestamp(5, UTC), b"{}")["webhook-signature"].split(" ")

    digests = [hmac.new(key, b"msg_1.5.{}", hashlib.sha256).digest() for key in keys]
    assert signatures == [f"v1,{base64.b64encode(each).decode()}" for each in digests]


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "secret",
        SECRET.removeprefix("whsec_"),
        "whsec_" + base64.b64encode(b"a" * 23).decode(),
        "whsec_" + base64.b64encode(b"a" * 65).decode(),
        "whsec_" + "ä" * 40,
        SECRET[:-1],
        f"{SECRET}\n",
        f"{SECRET}!",
    ],
)
def test_what_is_no_signing_secret_is_refused_without_a_word_of_it(secret: str) -> None:
    with pytest.raises(InvalidInputError, match=r"signingSecret: it is whsec_ and 24 to 64 random bytes") as error:
        key_of(secret)

    assert error.value.__cause__ is None
    assert len(secret) < 10 or secret not in str(error.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hooks.example.com", WebhookAddress(True, "hooks.example.com", 443, "/")),
        ("HTTPS://Hooks.Example.com/a/b?c=d#e", WebhookAddress(True, "hooks.example.com", 443, "/a/b?c=d")),
        ("https://hooks.example.com:8443/a", WebhookAddress(True, "hooks.example.com", 8443, "/a")),
        ("http://127.0.0.1:5000/a", WebhookAddress(False, "127.0.0.1", 5000, "/a")),
        ("http://[::1]:5000/a", WebhookAddress(False, "::1", 5000, "/a")),
    ],
)
def test_an_address_is_read(url: str, expected: WebhookAddress) -> None:
    assert webhook_address(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.org",
        "http://hooks.example.com/",
        "http://localhost:5000/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0.0.0.0/",
        "http://127.1/",
        "http://[::ffff:127.0.0.1]@evil.example/",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user:secret@hooks.example.com/",
        "https://@hooks.example.com/",
        "https://hooks.example.com:99999/",
        "https://hooks.example.com:x/",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nX: y",
        "https://hooks.exämple.com/",
        "https://[::1/",
        "https://hooks.example.com\\@evil.example/",
        "https://hooks_example/",
        f"https://hooks.example.com/{'a' * 2000}",
        " https://hooks.example.com/",
        f"https://{'a' * 64}.example.com/",
        f"https://{'a.' * 127}com/",
        "https://../",
        "https://a..b/",
        "https://[fe80::1%25eth0]/",
        "https://[1:2]/",
    ],
)
def test_what_may_not_be_called_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^url: ") as error:
        webhook_address(url)

    assert len(url) < 10 or url not in str(error.value)
    assert "secret" not in str(error.value)


@given(
    st.text(max_size=80) | st.text(max_size=40).map("https://{}".format) | st.text(max_size=40).map("http://{}".format)
)
def test_any_text_is_an_address_or_refused(url: str) -> None:
    try:
        address = webhook_address(url)
    except InvalidInputError:
        return
    assert address.is_https or address.host == "::1" or address.host.startswith("127.")
    assert address.path.startswith("/")
    assert address.path.isprintable()


def test_an_address_shows_its_host_alone() -> None:
    assert "token" not in repr(webhook_address("https://hooks.example.com/token"))


INSIDE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - nobody binds to it
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a00:1::",
    "::7f00:1",
    "64:ff9b:1::7f00:1",
    "fec0::1",
    "192.0.0.192",
    "240.0.0.1",
    "5f00::1",
    "3fff::1",
]


@pytest.mark.parametrize("inside", INSIDE)
def test_no_name_leads_inside(inside: str) -> None:
    address = webhook_address("https://hooks.example.com/")

    for found in ([inside], [PUBLIC, inside], [inside, PUBLIC]):
        with pytest.raises(InvalidInputError, match="which is not on the internet"):
            callable_addresses(address, found)


@pytest.mark.parametrize("public", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_what_is_on_the_internet_is_called(public: str) -> None:
    assert callable_addresses(webhook_address("https://hooks.example.com/"), [public, public]) == (public,)


@pytest.mark.parametrize("elsewhere", [PUBLIC, "10.0.0.1", "169.254.169.254"])
def test_plain_http_leads_nowhere_but_to_this_machine(elsewhere: str) -> None:
    address = webhook_address("http://127.0.0.1:5000/")

    assert callable_addresses(address, ["127.0.0.1"]) == ("127.0.0.1",)
    with pytest.raises(InvalidInputError):
        callable_addresses(address, [elsewhere])


@pytest.fixture(scope="module")
def server() -> Iterator[Received]:
    with listening() as received:
        yield received


@pytest.fixture
def webhook(server: Received) -> Received:
    server.requests.clear()
    server.status, server.headers = 204, {}
    return server


def test_a_message_arrives_as_it_was_signed(webhook: Received) -> None:
    body = b'{"id":"msg_1"}'
    headers = signed_headers([key_of(SECRET)], "msg_1", datetime.fromtimestamp(5, UTC), body)

    WebhookSender().send(webhook_address(webhook.url), headers, body)

    ((path, got, got_body),) = webhook.requests
    assert (path, got_body) == ("/told?by=drawbridge", body)
    assert {name: got[name] for name in headers} == headers
    assert got["content-type"] == "application/json"
    assert got["host"] == f"127.0.0.1:{webhook.port}"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_success_is_one(webhook: Received, status: int) -> None:
    webhook.status = status

    WebhookSender().send(webhook_address(webhook.url), {}, b"{}")

    assert len(webhook.requests) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, InvalidInputError),
        (302, InvalidInputError),
        (307, InvalidInputError),
        (308, InvalidInputError),
        (400, InvalidInputError),
        (401, InvalidInputError),
        (404, InvalidInputError),
        (410, InvalidInputError),
        (429, ThrottledError),
        (500, UpstreamError),
        (503, UpstreamError),
    ],
)
def test_any_other_answer_is_an_error_and_no_redirect_is_followed(
    webhook: Received, status: int, error: type[DrawbridgeError]
) -> None:
    webhook.status = status
    webhook.headers = {"Location": webhook.url}

    with pytest.raises(error, match=f"127.0.0.1 answers with status {status}"):
        WebhookSender().send(webhook_address(webhook.url), {}, b"{}")

    assert len(webhook.requests) == 1


def test_a_webhook_that_is_not_there_is_an_error_that_may_pass() -> None:
    with listening() as gone:
        url = gone.url

    with pytest.raises(UpstreamError, match="can't be reached"):
        WebhookSender().send(webhook_address(url), {}, b"{}")


def test_what_a_name_leads_to_is_looked_at_before_it_is_called(webhook: Received) -> None:
    address = WebhookAddress(is_https=True, host="hooks.example.com", port=webhook.port, path="/")

    with pytest.raises(InvalidInputError, match="not on the internet"):
        WebhookSender(resolve=lambda *_: ["127.0.0.1"]).send(address, {}, b"{}")

    assert webhook.requests == []


def test_what_was_looked_at_is_what_is_called(webhook: Received) -> None:
    answers = [["127.0.0.1"], [PUBLIC]]

    WebhookSender(resolve=lambda *_: answers.pop(0)).send(webhook_address(webhook.url), {}, b"{}")

    assert (len(webhook.requests), len(answers)) == (1, 1)


def test_the_api_by_which_lambda_runs_the_function_is_not_called(webhook: Received) -> None:
    sender = WebhookSender(reserved=f"127.0.0.1:{webhook.port}")

    with pytest.raises(InvalidInputError, match="Lambda's own"):
        sender.send(webhook_address(webhook.url), {}, b"{}")

    assert webhook.requests == []


def test_https_wants_a_certificate_of_the_host(webhook: Received, monkeypatch: pytest.MonkeyPatch) -> None:
    address = WebhookAddress(is_https=True, host="hooks.example.com", port=webhook.port, path="/")
    # The server speaks no TLS: what matters is that nothing is sent to it in the clear.
    monkeypatch.setattr("drawbridge.webhook.sender.callable_addresses", lambda *_: ("127.0.0.1",))

    with pytest.raises(UpstreamError, match="can't be reached, or breaks off: "):
        WebhookSender(timeout=1, resolve=lambda *_: ["127.0.0.1"]).send(address, {}, b"{}")

    assert webhook.requests == []


def test_a_webhook_that_says_nothing_is_waited_for_a_bounded_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = webhook_address(f"http://127.0.0.1:{silent.getsockname()[1]}/")

        with pytest.raises(UpstreamError, match="TimeoutError"):
            WebhookSender(timeout=0.05).send(address, {}, b"{}")


def test_a_webhook_that_never_comes_to_its_answer_is_waited_for_a_bounded_time() -> None:
    def goes_on() -> None:
        connected, _ = never.accept()
        # Who asks hangs up in the middle.
        with connected, suppress(OSError):
            while True:
                connected.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    with socket.create_server(("127.0.0.1", 0)) as never:
        thread = threading.Thread(target=goes_on, daemon=True)
        thread.start()
        address = webhook_address(f"http://127.0.0.1:{never.getsockname()[1]}/")

        with pytest.raises(UpstreamError, match="TimeoutError"):
            WebhookSender(timeout=0.2).send(address, {}, b"{}")
        thread.join(10)

    assert not thread.is_alive()
