"""``drawbridge redrive``: dead letters are shown with why, sent again where they came from, or discarded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from drawbridge_cli import dead_letter_queues
from drawbridge_cli.dead_letter_queues import DeadLetterQueues
from local_aws.testing.clock import clock
from local_aws.testing.faults import CallFault, faults
from local_aws.testing.record import record
from tests.builders import sample
from tests.cli.operators import Drawbridge, Operator

EVENT = json.dumps(sample("ram-resource-sharing-state-change"))
OTHER = json.dumps(sample("parameter-store-change"))


class Queues:
    """The queues of an operator's stack."""

    def __init__(self, operator: Operator) -> None:
        self._sqs = operator.client("sqs")
        self.account_id = operator.account_id
        pages = operator.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName="drawbridge")
        self._urls = {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
            if each["ResourceType"] == "AWS::SQS::Queue"
        }

    def arn(self, queue: str) -> str:
        return f"arn:aws:sqs:us-east-1:{self.account_id}:{self._urls[queue].rpartition('/')[2]}"

    def put(self, queue: str, body: str, **attributes: str) -> str:
        written: Any = {name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()}
        sent = self._sqs.send_message(QueueUrl=self._urls[queue], MessageBody=body, MessageAttributes=written)
        return str(sent["MessageId"])

    def bury_event(self, body: str = EVENT, *, target: str = "") -> str:
        """Put what EventBridge could not deliver among the dead letters."""
        return self.put(
            "EventsDeadLetterQueue",
            body,
            RULE_ARN=f"arn:aws:events:us-east-1:{self.account_id}:rule/drawbridge-ResourceShareRule-1",
            TARGET_ARN=target or self.arn("HintsQueue"),
            ERROR_CODE="NO_PERMISSIONS",
            ERROR_MESSAGE="not authorized",
        )

    def bodies(self, queue: str) -> list[str]:
        """Take what others can receive."""
        found: list[Any] = []
        while messages := self._sqs.receive_message(QueueUrl=self._urls[queue], MaxNumberOfMessages=10).get("Messages"):
            found += messages
        for each in found:
            self._sqs.delete_message(QueueUrl=self._urls[queue], ReceiptHandle=each["ReceiptHandle"])
        return sorted(each["Body"] for each in found)

    def empty(self) -> None:
        for name in self._urls:
            self.bodies(name)


@pytest.fixture
def queues(operator: Operator) -> Iterator[Queues]:
    queues = Queues(operator)
    queues.empty()
    yield queues
    # Some are hidden still.
    clock.advance(601)
    queues.empty()


REGISTERED = json.dumps(sample("consumer-registered"))


def test_what_a_sign_up_service_told_goes_back_to_its_own_queue(at_work: Drawbridge, queues: Queues) -> None:
    sent = queues.put("HintsDeadLetterQueue", REGISTERED)
    kept = queues.put("HintsDeadLetterQueue", REGISTERED.replace("012345678901", "1"), reason="account_id: no")

    shown = at_work("redrive")
    ended = at_work("redrive", "--send", "--yes")

    assert shown.code == 1
    assert "  sent again: as it came, to RegistrationsQueue" in shown.out.splitlines()
    assert f"{kept}: an event of a sign-up service that nobody can read" in shown.out
    assert ended.code == 1
    assert {*ended.out.splitlines()[-2:]} == {f"{sent}: sent", f"{kept}: kept"}
    assert (queues.bodies("RegistrationsQueue"), queues.bodies("HintsQueue")) == ([REGISTERED], [])


def test_where_nothing_is_dead_nobody_is_needed(at_work: Drawbridge, queues: Queues) -> None:
    ended = at_work("redrive")

    assert (ended.code, ended.out, ended.err) == (0, "drawbridge in us-east-1: no dead letters\n", "")


def test_each_dead_letter_is_shown_with_why_and_what_to_do_and_stays_for_others(
    at_work: Drawbridge, queues: Queues
) -> None:
    broken = queues.put("HintsDeadLetterQueue", "[]", reason="hint: \u202eno envelope")
    event = queues.bury_event()

    ended = at_work("redrive")

    assert (ended.code, ended.err) == (1, "")
    first, second = ended.out.split(f"{event}: ")
    assert [line.strip() for line in first.splitlines()[1:]] == [
        "in: HintsDeadLetterQueue",
        "why: hint: ⟨U+202E⟩no envelope",
        "to do: mend the rule or the program that sent it, then discard it: sent again, it would come back",
        "sent again: not possible; --discard deletes it",
    ]
    assert first.startswith(f"{broken}: a hint that nobody can read, of 20")
    assert [line.strip() for line in second.splitlines()[1:]] == [
        "in: EventsDeadLetterQueue",
        "why: NO_PERMISSIONS: not authorized",
        "to do: the target's policy, or the schedule's role, is not as the stack made it: deploy it again",
        "sent again: as a hint, to HintsQueue",
    ]
    assert (queues.bodies("HintsDeadLetterQueue"), queues.bodies("EventsDeadLetterQueue")) == (["[]"], [EVENT])


