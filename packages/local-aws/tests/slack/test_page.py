from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from local_aws import slack
from local_aws.server import LocalAws
from local_aws.slack import mrkdwn, workspace
from local_aws_tests.browser import BROWSER, Tab, browsing, needs_browser
from local_aws_tests.slack_apps import APPROVAL, REASON_MODAL, Bot, Receiver, bot, receiving

Json = dict[str, Any]

HOSTILE = '<img src=x onerror=alert(1)>"\'><script>document.title="owned"</script><!channel><https://evil.example|ok>'


def _button(action: str, text: str, **fields: Any) -> Json:
    return {"type": "button", "action_id": action, "text": {"type": "plain_text", "text": text}, **fields}


def _mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def request(name: str) -> list[Json]:
    """Return the blocks of a request to approve a share of this name."""
    escaped = mrkdwn.escape(name)
    return [
        {"type": "header", "text": {"type": "plain_text", "text": "Approve a connection?"}},
        {
            "type": "section",
            "text": _mrkdwn(
                f"*111111111111* (payments) shares `{escaped}` and asks to be let in.\n<!subteam^S0NETADMINS>"
            ),
        },
        {
            "type": "section",
            "fields": [
                _mrkdwn("*Kind*\nVPC Lattice resource share"),
                _mrkdwn("*In our organization*\nno"),
                _mrkdwn("*Goes to*\n`vpc-0123456789abcdef0`"),
                _mrkdwn("*Ports*\n5432 (TCP)"),
            ],
        },
        {
            "type": "section",
            "text": _mrkdwn("&gt; Policy `10-production` asks for an approver:\n&gt; _not in our organization_"),
        },
        {"type": "divider"},
        {
            "type": "actions",
            "block_id": "decision",
            "elements": [
                _button(
                    "approve",
                    "Approve",
                    style="primary",
                    value="request-1",
                    confirm={
                        "title": {"type": "plain_text", "text": "Let 111111111111 in?"},
                        "text": _mrkdwn("This accepts the *whole* share, for good."),
                        "confirm": {"type": "plain_text", "text": "Approve"},
                        "deny": {"type": "plain_text", "text": "Not yet"},
                    },
                ),
                _button("deny", "Deny", style="danger", value="request-1"),
                _button("details", "Details", url="https://example.com/ledger"),
            ],
        },
        {
            "type": "context",
            "elements": [
                _mrkdwn("RoleCall <!date^1795694400^{date_short_pretty} at {time}|today>"),
                _mrkdwn("Lapses in 11 hours"),
                _mrkdwn("`request 01JDQ7`"),
            ],
        },
    ]


@pytest.fixture
def approval(local_aws_server: LocalAws) -> Iterator[tuple[Bot, Receiver, str]]:
    workspace.state.views.clear()
    with receiving() as callback:
        own = bot(callback.url)
        yield own, callback, own.post("Approve a connection?", blocks=request("orders-db <prod>"))


def _read(server: LocalAws, query: str = "") -> str:
    with urlopen(f"{server.url}/_local/slack{query}") as answer:  # noqa: S310 - http
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'" in policy
        return str(answer.read().decode())


def test_the_page_shows_a_message_as_slack_does(
    approval: tuple[Bot, Receiver, str], local_aws_server: LocalAws
) -> None:
    page = _read(local_aws_server)

    assert '<div class="header">Approve a connection?</div>' in page
    assert "<code>orders-db &lt;prod&gt;</code>" in page
    assert '<span class="mention">@net-admins</span>' in page
    assert re.search(r'<button class="primary" data-action="approve" data-block="decision"', page)
    assert '<div class="day"><span>Today</span></div>' in page


def test_the_page_shows_a_message_in_its_channel_to_those_who_see_it(
    approval: tuple[Bot, Receiver, str], local_aws_server: LocalAws
) -> None:
    own, _, ts = approval
    # Other tests have posted here too.
    workspace.state.messages[:] = [each for each in workspace.state.messages if each.channel != slack.ESCALATION]
    own.client.chat_postEphemeral(channel=slack.APPROVALS, user="U0MALLORY", text="You may not approve this.")
    own.post("A reply", thread_ts=ts)

    assert "You may not" not in _read(local_aws_server, "?as=U0BOB")
    assert "Only visible to you" in _read(local_aws_server, "?as=U0MALLORY")
    assert '<article class="message reply"' in _read(local_aws_server)
    assert "Nothing has been posted here yet." in _read(local_aws_server, f"?channel={slack.ESCALATION}")
    assert "net-approvals" in _read(local_aws_server, '?channel="><script>&as="><script>')
    assert '"><script>' not in _read(local_aws_server, '?channel="><script>&as="><script>').replace("page.js", "")[:400]


