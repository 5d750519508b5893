"""An account for one test, with short methods to create functions, queues and rules."""

from __future__ import annotations

import io
import itertools
import json
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from local_aws import functions
from local_aws.delivery import journal
from local_aws.functions import sources
from local_aws.functions.invocations import Invocation
from local_aws.time.activity import in_flight
from local_aws_tests.waiting import PATIENCE

HANDLERS = Path(__file__).resolve().parent / "handlers"
EVENTS = "events.amazonaws.com"
SNS = "sns.amazonaws.com"
SERVICES = ("lambda.amazonaws.com", "scheduler.amazonaws.com", "events.amazonaws.com", "states.amazonaws.com")
_numbers = itertools.count(400000000000)


@dataclass(frozen=True)
class Account:
    """Someone with full access to an account that nobody else uses."""

    account_id: str
    region: str
    session: boto3.Session
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.session.client(service)  # type: ignore[call-overload]  # any service's name
        return self._clients[service]

    def close(self) -> None:
        """Delete schedules and disable rules, which would otherwise go on for ever on the shared clock."""
        scheduler = self.client("scheduler")
        for schedule in scheduler.list_schedules()["Schedules"]:
            scheduler.delete_schedule(Name=schedule["Name"])
        for rule in self.events.list_rules()["Rules"]:
            self.events.disable_rule(Name=rule["Name"])
        for client in self._clients.values():
            client.close()

    @property
    def sqs(self) -> Any:
        return self.client("sqs")

    @property
    def functions(self) -> Any:
        return self.client("lambda")

    @property
    def events(self) -> Any:
        return self.client("events")

    @property
    def sns(self) -> Any:
        return self.client("sns")

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    def role(self, name: str, *actions: str, trusted: Sequence[str] = SERVICES) -> str:
        """Create a role that allows these actions on everything."""
        trust = [_statement("sts:AssumeRole", Principal={"Service": list(trusted)})]
        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
        if actions:
            policy = _policy([_statement(list(actions), Resource="*")])
            iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)
        return str(arn)

    def function(self, name: str, *actions: str, code: Path = HANDLERS / "probe", **options: Any) -> str:
        """Create a function, by default with the probe's code, whose role allows these actions; return its ARN."""
        role = self.role(f"{name}-role", "logs:*", "sqs:*", *actions)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("nothing", "")
        created = self.functions.create_function(
            FunctionName=name,
            Role=role,
            Code={"ZipFile": packed.getvalue()},
            **{"Runtime": "python3.13", "Handler": "app.handler", "Timeout": 10, **options},
        )
        sources.register(self.account_id, self.region, name, sources.FunctionSource(code))
        return str(created["FunctionArn"])

    def invoke(self, name: str, event: Any = None, **options: Any) -> Any:
        payload = json.dumps({} if event is None else event)
        return self.functions.invoke(FunctionName=name, Payload=payload, **options)

    def queue(self, name: str, *senders: str, **attributes: str) -> str:
        """Create a queue that these services may send to; return its ARN."""
        arn = self.arn("sqs", name)
        if senders:
            statement = _statement("sqs:SendMessage", Principal={"Service": list(senders)}, Resource=arn)
            attributes["Policy"] = _policy([statement])
        self.sqs.create_queue(QueueName=name, Attributes=attributes)
        return arn

    def url(self, queue_arn: str) -> str:
        return str(self.sqs.get_queue_url(QueueName=queue_arn.rsplit(":", 1)[-1])["QueueUrl"])

    def messages(self, queue_arn: str) -> list[Any]:
        received = self.sqs.receive_message(
            QueueUrl=self.url(queue_arn), MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return list(received.get("Messages", []))

    def bodies(self, queue_arn: str) -> list[Any]:
        return [json.loads(message["Body"]) for message in self.messages(queue_arn)]

    def send(self, queue_arn: str, *bodies: Any, **options: Any) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url(queue_arn), MessageBody=json.dumps(body), **options)

    def rule(self, name: str, *targets: dict[str, Any], **options: Any) -> str:
        """Create a rule, by default for events of the source ``test``; return its ARN."""
        if "ScheduleExpression" not in options:
            options.setdefault("EventPattern", json.dumps({"source": ["test"]}))
        arn = self.events.put_rule(Name=name, **options)["RuleArn"]
        if targets:
            numbered = [{"Id": str(number), **target} for number, target in enumerate(targets)]
            self.events.put_targets(Rule=name, Targets=numbered)
        return str(arn)

    def put_event(self, **detail: Any) -> str:
        entry = {"Source": "test", "DetailType": "Something", "Detail": json.dumps(detail)}
        answer = self.events.put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == 0
        return str(answer["Entries"][0]["EventId"])

    def allow_invoke(self, name: str, principal: str, **options: str) -> None:
        self.functions.add_permission(
            FunctionName=name,
            StatementId=f"by-{principal.split('.', maxsplit=1)[0]}",
            Action="lambda:InvokeFunction",
            Principal=principal,
            **options,
        )

    def invocations(self, name: str) -> list[Invocation]:
        return [each for each in functions.invocations() if (each.account_id, each.function) == (self.account_id, name)]

    def log(self, name: str) -> list[str]:
        found = self.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")
        return [event["message"] for event in found["events"]]


def schedule(account: Account, name: str, target: dict[str, Any], **options: Any) -> None:
    account.client("scheduler").create_schedule(
        Name=name,
        **{
            "ScheduleExpression": "rate(1 minute)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": target,
            **options,
        },
    )


def deliveries(event_id: str) -> list[str]:
    entries = [entry for entry in journal.describe() if entry["id"] == event_id]
    return [delivery["status"] for entry in entries for delivery in entry["deliveries"]]


def answer(invocation: Any) -> Any:
    assert "FunctionError" not in invocation, invocation["Payload"].read()
    return json.loads(invocation["Payload"].read())


def failure(invocation: Any) -> Any:
    assert invocation["FunctionError"] == "Unhandled"
    return json.loads(invocation["Payload"].read())


def new_account(session: Callable[..., boto3.Session], region: str = "eu-west-1") -> Account:
    account_id = str(next(_numbers))
    return Account(account_id, region, session(account_id, region))


def wait_until(condition: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """Wait until the condition holds, in real seconds, since busy threads don't follow the clock."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} seconds; under way: {in_flight()}"
        time.sleep(0.005)


def wait_until_quiet(*, besides: Sequence[str] = ()) -> None:
    """Wait until nothing is in flight twice in a row, apart from ``besides``."""
    for _ in range(2):
        wait_until(lambda: not set(in_flight()) - set(besides))
        time.sleep(0.01)


def _policy(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _statement(action: Any, **elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, **elements}
