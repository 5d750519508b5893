from __future__ import annotations

import json
from typing import Any

import pytest

from local_aws.slack.block_kit import read_blocks, read_view
from local_aws.slack.errors import SlackError
from local_aws_tests.slack_apps import APPROVAL

Json = dict[str, Any]


def plain(length: int = 1) -> Json:
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length: int = 1) -> Json:
    return {"type": "mrkdwn", "text": "x" * length}


def section(**fields: Any) -> Json:
    return {"type": "section", "text": mrkdwn(), **fields}


def button(**fields: Any) -> Json:
    return {"type": "button", "text": plain(), "action_id": "a", **fields}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def confirm(**fields: Any) -> Json:
    return {"title": plain(100), "text": mrkdwn(300), "confirm": plain(30), "deny": plain(30), **fields}


def typed_in(**fields: Any) -> Json:
    return {"type": "input", "label": plain(), "element": {"type": "plain_text_input", **fields}}


def modal(*blocks: Json, **fields: Any) -> Json:
    return {
        "type": "modal",
        "title": plain(24),
        "submit": plain(24),
        "close": plain(24),
        "blocks": list(blocks),
        **fields,
    }


LARGEST: list[list[Json]] = [
    [section(block_id=str(place)) for place in range(50)],
    [section(text=mrkdwn(3000), block_id="x" * 255)],
    [{"type": "section", "fields": [mrkdwn(1000)] * 10}],
    [{"type": "section", "fields": [mrkdwn(2000)]}],
    [{"type": "header", "text": plain(150)}],
    [{"type": "divider"}],
    [{"type": "context", "elements": [mrkdwn()] * 10}],
    [actions(*(button(action_id=str(place)) for place in range(25)))],
    [actions(button(text=plain(75), action_id="x" * 255, value="x" * 2000, url="https://a/".ljust(3000, "x")))],
    [actions(button(style="primary", confirm=confirm(style="danger")))],
    [section(accessory=button())],
    [{"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}],
    APPROVAL,
]


@pytest.mark.parametrize("blocks", LARGEST)
def test_the_largest_blocks_are_taken(blocks: list[Json]) -> None:
    assert [block["type"] for block in read_blocks(blocks)] == [block["type"] for block in blocks]
    assert len(read_blocks(json.dumps(blocks))) == len(blocks)


@pytest.mark.parametrize(
    ("block", "finding"),
    [
        ({}, "missing required field: type [@]"),
        ({"type": "sektion"}, "unsupported type: sektion [@/type]"),
        ({"type": ["section"]}, "unsupported type: ['section'] [@/type]"),
        ("divider", "must be an object [@]"),
        ({"type": "section"}, "must define either `text` or `fields` [@]"),
        (section(text=mrkdwn(3001)), "must be less than 3001 characters [@/text/text]"),
        (section(text=mrkdwn(0)), "must be more than 0 characters [@/text/text]"),
        (section(text="x"), "must be an object [@/text]"),
        (
            section(text={"type": "markdown", "text": "x"}),
            "unsupported type: markdown [@/text/type]",
        ),
        (section(text={"type": "mrkdwn"}), "missing required field: text [@/text]"),
        (section(text={**mrkdwn(), "emoji": True}), "invalid additional property: emoji [@/text]"),
        (section(fields=[mrkdwn()] * 11), "no more than 10 items allowed [@/fields]"),
        (section(fields=[]), "no less than 1 items allowed [@/fields]"),
        (section(fields=[mrkdwn(2001)]), "must be less than 2001 characters [@/fields/0/text]"),
        (section(block_id="x" * 256), "must be less than 256 characters [@/block_id]"),
        (section(colour="red"), "invalid additional property: colour [@]"),
        (
            {"type": "header", "text": plain(151)},
            "must be less than 151 characters [@/text/text]",
        ),
        ({"type": "header", "text": mrkdwn()}, "unsupported type: mrkdwn [@/text/type]"),
        ({"type": "header"}, "missing required field: text [@]"),
        (
            {"type": "context", "elements": [mrkdwn()] * 11},
            "no more than 10 items allowed [@/elements]",
        ),
        (
            {"type": "context", "elements": [button()]},
            "unsupported type: button [@/elements/0/type]",
        ),
        (
            actions(*(button(action_id=str(place)) for place in range(26))),
            "no more than 25 items allowed [@/elements]",
        ),
        (actions(), "no less than 1 items allowed [@/elements]"),
        (
            actions(button(text=plain(76))),
            "must be less than 76 characters [@/elements/0/text/text]",
        ),
        (actions(button(text=mrkdwn())), "unsupported type: mrkdwn [@/elements/0/text/type]"),
        (
            actions(button(action_id="x" * 256)),
            "must be less than 256 characters [@/elements/0/action_id]",
        ),
        (
            actions(button(value="x" * 2001)),
            "must be less than 2001 characters [@/elements/0/value]",
        ),
        (
            actions(button(url="https://a/".ljust(3001, "x"))),
            "must be less than 3001 characters [@/elements/0/url]",
        ),
        (actions(button(url="javascript:alert(1)")), "must be a valid URL [@/elements/0/url]"),
        (actions(button(style="blue")), "must be one of: primary, danger [@/elements/0/style]"),
        (
            actions(button(confirm=confirm(title=plain(101)))),
            "must be less than 101 characters [@/elements/0/confirm/title/text]",
        ),
        (
            actions(button(confirm=confirm(text=mrkdwn(301)))),
            "must be less than 301 characters [@/elements/0/confirm/text/text]",
        ),
        (
            actions(button(confirm=confirm(deny=plain(31)))),
            "must be less than 31 characters [@/elements/0/confirm/deny/text]",
        ),
        (
            actions(button(confirm={"title": plain(), "text": plain(), "confirm": plain()})),
            "missing required field: deny [@/elements/0/confirm]",
        ),
        (actions(button(), button()), "action_id already exists: a [@]"),
    ],
)
def test_an_invalid_block_is_reported_with_its_place(block: Any, finding: str) -> None:
    with pytest.raises(SlackError) as refused:
        read_blocks([block])

    assert refused.value.code == "invalid_blocks"
    assert finding.replace("@", "json-pointer:/blocks/0") in refused.value.details["errors"]


def test_a_message_has_at_most_50_blocks() -> None:
    with pytest.raises(SlackError) as refused:
        read_blocks([section()] * 51)

    assert refused.value.details["errors"] == ["no more than 50 items allowed [json-pointer:/blocks]"]


def test_a_block_id_is_its_blocks_alone() -> None:
    with pytest.raises(SlackError) as refused:
        read_blocks([section(block_id="a"), section(block_id="b"), section(block_id="a")])

    assert "block_id already exists: a [json-pointer:/blocks/2/block_id]" in refused.value.details["errors"]


def test_the_blocks_that_were_passed_are_not_changed() -> None:
    blocks = [actions({"type": "button", "text": plain()})]

    read = read_blocks(blocks)

    assert blocks == [actions({"type": "button", "text": plain()})]
    assert read[0]["block_id"]
    assert read[0]["elements"][0]["action_id"]


def test_a_modal_is_taken_with_a_hundred_blocks() -> None:
    view = modal(
        *([section()] * 99), typed_in(multiline=True, max_length=3000), private_metadata="x" * 3000, callback_id="y"
    )

    assert len(read_view(view)["blocks"]) == 100


@pytest.mark.parametrize(
    ("view", "finding"),
    [
        (modal(*([section()] * 101)), "no more than 100 items allowed [@/blocks]"),
        (modal(title=plain(25)), "must be less than 25 characters [@/title/text]"),
        (modal(submit=plain(25)), "must be less than 25 characters [@/submit/text]"),
        (modal(close=mrkdwn()), "unsupported type: mrkdwn [@/close/type]"),
        (modal(private_metadata="x" * 3001), "must be less than 3001 characters [@/private_metadata]"),
        (modal(type="home"), "unsupported type: home [@/type]"),
        ({"type": "modal"}, "missing required field: title [@]"),
        (
            {"type": "modal", "title": plain(), "blocks": [typed_in()]},
            "missing required field: submit [@]",
        ),
        (
            modal(typed_in(max_length=3001)),
            "must be an integer from 1 to 3000 [@/blocks/0/element/max_length]",
        ),
        (
            modal({"type": "input", "label": plain(), "element": button()}),
            "unsupported type: button [@/blocks/0/element/type]",
        ),
    ],
)
def test_an_invalid_modal_is_reported_with_its_place(view: Json, finding: str) -> None:
    with pytest.raises(SlackError) as refused:
        read_view(view)

    assert refused.value.code == "invalid_arguments"
    assert finding.replace("@", "json-pointer:/view") in refused.value.details["errors"]