def test_a_modal_is_shown_with_its_errors_to_the_user_who_opened_it(
    approval: tuple[Bot, Receiver, str], local_aws_server: LocalAws
) -> None:
    own, callback, ts = approval
    trigger = workspace.block_actions("U0BOB", ts, "deny")["trigger_id"]
    view: Any = own.client.views_open(trigger_id=trigger, view=REASON_MODAL)
    callback.answer = b'{"response_action": "errors", "errors": {"reason": "<b>say more"}}'
    workspace.submit("U0BOB", view["view"]["id"], {"reason": {"text": "x"}})

    assert '<div class="wrong">&lt;b&gt;say more</div>' in _read(local_aws_server, "?as=U0BOB")
    assert "<dialog" not in _read(local_aws_server, "?as=U0ALICE")


def test_hostile_text_is_text_wherever_it_stands(
    approval: tuple[Bot, Receiver, str], local_aws_server: LocalAws
) -> None:
    """Trap 29."""
    own, _, ts = approval
    plain = {"type": "plain_text", "text": HOSTILE[:75]}
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": HOSTILE[:150]}},
        {"type": "section", "block_id": HOSTILE[:200], "text": _mrkdwn(HOSTILE), "fields": [_mrkdwn(HOSTILE)]},
        {"type": "context", "elements": [_mrkdwn(HOSTILE), {"type": "plain_text", "text": HOSTILE}]},
        {"type": "image", "image_url": "https://evil.example/x.png", "alt_text": HOSTILE},
        {
            "type": "actions",
            "elements": [_button(HOSTILE[:200], HOSTILE[:75], value=HOSTILE, url="https://a/?\"'><b>")],
        },
    ]
    own.post(HOSTILE, blocks=blocks)
    own.client.views_open(
        trigger_id=workspace.block_actions("U0ALICE", ts, "deny")["trigger_id"],
        view={
            **REASON_MODAL,
            "blocks": [
                {
                    "type": "input",
                    "label": plain,
                    "element": {"type": "plain_text_input", "multiline": True, "initial_value": "</textarea><b>"},
                }
            ],
        },
    )

    page = _read(local_aws_server)

    assert "<img" not in page
    assert page.count("<script") == 1
    assert "evil.example/x.png" not in page
    assert "</textarea><b>" not in page
    assert {each.split("=")[0] for each in re.findall(r"\son\w+=", page.split("<nav")[0])} == set()
    message = workspace.messages(own.app.account_id)[-1]
    assert message.mentions == ("!channel",)
    assert set(message.links) == {"https://evil.example", "https://a/?\"'><b>"}


def test_text_is_no_template(approval: tuple[Bot, Receiver, str], local_aws_server: LocalAws) -> None:
    own, _, ts = approval
    template = "{{ 7*7 }}{% if %}{# #}"
    plain = {"type": "plain_text", "text": template}
    own.post("x", blocks=[{"type": "header", "block_id": template, "text": plain}])
    own.post(template)
    own.client.views_open(
        trigger_id=workspace.block_actions("U0ALICE", ts, "deny")["trigger_id"],
        view={
            **REASON_MODAL,
            "title": plain,
            "blocks": [
                {
                    "type": "input",
                    "block_id": template,
                    "label": plain,
                    "element": {"type": "plain_text_input", "action_id": template, "initial_value": template},
                },
                {
                    "type": "actions",
                    "elements": [_button(template, template, url=f"https://a/{template}")],
                },
            ],
        },
    )

    page = _read(local_aws_server)

    assert f'<div class="header">{template}</div>' in page
    assert f'<div class="blocks"><div>{template}</div>' in page
    assert f"<h3>{template}</h3>" in page
    assert f'data-block="{template}" data-action="{template}" placeholder="" value="{template}"' in page
    assert f'data-url="https://a/{template}">{template}</button>' in page


def test_an_initial_value_keeps_its_leading_empty_line(
    approval: tuple[Bot, Receiver, str], local_aws_server: LocalAws
) -> None:
    own, _, ts = approval
    element = {"type": "plain_text_input", "multiline": True, "initial_value": "\nsecond line"}
    own.client.views_open(
        trigger_id=workspace.block_actions("U0ALICE", ts, "deny")["trigger_id"],
        view={
            **REASON_MODAL,
            "blocks": [{"type": "input", "label": {"type": "plain_text", "text": "Why?"}, "element": element}],
        },
    )

    # Browsers drop the first line break after the tag.
    assert ">\n\nsecond line</textarea>" in _read(local_aws_server)


