"""The local AWS's own clients are made whatever the developer has configured."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3

from local_aws.http.client_classes import keep_client_classes


def test_a_profile_of_the_developer_s_is_ignored(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile mine]\nregion = eu-west-1\n", encoding="utf-8")
    code = (
        "from local_aws.http.own_clients import new_client\n"
        "made = new_client('sts', region='us-east-1', endpoint_url=None, credentials=('a', 'b', None))\n"
        "print(made.meta.region_name)"
    )

    for profile in ("mine", "nope"):
        environment = {**os.environ, "AWS_PROFILE": profile, "AWS_CONFIG_FILE": str(config)}
        ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert ran.stdout == "us-east-1\n"


def test_clients_of_a_session_share_a_class_which_has_what_the_session_adds_and_other_sessions_have_their_own() -> None:
    keep_client_classes()
    plain, adding = boto3.Session(), boto3.Session()
    adding.events.register("creating-client-class.sqs", _add_purge)

    first, second, other = _client(adding, "first"), _client(adding, "second"), _client(plain, "first")

    assert type(first) is type(second)
    assert first.purge() == "purged"
    assert not hasattr(other, "purge")
    assert type(other) is not type(first)
    keys = {client._request_signer._credentials.access_key for client in (first, second)}
    assert keys == {"first", "second"}


def _add_purge(class_attributes: dict[str, Any], **_: object) -> None:
    class_attributes["purge"] = lambda _: "purged"


def _client(session: boto3.Session, key: str) -> Any:
    return session.client(
        "sqs", region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key="secret", aws_session_token="token"
    )


def test_a_client_knows_the_events_names_that_its_session_has_looked_up() -> None:
    keep_client_classes()
    session = boto3.Session()
    heard: list[str] = []

    first, second = _client(session, "first"), _client(session, "second")
    for client in (first, second):
        client.meta.events.register("told.sqs", lambda event_name, **_: heard.append(event_name))
    second.meta.events.emit("told.sqs.ListQueues")

    assert first.meta.events._alias_name_cache is second.meta.events._alias_name_cache
    assert heard == ["told.sqs.ListQueues"]