def test_what_may_be_sent_again_is_and_the_rest_stays(at_work: Drawbridge, queues: Queues) -> None:
    broken = queues.put("HintsDeadLetterQueue", "[]")
    hint = queues.put("HintsDeadLetterQueue", OTHER)
    event = queues.bury_event()

    ended = at_work("redrive", "--send", typed="y\n")

    assert ended.code == 1
    assert "Send 2 again? [y/N]:" in ended.out
    said = {line.rpartition("[y/N]: ")[2] for line in ended.out.splitlines()[-3:]}
    assert said == {f"{broken}: kept", f"{hint}: sent", f"{event}: sent"}
    assert queues.bodies("HintsQueue") == sorted([OTHER, EVENT])
    assert (queues.bodies("HintsDeadLetterQueue"), queues.bodies("EventsDeadLetterQueue")) == (["[]"], [])


def test_a_function_is_invoked_again_with_what_it_was_given(
    at_work: Drawbridge, operator: Operator, queues: Queues
) -> None:
    function = f"arn:aws:lambda:us-east-1:{operator.account_id}:function:drawbridge-relay_notification:$LATEST"
    given: dict[str, Any] = {"Records": []}
    context = {"requestId": "r", "functionArn": function, "condition": "RetriesExhausted"}
    queues.put("EventsDeadLetterQueue", json.dumps({"requestContext": context, "requestPayload": given}))
    mark = record.mark()

    ended = at_work("redrive", "--send", "--yes")

    assert (ended.code, ended.err) == (0, "")
    (invoked,) = (
        each for each in record.since(mark, account_id=operator.account_id) if each.operation == "lambda:Invoke"
    )
    assert invoked.params["FunctionName"] == "drawbridge-relay_notification"
    assert invoked.params["InvocationType"] == "Event"
    assert queues.bodies("EventsDeadLetterQueue") == []


@pytest.mark.parametrize("name", ["accept_request", "withdraw_attachment", "discover_requests"])
def test_no_message_has_another_function_invoked_than_events_invoke(
    at_work: Drawbridge, operator: Operator, queues: Queues, name: str
) -> None:
    function = f"arn:aws:lambda:us-east-1:{operator.account_id}:function:drawbridge-{name}:$LATEST"
    context = {"requestId": "r", "functionArn": function, "condition": "RetriesExhausted"}
    queues.put("EventsDeadLetterQueue", json.dumps({"requestContext": context, "requestPayload": {}}))
    mark = record.mark()

    ended = at_work("redrive", "--send", "--yes")

    assert ended.code == 1
    operations = {each.operation for each in record.since(mark, account_id=operator.account_id)}
    assert not operations & {"lambda:Invoke", "sqs:SendMessage", "sqs:DeleteMessage"}


def test_only_the_messages_that_are_named_are_discarded(at_work: Drawbridge, queues: Queues) -> None:
    one = queues.put("HintsDeadLetterQueue", "[]")
    queues.put("HintsDeadLetterQueue", "{}")

    ended = at_work("redrive", one, "--discard", typed="y\n")

    assert ended.code == 1
    assert "Delete 1 for good? [y/N]:" in ended.out
    assert queues.bodies("HintsDeadLetterQueue") == ["{}"]


@pytest.mark.parametrize("option", ["--send", "--discard"])
def test_who_says_no_changes_nothing(at_work: Drawbridge, queues: Queues, option: str) -> None:
    queues.bury_event()

    ended = at_work("redrive", option, typed="n\n")

    assert ended.code == 1
    assert (queues.bodies("EventsDeadLetterQueue"), queues.bodies("HintsQueue")) == ([EVENT], [])


@pytest.mark.parametrize(("option", "fate"), [("--send", "would-be-sent"), ("--discard", "would-be-discarded")])
def test_a_dry_run_changes_nothing(at_work: Drawbridge, queues: Queues, option: str, fate: str) -> None:
    message_id = queues.bury_event()

    ended = at_work("redrive", option, "--dry-run")

    assert ended.code == 1
    assert ended.out.splitlines()[-1] == f"{message_id}: {fate}"
    assert (queues.bodies("EventsDeadLetterQueue"), queues.bodies("HintsQueue")) == ([EVENT], [])


