"""Approval at work: a person is asked in Slack, and what they approved is exactly what is done."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from local_aws.testing.clock import clock
from local_aws.testing.faults import CallFault, faults
from local_aws.testing.functions import begin_anew
from local_stack.stack import REGION
from scenarios.people import Person
from tests.system.conftest import LONG, CommandLine, Policy, World, until
from tests.system.questions import Json, asked, buttons, click, messages, pressed, private, request, shown, waiting
from tests.system.requests_in_ledger import reasons, row_of, settled, statuses

_strangers = itertools.count(530000000061)


@pytest.fixture(scope="module")
def provider(deployed: Callable[..., Person]) -> Person:
    return deployed("510000000061", SlackChannel="C0APPROVALS", ApprovalHours="10", OpenQuestionsPerAccount="100")


@pytest.fixture(scope="module")
def consumer(deployed: Callable[..., Person]) -> Person:
    return deployed("520000000061", SlackChannel="C0APPROVALS", ApprovalHours="24")


@pytest.fixture
def stranger(world: World) -> Person:
    return world.person(str(next(_strangers)))


@pytest.fixture(autouse=True)
def _slack_is_well(world: World) -> Iterator[None]:
    yield
    world.control("slack", {})


def _more_strangers(world: World) -> list[Person]:
    return [world.person(str(next(_strangers))) for _ in range(2)]


def test_what_a_person_approves_is_accepted_and_the_message_says_so(
    world: World, provider: Person, stranger: Person
) -> None:
    endpoint_id = request(provider, stranger)
    message = asked(world, endpoint_id)
    waiting(provider, endpoint_id)

    answer = click(world, message, "U0ALICE")

    assert (answer["status"], answer["body"]) == (200, "")
    row = settled(provider, endpoint_id, "AVAILABLE")
    assert statuses(row) == ["PENDING", "WAITING_FOR_APPROVAL", "ACCEPTED", "AVAILABLE"]
    (decided,) = (each["M"] for each in row["decided_by"]["L"] if each["M"]["code"]["S"] == "approved")
    assert decided["source"]["S"] == "U0ALICE"
    until(lambda: "onnected" in shown(world, message), lambda: shown(world, message))
    assert buttons({"blocks": json.loads(shown(world, message))}) == set()
    assert message["mentions"] == []


def test_why_tells_of_what_was_approved_who_saw_what_and_by_which_hint_it_came(
    world: World, provider: Person, stranger: Person, command_line: CommandLine
) -> None:
    endpoint_id = request(provider, stranger)
    message = asked(world, endpoint_id)
    click(world, message, "U0ALICE")
    settled(provider, endpoint_id, "AVAILABLE")

    answer = command_line(provider, "why", endpoint_id, "--json")

    assert (answer.returncode, answer.stderr) == (0, "")
    (told,) = json.loads(answer.stdout)["requests"]
    # The question is kept when it is posted, while its status is recorded: which is first does not matter.
    assert sorted(event["text"].partition(",")[0] for event in told["story"]) == [
        "ACCEPTED",
        "AVAILABLE",
        "WAITING_FOR_APPROVAL",
        "attempt 1 began",
        "people were asked",
    ]
    began, question, accepted, available = (
        next(event for event in told["story"] if event["text"].startswith(start))
        for start in ("attempt", "people", "ACCEPTED", "AVAILABLE")
    )
    (cause,) = began["reasons"]
    assert cause["code"] == "first-seen"
    assert cause["source"]
    assert f"Account: {stranger.account_id}" in question["details"]
    assert any("its name published at" in each for each in question["details"])
    assert "U0ALICE" in [reason.get("source") for reason in accepted["reasons"]]
    assert f"published /drawbridge/consumers/{stranger.account_id}/{endpoint_id}/dns-name" in available["details"]


def test_what_a_person_denies_is_rejected_with_their_reason(world: World, provider: Person, stranger: Person) -> None:
    endpoint_id = request(provider, stranger)
    message = asked(world, endpoint_id)

    opened = click(world, message, "U0BOB", "deny")
    view = until(lambda: world.slack()["views"], lambda: "a form")[-1]
    submitted = world.control(
        "slack/submit", {"user": "U0BOB", "viewId": view["id"], "values": {"reason": {"reason": "Nobody knows them."}}}
    )

    assert (opened["status"], submitted["status"], submitted["body"]) == (200, 200, "")
    row = settled(provider, endpoint_id, "REJECTED")
    assert any("Nobody knows them." in each["M"]["text"]["S"] for each in row["reasons"]["L"])
    assert stranger.endpoint_state(endpoint_id) == "rejected"
    until(lambda: "Nobody knows them." in shown(world, message), lambda: shown(world, message))


def test_who_may_not_decide_is_told_privately_who_may_and_nothing_is_decided(
    world: World, provider: Person, stranger: Person
) -> None:
    endpoint_id = request(provider, stranger)
    message = asked(world, endpoint_id)

    answers = [click(world, message, "U0MALLORY", action) for action in ("approve", "deny")]

    assert [each["status"] for each in answers] == [200, 200]
    private_messages = until(lambda: private(world, "U0MALLORY"), lambda: "Mallory is told")
    assert "<@U0ALICE>" in private_messages[0]
    assert waiting(provider, endpoint_id)["settled"]["BOOL"] is False
    click(world, message, "U0CAROL")
    settled(provider, endpoint_id, "AVAILABLE")


def test_every_click_after_the_first_hears_that_it_is_decided(world: World, provider: Person, stranger: Person) -> None:
    endpoint_id = request(provider, stranger)
    message = asked(world, endpoint_id)
    late = pressed(message, "U0BOB")
    click(world, message, "U0ALICE")

    assert late().status == 200
    private_messages = until(
        lambda: [each for each in private(world, "U0BOB") if "approved by" in each], lambda: "Bob is told"
    )
    assert "U0ALICE" in private_messages[-1]
    settled(provider, endpoint_id, "AVAILABLE")


def test_trap_24_of_two_people_at_the_same_instant_one_decides_and_it_is_done_once(
    world: World, provider: Person, stranger: Person
) -> None:
    before = world.calls(provider.account_id, "ec2:AcceptVpcEndpointConnections")
    # A VPC has room for fifty.
    strangers = itertools.islice(itertools.cycle([stranger, *_more_strangers(world)]), 100 if LONG else 5)
    endpoints = [request(provider, each) for each in strangers]
    found = [asked(world, endpoint_id) for endpoint_id in endpoints]

    with ThreadPoolExecutor(2) as people:
        for message in found:
            # A signature is good for five minutes of the clock, which goes fast here.
            clicks = [pressed(message, user) for user in ("U0ALICE", "U0BOB")]
            assert {*people.map(lambda each: each().status, clicks)} == {200}

    for endpoint_id in endpoints:
        row = settled(provider, endpoint_id, "AVAILABLE")
        assert len([each for each in row["decided_by"]["L"] if each["M"]["code"]["S"] == "approved"]) == 1
    assert world.calls(provider.account_id, "ec2:AcceptVpcEndpointConnections") == before + len(endpoints)


def test_the_question_about_a_share_says_what_it_holds_and_what_would_happen(
    world: World, consumer: Person, stranger: Person
) -> None:
    consumer.write_binding("approved", resource="asked-*", provider=stranger.account_id)

    share_arn = stranger.share_database("asked-db", port="5432", with_account=consumer.account_id)

    message = asked(world, share_arn)
    text = json.dumps(message["blocks"])
    assert stranger.account_id in text
    assert "vpc-lattice:resourceconfiguration" in text
    assert "Binding approved" in text
    assert consumer.vpc() in text
    click(world, message, "U0ALICE")
    settled(consumer, share_arn, "AVAILABLE")


def test_trap_25_an_approval_of_what_has_changed_since_is_void_and_it_is_asked_again(
    world: World, consumer: Person, stranger: Person
) -> None:
    share_arn = stranger.share_database("changing-db", port="5432", with_account=consumer.account_id)
    first = asked(world, share_arn)
    late = stranger.offer_database("late-db", port="22")
    # No sweep comes in between: the approval itself has to notice.
    stranger.client("ram").associate_resource_share(resourceShareArn=share_arn, resourceArns=[late])
    clock.advance(5)

    click(world, first, "U0ALICE")

    def again() -> Json | None:
        found = [each for each in messages(world, share_arn) if buttons(each) and each["ts"] != first["ts"]]
        return found[-1] if found else None

    second = until(again, lambda: f"asked again: {messages(world, share_arn)}")
    assert late in json.dumps(second["blocks"])
    assert "Asked again" in json.dumps(second["blocks"])
    ended = shown(world, first)
    assert "<@U0ALICE>" in ended
    assert "Something changed, and it is asked again below." in ended
    assert row_of(consumer, share_arn)["status"]["S"] == "WAITING_FOR_APPROVAL"  # type: ignore[index]  # it is there
    click(world, second, "U0ALICE")
    settled(consumer, share_arn, "ACCEPTED")


def test_a_policy_that_comes_while_a_person_is_asked_wins(
    world: World, provider: Person, stranger: Person, policy: Policy
) -> None:
    endpoint_id = request(provider, stranger)
    message = asked(world, endpoint_id)

    them = f'principal == Account::"{stranger.account_id}"'
    policy(provider, "never-them", f'@id("never") @reason("Churned.") forbid({them}, action, resource);')

    row = settled(provider, endpoint_id, "HELD")
    assert "forbidden" in reasons(row)
    assert stranger.endpoint_state(endpoint_id) == "pendingAcceptance"
    until(lambda: '"actions"' not in shown(world, message), lambda: shown(world, message))


def test_who_is_suspended_while_a_person_is_asked_is_held_until_it_is_resumed_and_what_is_connected_stays(
    world: World, provider: Person, stranger: Person, command_line: CommandLine
) -> None:
    _, service_name = provider.offer_service()
    endpoint_id = stranger.connect(service_name)
    message = asked(world, endpoint_id)
    entry = {"account_id": {"S": stranger.account_id}, "services": {"S": "*"}, "suspended_at": {"S": "2026-05-01"}}
    provider.client("dynamodb").put_item(TableName=provider.output("ConsumersTableName"), Item=entry)

    suspended = command_line(provider, "consumers", "suspend", stranger.account_id)

    assert f"{stranger.account_id} is suspended already" in suspended.stdout
    assert reasons(settled(provider, endpoint_id, "HELD")) == ["consumer-suspended"]
    until(lambda: '"actions"' not in shown(world, message), lambda: shown(world, message))
    assert stranger.endpoint_state(endpoint_id) == "pendingAcceptance"
    told = command_line(provider, "why", endpoint_id, "--json")
    assert "consumer-suspended" in told.stdout
    assert f"drawbridge consumers resume {stranger.account_id}" in told.stdout.replace(" --region us-east-1", "")

    command_line(provider, "consumers", "resume", stranger.account_id)
    settled(provider, endpoint_id, "AVAILABLE")
    command_line(provider, "consumers", "suspend", stranger.account_id)
    another = stranger.connect(service_name)

    assert reasons(settled(provider, another, "HELD")) == ["consumer-suspended"]
    assert stranger.endpoint_state(another) == "pendingAcceptance"
    row = settled(provider, endpoint_id, "AVAILABLE")
    assert "withdraw_after" not in row
    assert stranger.endpoint_state(endpoint_id) == "available"


def test_what_the_other_side_takes_back_is_over_and_the_message_says_so(
    world: World, provider: Person, stranger: Person
) -> None:
    endpoint_id = request(provider, stranger)
    message = asked(world, endpoint_id)

    stranger.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])

    settled(provider, endpoint_id, "WITHDRAWN")
    until(lambda: "ithdrawn" in shown(world, message), lambda: shown(world, message))


def test_nobody_who_answers_is_reminded_and_then_it_is_held(world: World, provider: Person, stranger: Person) -> None:
    endpoint_id = request(provider, stranger)
    message = asked(world, endpoint_id)
    waiting(provider, endpoint_id)

    clock.advance(5 * 3600 + 60)
    until(
        lambda: [each for each in world.slack()["messages"] if each.get("thread_ts") == message["ts"]],
        lambda: "a reminder below it",
    )
    clock.advance(5 * 3600)

    row = settled(provider, endpoint_id, "HELD")
    assert "approval-timed-out" in reasons(row)
    until(lambda: "Now: held." in shown(world, message), lambda: shown(world, message))


def test_a_policy_may_want_two_people(world: World, provider: Person, stranger: Person, policy: Policy) -> None:
    them = f'principal == Account::"{stranger.account_id}"'
    policy(
        provider,
        "two-for-them",
        f'@id("two") @approval("two-person, sensitive") permit({them}, action == Action::"askApprover", resource);',
    )
    endpoint_id = request(provider, stranger)
    message = asked(world, endpoint_id)

    click(world, message, "U0ALICE")
    click(world, message, "U0ALICE")

    until(lambda: "<@U0ALICE>" in shown(world, message), lambda: shown(world, message))
    assert waiting(provider, endpoint_id)["settled"]["BOOL"] is False
    click(world, message, "U0BOB")
    row = settled(provider, endpoint_id, "AVAILABLE")
    assert any("U0ALICE and U0BOB" in each["M"]["text"]["S"] for each in row["decided_by"]["L"])


def test_while_slack_is_down_it_waits_visibly_and_is_posted_when_slack_is_back(
    world: World, provider: Person, stranger: Person
) -> None:
    world.control("slack", {"faults": {"down": True}})
    endpoint_id = request(provider, stranger)
    waiting(provider, endpoint_id)
    assert messages(world, endpoint_id) == []

    world.control("slack", {})

    message = asked(world, endpoint_id)
    click(world, message, "U0ALICE")
    settled(provider, endpoint_id, "AVAILABLE")


def test_where_the_set_up_is_wrong_it_says_so_and_is_answered_on_the_command_line(
    world: World, provider: Person, stranger: Person, command_line: CommandLine
) -> None:
    world.control("slack", {"faults": {"error": {"method": "chat.postMessage", "error": "channel_not_found"}}})
    endpoint_id = request(provider, stranger)

    def trouble() -> bool:
        row = row_of(provider, endpoint_id)
        return row is not None and "slack-unavailable" in reasons(row)

    until(trouble, lambda: f"it says so: {row_of(provider, endpoint_id)}")

    def approved() -> bool:
        return command_line(provider, "approve", endpoint_id, "--yes", "--reason", "by phone").returncode == 0

    until(approved, lambda: "taken")

    row = settled(provider, endpoint_id, "AVAILABLE")
    assert any("by phone" in each["M"]["text"]["S"] for each in row["decided_by"]["L"])
    again = command_line(provider, "approve", endpoint_id, "--yes")
    assert again.returncode == 1
    assert "decided already: approved by" in again.stdout


def test_what_is_denied_on_the_command_line_is_rejected_and_the_record_has_who_by_their_arn(
    world: World, provider: Person, stranger: Person, command_line: CommandLine
) -> None:
    endpoint_id = request(provider, stranger)
    message = asked(world, endpoint_id)

    denied = command_line(provider, "deny", endpoint_id, "--yes", "--reason", "Nobody knows them.")

    assert denied.returncode == 0, denied.stderr
    row = settled(provider, endpoint_id, "REJECTED")
    (decided,) = (each["M"] for each in row["decided_by"]["L"] if each["M"]["code"]["S"] == "denied")
    assert decided["source"]["S"] == f"arn:aws:sts::{provider.account_id}:assumed-role/person/{provider.called}"
    assert "Nobody knows them." in decided["text"]["S"]
    until(lambda: "Nobody knows them." in shown(world, message), lambda: shown(world, message))


def test_an_answer_that_never_reached_the_task_gets_there_with_the_reminder(
    world: World, deployed: Callable[..., Person], stranger: Person
) -> None:
    person = deployed("510000000063", SlackChannel="C0APPROVALS", ApprovalHours="1")
    endpoint_id = request(person, stranger)
    message = asked(world, endpoint_id)
    waiting(person, endpoint_id)
    # A sweep would resume the task too, and earlier.
    person.stop_sweeping()
    killed = CallFault(
        "states:SendTaskSuccess", "kill-before", times=1, account=person.account_id, role="*ReceiveApproval*"
    )
    with faults.injected(killed) as force:
        click(world, message, "U0ALICE")
        assert force.struck(killed)

    clock.advance(1800)

    row = settled(person, endpoint_id, "AVAILABLE")
    assert {each["M"]["source"]["S"] for each in row["decided_by"]["L"] if each["M"]["code"]["S"] == "approved"} == {
        "U0ALICE"
    }


def test_what_people_could_not_be_told_is_kept(world: World, provider: Person, stranger: Person) -> None:
    begin_anew(provider.account_id, REGION, "drawbridge-tell_approvers")
    unread = CallFault("secretsmanager:GetSecretValue", "error", account=provider.account_id, role="*TellApprovers*")
    sqs = provider.client("sqs")
    (url,) = (url for url in sqs.list_queues()["QueueUrls"] if "EventsDeadLetterQueue" in url)
    kept: list[str] = []

    def received() -> bool:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ())
        kept.extend(each["Body"] for each in found)
        return any(row_of(provider, endpoint_id)["request_id"]["S"] in each for each in kept)  # type: ignore[index]  # it is there

    with faults.injected(unread):
        endpoint_id = request(provider, stranger)
        click(world, asked(world, endpoint_id), "U0ALICE")

        settled(provider, endpoint_id, "AVAILABLE")
        until(received, lambda: f"kept is what could not be told of {endpoint_id}: {kept}")


def test_what_nobody_is_asked_about_can_be_neither_approved_nor_denied(
    provider: Person, command_line: CommandLine
) -> None:
    unknown = command_line(provider, "approve", "vpce-0123456789abcdef0", "--yes")

    assert unknown.returncode == 1
    assert "knows nothing of it" in unknown.stderr


def test_the_check_of_a_set_up_that_is_right_finds_everything_well(provider: Person, command_line: CommandLine) -> None:
    checked = command_line(provider, "slack", "check")

    assert checked.returncode == 0, checked.stdout
    assert "WRONG" not in checked.stdout
    assert provider.output("SlackCallbackUrl") in "".join(checked.stdout.split())


@pytest.mark.parametrize(
    ("method", "error", "what"),
    [
        ("auth.test", "invalid_auth", "bot token"),
        ("conversations.info", "channel_not_found", "channel's members"),
        ("usergroups.users.list", "no_such_subteam", "user group S0NETADMINS"),
    ],
)
def test_the_check_of_a_set_up_names_what_is_wrong(
    world: World, provider: Person, command_line: CommandLine, method: str, error: str, what: str
) -> None:
    world.control("slack", {"faults": {"error": {"method": method, "error": error}}})

    checked = command_line(provider, "slack", "check", "--json")

    assert checked.returncode == 1
    wrong = [each for each in json.loads(checked.stdout)["findings"] if not each["good"]]
    assert [each["what"] for each in wrong] == [what]
    assert error in wrong[0]["told"]


def test_the_check_names_an_approver_s_team_that_is_not_the_token_s(
    provider: Person, command_line: CommandLine
) -> None:
    name = "/drawbridge/config/approvers"
    before = provider.parameter(name)
    ssm = provider.client("ssm")
    ssm.put_parameter(Name=name, Value='{"teamId": "T0ELSEWHERE", "userIds": ["U0ALICE"]}', Overwrite=True)
    try:
        checked = command_line(provider, "slack", "check", "--json")
    finally:
        ssm.put_parameter(Name=name, Value=before, Overwrite=True)

    assert checked.returncode == 1
    wrong = [each for each in json.loads(checked.stdout)["findings"] if not each["good"]]
    assert [each["what"] for each in wrong] == ["approvers"]
    assert "T0ELSEWHERE" in wrong[0]["told"]


def test_no_function_was_denied_anything(world: World, provider: Person, consumer: Person) -> None:
    assert world.denied(provider, consumer) == []
