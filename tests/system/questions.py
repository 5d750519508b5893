"""What people are asked in Slack about a connection, and what they click."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from local_aws.testing.slack import Delivered, send, workspace
from scenarios.people import Person
from tests.system.conftest import World, until
from tests.system.requests_in_ledger import row_of

Json = dict[str, Any]


def messages(world: World, about: str) -> list[Json]:
    """Return the messages that name something, in order."""
    posted: list[Json] = world.slack()["messages"]
    return [each for each in posted if about in json.dumps(each["blocks"])]


def asked(world: World, about: str) -> Json:
    """Wait for the message that asks about a subject."""

    def check() -> Json | None:
        found = [each for each in messages(world, about) if buttons(each)]
        return found[-1] if found else None

    message: Json = until(check, lambda: f"a message about {about}")
    return message


def buttons(message: Json) -> set[str]:
    return {
        element["action_id"]
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    }


def click(_: World, message: Json, user: str, action: str = "approve") -> Json:
    return pressed(message, user, action)().described()


def pressed(message: Json, user: str, action: str = "approve") -> Callable[[], Delivered]:
    """Press a button that may be gone when the click arrives; return what sends it.

    However slow the machine that tests: what Slack's three seconds are enough for, the bench measures.
    """
    (app,) = (each.app for each in workspace.messages() if each.ts == message["ts"])
    signed = workspace.signed(app.account_id, workspace.block_actions(user, message["ts"], action))
    return lambda: send(signed, within=60)


def shown(world: World, message: Json) -> str:
    (now,) = (each for each in world.slack()["messages"] if each["ts"] == message["ts"])
    return json.dumps(now["blocks"], ensure_ascii=False)


def private(world: World, user: str) -> list[str]:
    return [each["text"] for each in world.slack()["messages"] if each.get("ephemeral_to") == user]


def waiting(provider: Person, subject: str) -> Json:
    def check() -> Json | None:
        row = row_of(provider, subject)
        return row if row and row["status"]["S"] == "WAITING_FOR_APPROVAL" else None

    found: Json = until(check, lambda: f"{subject} waits: {row_of(provider, subject)}")
    return found


def request(provider: Person, stranger: Person) -> str:
    _, service_name = provider.offer_service()
    return stranger.connect(service_name)
