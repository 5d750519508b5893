"""Secrets Manager, as the adapter promises to read the webhook, and to show it nowhere."""

from __future__ import annotations

import json
import traceback
import uuid
from typing import Any

import pytest

from drawbridge.aws.webhook_secret import WebhookSecrets
from drawbridge.errors import AccessDeniedError
from drawbridge.webhook.signing import key_of
from tests.builders import NOW
from tests.contracts.conftest import NewAccount
from tests.webhooks import SECRET

URL = "https://hooks.example.com/a-secret-token"
OTHER = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="


@pytest.fixture(scope="module")
def client(new_account: NewAccount) -> Any:
    return new_account().client("secretsmanager")


def secrets(client: Any, text: str) -> WebhookSecrets:
    name = f"drawbridge/webhook-{uuid.uuid4()}"
    client.create_secret(Name=name, SecretString=text)
    return WebhookSecrets(client, name, now=lambda: NOW)


def written(**fields: Any) -> str:
    return json.dumps({"url": URL, "signingSecret": SECRET} | fields)


def test_the_webhook_is_read(client: Any) -> None:
    webhook = secrets(client, written(note="of the portal")).webhook()

    assert (webhook.address.host, webhook.address.path) == ("hooks.example.com", "/a-secret-token")
    assert webhook.keys == (key_of(SECRET),)


def test_the_secret_before_signs_too_while_it_is_rotated(client: Any) -> None:
    webhook = secrets(client, written(previousSigningSecret=OTHER)).webhook()

    assert webhook.keys == (key_of(SECRET), key_of(OTHER))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "is not JSON with url and signingSecret"),
        (URL, "is not JSON with url and signingSecret"),
        (json.dumps({"url": URL}), "is not JSON with url and signingSecret"),
        (written(url=7), "is not JSON with url and signingSecret"),
        (written(url=URL.replace("https", "http")), "url: it does not begin with https"),
        (written(url="https://10.0.0.1:x/a-secret-token"), "url: it is no URL"),
        (written(signingSecret=SECRET.removeprefix("whsec_")), "signingSecret: it is whsec_ and"),
        (written(previousSigningSecret="a-secret-token"), "signingSecret: it is whsec_ and"),
    ],
    ids=range(8),
)
def test_what_is_no_webhook_is_reported_without_a_word_of_it(client: Any, text: str, named: str) -> None:
    with pytest.raises(AccessDeniedError, match=named) as error:
        secrets(client, text).webhook()

    told = "".join(traceback.format_exception(error.value))
    assert "docs/consumers-told.md" in told
    assert "a-secret-token" not in told
    assert SECRET.removeprefix("whsec_") not in told


def test_a_webhook_that_is_not_there_is_reported_with_what_to_read(client: Any) -> None:
    with pytest.raises(AccessDeniedError, match=r"drawbridge/none is not there, .*see docs/consumers-told\.md"):
        WebhookSecrets(client, "drawbridge/none", now=lambda: NOW).webhook()


def test_the_webhook_shows_nothing_of_itself(client: Any) -> None:
    webhook = secrets(client, written()).webhook()

    for shown in (repr(webhook), str(webhook), f"{[webhook]}"):
        assert "a-secret-token" not in shown
        assert str(webhook.keys[0]) not in shown
