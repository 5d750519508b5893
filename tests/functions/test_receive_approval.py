"""The door of ``receive_approval``: what Slack sends in, an answer out, whatever it is."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drawbridge.approval import Approved, Denied, Options, TimedOut
from drawbridge.approval.ask import ApprovalRecord
from drawbridge.approval.message import DENY, denial_form
from drawbridge.errors import InvalidInputError, UpstreamError
from functions.receive_approval import app
from tests.builders import approval_record, question
from tests.fakes.approvals import InMemoryApprovals
from tests.functions.invocations import Json, invoke
from tests.functions.slack_requests import ID, SIGNING, World, payload, sent, submission
from tests.functions.slack_requests import world as world  # noqa: PLC0414 - its fixture is this file's too


def status(event: Json) -> int:
    return int(invoke(app.lambda_handler, event)["statusCode"])


def results(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the log says that became of each click."""
    return [vars(record)["result"] for record in caplog.records if record.getMessage() == "received"]


def counted(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the names of the metrics that were counted."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return [metric["Name"] for line in lines for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]]


@pytest.mark.parametrize("encoded", [True, False])
def test_trap_23_an_approval_is_taken_as_api_gateway_hands_it_over(
    world: World, encoded: bool, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    answer = invoke(app.lambda_handler, sent(payload(), encoded=encoded))

    approval = Approved(asked=question().asked, by=("U0ALICE",))
    assert (answer["statusCode"], answer["body"]) == (200, "")
    assert world.task.completed == [("a token", approval)]
    assert [(notice["request_id"], notice["words"]) for notice in world.notices] == [(ID, "")]
    assert (results(caplog), counted(capsys)) == (["recorded"], [])


def test_the_names_of_headers_are_read_in_any_case(world: World) -> None:
    event = sent(payload())
    event["headers"] = {name.title().replace("Slack", "SLACK"): value for name, value in event["headers"].items()}

    assert status(event) == 200
    assert len(world.kept.decided) == 1


def test_a_denial_is_asked_for_its_reason_and_then_taken_with_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    assert status(sent(payload(action=DENY))) == 200
    ((trigger, form),) = world.opened
    assert (trigger, form) == ("1.2.3", denial_form(ID, "1-1", "C0APPROVALS", "1.0"))
    assert world.kept.decided == []

    assert status(sent(submission())) == 200
    assert world.kept.decided == [Denied(asked=question().asked, by=("U0ALICE",), reason="not ours")]
    assert results(caplog) == ["denial-opened", "recorded"]


def with_headers(**headers: str) -> Json:
    event = sent(payload())
    return event | {
        "headers": event["headers"] | {f"x-slack-{name.replace('_', '-')}": headers[name] for name in headers}
    }


BROKEN: dict[str, Json] = {
    "another secret": sent(payload(), secret="another"),
    "old": sent(payload(), age=301),
    "from the future": sent(payload(), age=-301),
    "no headers": sent(payload()) | {"headers": None},
    "no signature": with_headers(signature=""),
    "odd signature": with_headers(signature="v0=é\ud800"),
    "no time": with_headers(request_timestamp=""),
    "odd time": with_headers(request_timestamp="\u0661\u0662\u0663"),
    "another body": sent(payload()) | {"body": base64.b64encode(b"payload={}").decode()},
    "not encoded": sent(payload()) | {"isBase64Encoded": False},
    "no base64": sent(payload()) | {"body": "é not base64"},
    "a lone surrogate": sent(payload()) | {"body": "payload=\ud800", "isBase64Encoded": False},
    "no body": sent(payload()) | {"body": None},
}


def everything_logged(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return f"{[vars(record) for record in caplog.records]}{captured.out}{captured.err}"


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_not_signed_by_our_app_is_refused_and_nothing_of_it_is_logged(
    world: World, how: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    event = BROKEN[how]

    answer = invoke(app.lambda_handler, event)

    assert (answer["statusCode"], answer["body"]) == (401, "not signed by our app")
    assert (world.kept.decided, world.notices, world.opened) == ([], [], [])
    logged = everything_logged(caplog, capsys)
    assert '"ApprovalsRefused"' in logged
    for secret in (SIGNING, "xoxb", ID, "U0ALICE", "hooks.slack.com", str(event["body"] or "no body")):
        assert secret not in logged


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.text(max_size=80), st.text(max_size=15), st.booleans())
def test_whatever_anybody_sends_without_the_secret_is_refused(
    body: bytes, signature: str, timestamp: str, encoded: bool
) -> None:
    text = base64.b64encode(body).decode() if encoded else body.decode("latin-1")
    headers = {"x-slack-signature": signature, "x-slack-request-timestamp": timestamp}

    assert status({"headers": headers, "body": text, "isBase64Encoded": encoded}) == 401


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"payload=no+json",
        payload(type="shortcut"),
        payload(action="other"),
        payload(value="nothing"),
        payload(api_app_id="A0OTHER"),
        payload(type="view_submission"),
    ],
    ids=range(7),
)
def test_what_is_none_of_our_buttons_is_refused_and_counted(
    world: World, written: Json | bytes, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert status(sent(written)) == 400
    assert (results(caplog), counted(capsys)) == ([], ["ApprovalsRefused"])
    assert world.notices == []


@pytest.mark.parametrize("written", [b"ssl_check=1&token=x", payload(type="view_closed")], ids=["ssl_check", "closed"])
def test_what_needs_no_more_than_an_answer_gets_one(
    world: World, written: Json | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert status(sent(written)) == 200
    assert results(caplog) == ["nothing"]
    assert world.notices == []


DECIDED = Approved(asked=question().asked, by=("U0BOB",))
TWO = question(options=Options(two_person=True))


@pytest.mark.parametrize(
    ("there", "written", "words", "result"),
    [
        (
            [approval_record(approval=DECIDED)],
            payload(),
            "This is decided already: approved by <@U0BOB>.",
            "decided-already",
        ),
        ([approval_record(approval=DECIDED)], submission(), "This is decided already", "decided-already"),
        (
            [approval_record(approval=TimedOut(asked=question().asked))],
            payload(),
            "nobody answered in time",
            "decided-already",
        ),
        ([approval_record(question=question(asking="1-2"))], payload(), "see the newer message", "outdated"),
        (
            [approval_record()],
            payload("U0MALLORY"),
            "Who can: <@U0ALICE>, <@U0BOB>, <!subteam^S0GROUP>.",
            "not-allowed",
        ),
        ([approval_record()], payload("U0MALLORY", DENY), "You can't decide on this.", "not-allowed"),
        ([approval_record()], submission(who="U0MALLORY"), "You can't decide on this.", "not-allowed"),
        ([approval_record()], payload(team={"id": "T0OTHER"}), "You can't decide on this.", "not-allowed"),
        ([approval_record(question=TWO)], payload(), "A second person has to approve too.", "second-needed"),
        ([approval_record(question=TWO, approved_by=("U0ALICE",))], payload(), "You approved this already", "again"),
        ([], payload(), "not, or no longer, to be decided", "unknown"),
        ([], submission(), "not, or no longer, to be decided", "unknown"),
    ],
    ids=range(12),
)
def test_every_odd_click_is_answered_privately_and_named(
    world: World,
    there: list[ApprovalRecord],
    written: Json,
    words: str,
    result: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    world.kept = InMemoryApprovals(*there)

    assert status(sent(written)) == 200

    (notice,) = world.notices
    assert words in notice["words"]
    assert (notice["user"], notice["channel"]) == (written["user"]["id"], "C0APPROVALS")
    assert world.kept.decided == []
    assert results(caplog) == [result]
    assert not [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}]


def test_a_click_that_slack_sends_three_times_is_one_decision(world: World) -> None:
    event = sent(payload())

    assert [status(event) for _ in range(3)] == [200, 200, 200]
    assert len(world.kept.decided) == 1


def test_a_task_that_is_gone_is_no_error(world: World) -> None:
    world.task.waits = False

    assert status(sent(payload())) == 200
    assert len(world.kept.decided) == 1


@pytest.mark.parametrize("written", [payload(), payload(action=DENY), submission()], ids=["approve", "deny", "form"])
@pytest.mark.parametrize("unreadable", [True, False])
def test_without_approvers_nobody_decides(
    world: World,
    written: Json,
    unreadable: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse() -> None:
        raise InvalidInputError("config/approvers: it is broken")

    world.approvers = None
    if unreadable:
        monkeypatch.setattr(app, "approvers", refuse)

    assert status(sent(written)) == 200
    assert (world.kept.decided, world.opened) == ([], [])
    assert "No approvers are configured" in world.notices[0]["words"]
    assert world.notices[0]["channel"] == "C0APPROVALS"
    assert counted(capsys) == (["ConfigurationBroken"] if unreadable else [])


@pytest.mark.parametrize("error", [InvalidInputError("expired_trigger_id"), UpstreamError("timed out")])
def test_a_form_that_slack_does_not_open_is_answered_and_named(
    world: World, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    world.opens = error

    assert status(sent(payload(action=DENY))) == 200
    assert "Click Deny once more" in world.notices[0]["words"]
    assert results(caplog) == ["denial-not-opened"]