@pytest.mark.parametrize("operation", ["sqs:SendMessage", "sqs:DeleteMessage"])
def test_nothing_is_lost_where_aws_fails_in_the_middle(
    at_work: Drawbridge, operator: Operator, queues: Queues, operation: str
) -> None:
    queues.bury_event(EVENT)
    queues.bury_event(OTHER)
    failing = CallFault(operation, "error", code="AccessDenied", status=403, account=operator.account_id, skip=1)

    with faults.injected(failing):
        ended = at_work("redrive", "--send", "--yes")

    assert ended.code == 3
    assert ended.err.startswith("1 of 2 are done")
    assert ("was sent, and is here still" in ended.err) == (operation == "sqs:DeleteMessage")
    assert at_work("redrive").out.count(": an event that the rule ") == 1

    again = at_work("redrive", "--send", "--yes")

    assert again.code == 0
    assert {*queues.bodies("HintsQueue")} == {EVENT, OTHER}
    assert queues.bodies("EventsDeadLetterQueue") == []


def test_a_bounded_number_is_looked_at_and_the_rest_is_counted(at_work: Drawbridge, queues: Queues) -> None:
    for number in range(13):
        queues.put("HintsDeadLetterQueue", json.dumps([number]))

    ended = at_work("redrive", "--most", "11")

    assert ended.code == 1
    assert ended.out.count("a hint that nobody can read") == 11
    assert ended.out.splitlines()[-1].startswith("drawbridge in us-east-1: about 2 more")


def test_two_hundred_can_be_looked_at(at_work: Drawbridge, queues: Queues) -> None:
    assert at_work("redrive", "--most", "200").code == 0


def test_whoever_names_messages_has_them_looked_for_among_two_hundred(
    at_work: Drawbridge, operator: Operator, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: list[int] = []
    receive = DeadLetterQueues.received

    def received(self: DeadLetterQueues, most: int, **settings: Any) -> Any:
        wanted.append(most)
        return receive(self, most, **settings)

    monkeypatch.setattr(DeadLetterQueues, "received", received)
    message_id = queues.put("HintsDeadLetterQueue", "[]")

    at_work("redrive", message_id, "--most", "1")
    at_work("redrive")

    assert wanted == [200, 20]


@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [
        ((), 30),
        (("--send", "--dry-run"), 30),
        (("--send", "--yes"), 600),
        (("--discard", "--yes"), 600),
    ],
)
def test_nobody_else_sees_them_for_as_long_as_it_takes_to_read_or_to_decide(
    at_work: Drawbridge, operator: Operator, queues: Queues, arguments: tuple[str, ...], seconds: int
) -> None:
    queues.bury_event()
    mark = record.mark()

    at_work("redrive", *arguments)

    made = record.since(mark, account_id=operator.account_id)
    hidden = {each.params["VisibilityTimeout"] for each in made if each.operation == "sqs:ReceiveMessage"}
    assert hidden == {seconds}


