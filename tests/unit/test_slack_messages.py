"""Each kind of message as it is read in Slack, as ``tests/unit/slack`` keeps it; ``REWRITE=1`` writes that."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drawbridge.approval.message import SlackMessage
from local_aws.testing import slack
from tests.unit.slack_messages import MESSAGES

KEPT = Path(__file__).parent / "slack"
SIGNS = {"plain_text": "", "mrkdwn": "mrkdwn "}


def written(what: SlackMessage) -> str:
    return "\n".join([f"notification: {what.text}", *(line for block in what.blocks for line in _lines(block)), ""])


def _lines(block: dict[str, Any]) -> Iterator[str]:
    yield f"--- {block['type']}"
    for place, text in enumerate(slack.texts(block)):
        indent = "  " if "fields" in block and place % 2 else ""
        yield from (f"{indent}{SIGNS[text['type']]}{line}" for line in text["text"].split("\n"))


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_reads_as_it_is_kept(name: str) -> None:
    kept = KEPT / f"{name}.txt"
    if "REWRITE" in os.environ:
        kept.write_text(written(MESSAGES[name]))

    assert written(MESSAGES[name]) == kept.read_text()


def test_no_message_is_kept_that_is_not_made_any_more() -> None:
    assert {each.stem for each in KEPT.iterdir()} == set(MESSAGES)


@pytest.mark.parametrize("name", MESSAGES)
def test_slack_takes_each_message(name: str) -> None:
    slack.check_blocks(MESSAGES[name].blocks)


@pytest.mark.parametrize("name", MESSAGES)
def test_slack_makes_links_and_mentions_only_of_what_is_marked_as_such(name: str) -> None:
    texts = [text for block in MESSAGES[name].blocks for text in slack.texts(block)]

    assert all(each["verbatim"] is True for each in texts if each["type"] == "mrkdwn")