@needs_browser
def test_a_browser_shows_the_page(
    approval: tuple[Bot, Receiver, str], local_aws_server: LocalAws, tmp_path: Path
) -> None:
    own, _, ts = approval
    own.post(HOSTILE)
    own.post("Bob (<@U0BOB>) is looking at it.", thread_ts=ts)
    url = f"{local_aws_server.url}/_local/slack?as=U0BOB"
    picture = tmp_path / "slack.png"
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--no-first-run"]

    shown = subprocess.run(
        [str(BROWSER), *options, "--virtual-time-budget=3000", "--dump-dom", url],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    subprocess.run(
        [str(BROWSER), *options, "--window-size=1100,900", f"--screenshot={picture}", url],
        capture_output=True,
        check=True,
        timeout=120,
    )

    assert "<title>#net-approvals - local Slack</title>" in shown.stdout
    assert "Approve a connection?" in shown.stdout
    assert "&lt;script&gt;" in shown.stdout
    assert picture.stat().st_size > 10_000
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    with browsing(str(BROWSER), tmp_path) as tab:
        yield tab


@needs_browser
def test_a_click_in_the_browser_is_confirmed_and_then_sent(
    approval: tuple[Bot, Receiver, str], local_aws_server: LocalAws, tab: Tab
) -> None:
    _, callback, ts = approval
    tab.open(f"{local_aws_server.url}/_local/slack?as=U0CAROL")
    approve = f'[data-ts="{ts}"] button[data-action=approve]'

    tab.click(approve)
    tab.until("document.querySelector('dialog.confirm').textContent.includes('the whole share, for good')")
    tab.click("dialog.confirm [data-answer=deny]")
    tab.until("!document.querySelector('dialog')")
    assert callback.got == []
    tab.click(approve)
    tab.click("dialog.confirm [data-answer=confirm]")
    tab.until("find('toast').textContent.startsWith('Acknowledged in')")

    (got,) = callback.got
    assert (got.payload["user"]["id"], got.payload["actions"][0]["value"]) == ("U0CAROL", "request-1")


@needs_browser
def test_a_failure_of_the_app_is_shown_in_the_browser(
    approval: tuple[Bot, Receiver, str], local_aws_server: LocalAws, tab: Tab
) -> None:
    _, callback, ts = approval
    callback.status = 500
    tab.open(f"{local_aws_server.url}/_local/slack?as=U0CAROL")

    tab.click(f'[data-ts="{ts}"] button[data-action=deny]')

    tab.until("find('toast').className === 'bad' && find('toast').textContent.includes('HTTP 500')")


@needs_browser
def test_a_modal_is_filled_in_and_submitted_in_the_browser_and_the_page_follows(
    approval: tuple[Bot, Receiver, str], local_aws_server: LocalAws, tab: Tab
) -> None:
    own, callback, ts = approval
    tab.open(f"{local_aws_server.url}/_local/slack?as=U0CAROL")
    trigger = workspace.block_actions("U0CAROL", ts, "deny")["trigger_id"]
    own.client.views_open(trigger_id=trigger, view=REASON_MODAL)
    callback.answer = b'{"response_action": "errors", "errors": {"reason": "Say more."}}'

    tab.until("document.querySelector('dialog[data-view]')?.open")
    tab.run("document.querySelector('[data-block=reason]').value = 'too wide'")
    tab.click("[data-does=submit]")
    tab.until("document.querySelector('dialog .wrong')?.textContent === 'Say more.'")
    tab.run("document.querySelector('[data-block=reason]').value = 'far too wide'")
    callback.answer = b""
    tab.click("[data-does=submit]")
    tab.until("!document.querySelector('dialog')")
    own.client.chat_update(channel=slack.APPROVALS, ts=ts, text="Denied by <@U0CAROL>.")
    tab.until(f"""document.querySelector('article[data-ts="{ts}"]').textContent.includes('Denied by @carol')""")

    typed = [got.payload["view"]["state"]["values"]["reason"]["text"]["value"] for got in callback.got]
    assert typed == ["too wide", "far too wide"]


@needs_browser
@pytest.mark.parametrize(("width", "columns"), [(1000, 2), (400, 1)])
def test_fields_stand_in_two_columns_and_on_a_phone_below_one_another(
    approval: tuple[Bot, Receiver, str], local_aws_server: LocalAws, tab: Tab, width: int, columns: int
) -> None:
    _, _, ts = approval
    tab.resize(width)
    tab.open(f"{local_aws_server.url}/_local/slack")

    fields = f"""[...document.querySelectorAll('article[data-ts="{ts}"] .fields > div')]"""
    tab.until(f"{fields}.length === 4")
    assert tab.run(f"new Set({fields}.map((each) => each.getBoundingClientRect().x)).size") == columns
    assert tab.run("document.documentElement.scrollWidth") <= width
    article = f"""document.querySelector('article[data-ts="{ts}"]')"""
    assert tab.run(f"{article}.scrollWidth <= {article}.clientWidth")


@needs_browser
def test_hostile_text_does_not_run_in_the_browser(
    approval: tuple[Bot, Receiver, str], local_aws_server: LocalAws, tab: Tab
) -> None:
    """Trap 29."""
    own, _, _ = approval
    hostile = own.post(HOSTILE)
    tab.open(f"{local_aws_server.url}/_local/slack")

    tab.until(f"""document.querySelector('article[data-ts="{hostile}"]').textContent.includes('<script>')""")

    assert tab.run("document.title") == "#net-approvals - local Slack"
    assert tab.run("document.querySelectorAll('img').length") == 0
    assert tab.run("document.querySelectorAll('script').length") == 1


def test_a_message_with_blocks_is_shown_by_its_blocks(
    approval: tuple[Bot, Receiver, str], local_aws_server: LocalAws
) -> None:
    own, _, _ = approval
    own.post("only for notifications", blocks=APPROVAL)

    assert "only for notifications" not in _read(local_aws_server)