def press(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def fail(*_: object, **__: object) -> None:
    raise RuntimeError("a fault")


@pytest.mark.parametrize(
    "where",
    [
        "drawbridge_cli.redrive.ask",
        "drawbridge_cli.redrive.DeadLetterQueues.send",
        "drawbridge_cli.redrive.DeadLetterQueues.count",
        "drawbridge_cli.redrive.explained",
    ],
)
@pytest.mark.parametrize("how", [press, fail])
def test_whoever_stops_in_the_middle_gives_them_back(
    at_work: Drawbridge, queues: Queues, monkeypatch: pytest.MonkeyPatch, where: str, how: Any
) -> None:
    monkeypatch.delenv("DRAWBRIDGE_TRACEBACK")
    queues.bury_event()
    queues.put("HintsDeadLetterQueue", OTHER)
    monkeypatch.setattr(where, how)

    ended = at_work("redrive", "--send", *(() if where.endswith("ask") else ("--yes",)))

    assert ended.code == (130 if how is press else 4)
    assert "hidden" not in ended.err
    assert (queues.bodies("HintsDeadLetterQueue"), queues.bodies("EventsDeadLetterQueue")) == ([OTHER], [EVENT])
    assert queues.bodies("HintsQueue") == []


def test_what_was_received_before_it_stopped_is_given_back(
    at_work: Drawbridge, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(13):
        queues.put("HintsDeadLetterQueue", json.dumps([number]))
    message = dead_letter_queues._message
    read: list[str] = []

    def stop(source: Any, each: Any) -> Any:
        read.append(each["MessageId"])
        return press() if len(read) == 11 else message(source, each)

    monkeypatch.setattr(dead_letter_queues, "_message", stop)

    ended = at_work("redrive")

    assert ended.code == 130
    # Those of the answer that it stopped in are not: nobody has their handles.
    assert len(queues.bodies("HintsDeadLetterQueue")) == 10


@pytest.mark.parametrize(("arguments", "seconds"), [((), 30), (("--send", "--dry-run"), 30), (("--send",), 600)])
def test_what_can_not_be_given_back_is_told(
    at_work: Drawbridge, operator: Operator, queues: Queues, arguments: tuple[str, ...], seconds: int
) -> None:
    queues.bury_event()
    queues.put("HintsDeadLetterQueue", "[]")
    failing = CallFault(
        "sqs:ChangeMessageVisibilityBatch", "error", code="AccessDenied", status=403, account=operator.account_id
    )

    with faults.injected(failing):
        ended = at_work("redrive", *arguments, typed="n\n")

    assert ended.code == 1
    first, *rest = ended.err.splitlines()
    assert first.startswith(f"2 dead letters stay hidden from everybody for up to {seconds} s: release what is in ")
    assert rest == (["nothing was done"] if arguments == ("--send",) else [])


def test_what_was_sent_or_deleted_is_not_told_to_stay_hidden(
    at_work: Drawbridge, operator: Operator, queues: Queues
) -> None:
    queues.bury_event()
    failing = CallFault(
        "sqs:ChangeMessageVisibilityBatch", "error", code="AccessDenied", status=403, account=operator.account_id
    )

    with faults.injected(failing):
        ended = at_work("redrive", "--send", "--yes")

    assert (ended.code, ended.err) == (0, "")


def test_whoever_presses_once_more_is_told_what_stays_hidden(
    at_work: Drawbridge, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues.bury_event()
    monkeypatch.setattr(DeadLetterQueues, "_not_released", press)

    ended = at_work("redrive")

    assert ended.code == 130
    assert ended.err.splitlines()[0] == "1 dead letters stay hidden from everybody for up to 30 s: interrupted"


def test_whoever_presses_once_more_in_the_middle_is_told_only_of_what_was_not_given_back_by_then(
    at_work: Drawbridge, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        queues.put("HintsDeadLetterQueue", json.dumps([number]))
    not_released = DeadLetterQueues._not_released
    parts: list[int] = []

    def release(self: DeadLetterQueues, messages: Any) -> Any:
        parts.append(len(messages))
        return press() if len(parts) == 2 else not_released(self, messages)

    monkeypatch.setattr(DeadLetterQueues, "_not_released", release)

    ended = at_work("redrive")

    assert (ended.code, parts) == (130, [10, 2])
    assert ended.err.splitlines()[0] == "2 dead letters stay hidden from everybody for up to 30 s: interrupted"
    assert len(queues.bodies("HintsDeadLetterQueue")) == 10


def test_for_programs_there_is_one_document(at_work: Drawbridge, queues: Queues) -> None:
    message_id = queues.bury_event()

    ended = at_work("redrive", "--send", "--yes", "--json")

    assert (ended.code, ended.err) == (0, "")
    document = ended.json
    assert (document["stack"], document["region"], document["more"]) == ("drawbridge", "us-east-1", 0)
    (letter,) = document["dead_letters"]
    assert (letter["message_id"], letter["queue"], letter["result"]) == (message_id, "EventsDeadLetterQueue", "sent")
    assert (letter["body"], letter["attributes"]["ERROR_CODE"]) == (EVENT, "NO_PERMISSIONS")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--send", "--discard"), "say --send or --discard, and not both"),
        (("--send", "--json"), "say --yes or --dry-run as well"),
        (("00000000-0000-0000-0000-000000000000",), "MESSAGE: there is no dead letter 00000000-"),
        (("--most", "0"), "--most"),
        (("--most", "201"), "--most"),
    ],
)
def test_wrong_usage_is_said(at_work: Drawbridge, queues: Queues, arguments: tuple[str, ...], words: str) -> None:
    ended = at_work("redrive", *arguments)

    assert ended.code == 2
    assert words in ended.err


def test_a_stack_that_is_not_drawbridge_s_is_named(at_work: Drawbridge, operator: Operator) -> None:
    operator.client("cloudformation").create_stack(
        StackName="another", TemplateBody=json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    )

    ended = at_work("--stack", "another", "redrive")

    assert (ended.code, ended.err.strip()) == (
        2,
        "--stack: another has no HintsDeadLetterQueue; it is not Drawbridge's",
    )
