"""Secrets Manager, as the adapter promises to read the secret, and to show it nowhere."""

from __future__ import annotations

import json
import traceback
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from drawbridge.aws.secrets import Secrets, SlackSecret
from drawbridge.errors import AccessDeniedError, ThrottledError
from tests.builders import NOW
from tests.contracts.accounts import Account, refusing
from tests.contracts.conftest import NewAccount

TOKEN = "xoxb-1-verysecret"
SIGNING = "0123456789abcdef"


class Watch:
    """A clock of the test's own."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture(scope="module")
def someone(new_account: NewAccount) -> Account:
    return new_account()


@pytest.fixture
def client(someone: Account) -> Any:
    return someone.client("secretsmanager")


def named(client: Any, **value: Any) -> str:
    """Make a secret; give its name."""
    name = f"drawbridge/slack-{uuid.uuid4()}"
    client.create_secret(Name=name, **value)
    return name


def written(token: Any = TOKEN, **others: Any) -> str:
    return json.dumps({"botToken": token, "signingSecret": SIGNING} | others)


def test_the_secret_is_read_from_its_json_with_whatever_else_is_there(client: Any) -> None:
    name = named(client, SecretString=written(note="rotated in May"))

    assert Secrets(client, name, now=Watch()).slack() == SlackSecret(bot_token=TOKEN, signing_secret=SIGNING)


def test_a_secret_that_is_rotated_is_noticed_within_five_minutes(client: Any) -> None:
    name, watch = named(client, SecretString=written("first")), Watch()
    secrets = Secrets(client, name, now=watch)
    read = [secrets.slack().bot_token]
    client.put_secret_value(SecretId=name, SecretString=written("second"))

    for minutes in (4, 1, 4):
        watch.time += timedelta(minutes=minutes)
        read.append(secrets.slack().bot_token)

    assert read == ["first", "first", "second", "second"]


def test_a_secret_is_not_asked_for_each_time(client: Any) -> None:
    secrets = Secrets(client, named(client, SecretString=written()), now=Watch())
    secrets.slack()

    with refusing(client, "get_secret_value", "AccessDeniedException"):
        assert secrets.slack().bot_token == TOKEN


def test_a_secret_that_is_not_there_is_reported_by_its_name_and_what_to_read(client: Any) -> None:
    with pytest.raises(AccessDeniedError, match=r"drawbridge/none is not there, or has no value; see docs/slack\.md"):
        Secrets(client, "drawbridge/none", now=Watch()).slack()


def test_a_secret_that_has_no_value_yet_is_reported_the_same_way(client: Any) -> None:
    with pytest.raises(AccessDeniedError, match="is not there, or has no value"):
        Secrets(client, named(client), now=Watch()).slack()


@pytest.mark.parametrize(
    "value",
    [
        {"SecretString": TOKEN},
        {"SecretString": f"{{{TOKEN}"},
        {"SecretString": json.dumps([TOKEN])},
        {"SecretString": json.dumps({"botToken": TOKEN})},
        {"SecretString": json.dumps({"signingSecret": TOKEN})},
        {"SecretString": json.dumps({"bot_token": TOKEN, "signing_secret": SIGNING})},
        {"SecretString": written("", note=TOKEN)},
        {"SecretString": written([TOKEN])},
        {"SecretString": json.dumps({"botToken": TOKEN, "signingSecret": None})},
        {"SecretBinary": written().encode()},
    ],
    ids=range(10),
)
def test_what_is_no_such_secret_is_reported_without_a_word_of_it(client: Any, value: dict[str, Any]) -> None:
    secrets = Secrets(client, named(client, **value), now=Watch())

    with pytest.raises(AccessDeniedError, match="is not JSON with botToken and signingSecret") as error:
        secrets.slack()

    text = "".join(traceback.format_exception(error.value))
    assert TOKEN not in text
    assert SIGNING not in text


def test_what_could_not_be_read_is_tried_again_the_next_time(client: Any) -> None:
    name = named(client, SecretString="{}")
    secrets = Secrets(client, name, now=Watch())
    with pytest.raises(AccessDeniedError):
        secrets.slack()

    client.put_secret_value(SecretId=name, SecretString=written())

    assert secrets.slack().bot_token == TOKEN


@pytest.mark.parametrize(
    ("code", "error"), [("ThrottlingException", ThrottledError), ("AccessDeniedException", AccessDeniedError)]
)
def test_a_refused_call_is_an_error_of_ours(client: Any, code: str, error: type[Exception]) -> None:
    with refusing(client, "get_secret_value", code), pytest.raises(error, match="drawbridge/x"):
        Secrets(client, "drawbridge/x", now=Watch()).slack()


@pytest.mark.parametrize("shown", [repr, str, "{}".format, lambda secret: f"{[secret]}"])
def test_the_secret_shows_nothing_of_itself(shown: Any) -> None:
    text = shown(SlackSecret(bot_token=TOKEN, signing_secret=SIGNING))

    assert TOKEN not in text
    assert SIGNING not in text
