"""A sweep costs what changed: its AWS calls are counted, with one connection and with fifty, at rest and new."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from math import ceil

import pytest

from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.bootstrap import discover_requests, history
from drawbridge.discovery.findings import SweepResult
from drawbridge.hint import EVERYTHING
from drawbridge.record import Outcome
from drawbridge.record.record import status_change
from drawbridge.request import ExecutionInput
from drawbridge.status import Status
from local_aws.testing.copies import copy_configuration, copy_endpoint, copy_share
from local_aws.testing.record import record
from local_aws.testing.settings import changed
from tests.contracts.accounts import Account, connected, offered, shared

WRITING = ("BatchWrite", "Create", "Put", "Start", "Transact", "Update")
TABLES = ("LedgerTable", "ConsumersTable", "OffersTable", "ApprovalsTable", "HistoryTable")


def waiting_workflow(account: Account) -> str:
    """Make a workflow whose executions wait; return its ARN."""
    states = {"Only": {"Type": "Wait", "Seconds": 3600, "End": True}}
    created = account.client("stepfunctions").create_state_machine(
        name="onboarding",
        definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "Only", "States": states}),
        roleArn=f"arn:aws:iam::{account.account_id}:role/onboarding",
    )
    return str(created["stateMachineArn"])


class Home:
    """An account that sweeps, in this process, with the objects that its function has."""

    def __init__(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        self.account = account
        self._tables = {each: account.table(each) for each in TABLES}
        account.client("events").create_event_bus(Name="drawbridge")
        workflow = waiting_workflow(account)
        given = {
            "ACCOUNT_ID": account.account_id,
            "AWS_REGION": "us-east-1",
            "BUS": "drawbridge",
            "CONFIRM_GONE_MINUTES": "10",
            "EXPIRING_HOURS": "3",
            "HISTORY_DAYS": "400",
            "NOTIFICATION_TOPIC_ARN": str(account.client("sns").create_topic(Name="notifications")["TopicArn"]),
            "ONBOARDING_STATE_MACHINE_ARN": workflow,
            "OPEN_QUESTIONS": "5",
            "PREFIX": "drawbridge",
            "TIME_ZONE": "UTC",
            "WITHDRAWAL_STATE_MACHINE_ARN": workflow,
            "WITHDRAW_AFTER_HOURS": "168",
            "WITHDRAW_CAP": "10",
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        for each in TABLES:
            monkeypatch.setenv(f"{each.removesuffix('Table').upper()}_TABLE", each)
        for module in (discover_requests, history):
            monkeypatch.setattr(module, "table", self._tables.__getitem__)
        monkeypatch.setattr(discover_requests, "client", account.client)
        discover_requests.environment.cache_clear()
        self.parameter("policies/known", 'permit(principal == Account::"700000000000", action, resource);')

    def parameter(self, name: str, value: str) -> None:
        self.account.client("ssm").put_parameter(Name=f"/drawbridge/config/{name}", Type="String", Value=value)

    def sweep(self) -> tuple[SweepResult, Counter[str]]:
        """Sweep as the schedule has it done; return what came of it, and the calls that it took."""
        now, mark = datetime.now(UTC), record.mark()
        configuration = discover_requests.configuration(EVERYTHING)
        assert configuration.broken == ()
        sweeper = discover_requests.sweeper(configuration, lambda: datetime.now(UTC), pytest.fail)
        result = sweeper.sweep(EVERYTHING, now)
        assert (result.failures, result.broken) == ((), ())
        return result, Counter(each.operation for each in record.since(mark, account_id=self.account.account_id))

    def settle(self) -> None:
        """Have every attempt come to its end: available, with nothing made, which a sweep leaves so."""
        ledger = LedgerTable(self._tables["LedgerTable"], now=lambda: datetime.now(UTC))
        for row in ledger.followed():
            outcome = Outcome(status=Status.AVAILABLE, reasons=(), settled=True)
            execution = ExecutionInput(request=row.request, request_id=row.request_id, attempt=row.attempt)
            assert ledger.change_status(status_change(execution, outcome), outcome)

    def at_rest(self) -> Counter[str]:
        """Sweep until nothing is written, and return what that took."""
        for _ in range(3):
            result, calls = self.sweep()
            assert result.started == ()
            if not any(each.partition(":")[2].startswith(WRITING) for each in calls):
                return calls
        raise AssertionError(f"it does not come to rest: {calls}")


@pytest.fixture
def home(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    with changed(empty_pages=0.0):
        yield Home(account, monkeypatch)
    discover_requests.environment.cache_clear()


@pytest.fixture
def ask(home: Home, consumer: Account) -> Callable[[int], None]:
    """Have so many accounts ask for a connection, each its own."""
    endpoint_id = connected(consumer, offered(home.account))

    def ask(number: int) -> None:
        for each in range(number):
            copy_endpoint(endpoint_id, owner=f"7{each:011}")

    return ask


def test_a_sweep_at_rest_takes_as_many_calls_with_fifty_connections_as_with_one(
    home: Home, ask: Callable[[int], None]
) -> None:
    taken = []
    for more in (0, 49):
        ask(more)
        home.sweep()
        home.settle()
        taken.append(home.at_rest())

    assert taken[0] == taken[1]
    assert taken[0]["dynamodb:BatchGetItem"] == 1
    assert taken[0].total() <= 25


def test_a_sweep_at_rest_takes_as_many_calls_with_fifty_shares_as_with_one(home: Home, provider: Account) -> None:
    home.parameter(
        "bindings/tagged",
        '{"match": {"resource": "*"}, "attach": {"mode": "resource-endpoint", "vpc": {"tag": {"A": "b"}}}}',
    )
    resource_arn, share_arn = shared(provider, home.account)
    taken = []
    for more in (0, 49):
        for each in range(more):
            copy_share(share_arn, f"db-{each}", copy_configuration(resource_arn, f"db-{each}"))
        home.sweep()
        home.settle()
        taken.append(home.at_rest())

    assert taken[0] == taken[1]
    assert taken[0].total() <= 30


@pytest.mark.parametrize("number", [1, 37])
def test_what_is_new_takes_two_calls_each_and_two_more_for_ten(
    home: Home, ask: Callable[[int], None], number: int
) -> None:
    home.sweep()
    home.settle()
    rest = home.at_rest()
    ask(number)

    result, calls = home.sweep()

    assert len(result.started) == number
    more = calls - rest
    written = "dynamodb:PutItem" if number == 1 else "dynamodb:TransactWriteItems"
    assert more == {
        "dynamodb:UpdateItem": number,
        "states:StartExecution": number,
        written: ceil(number / 10),
        "events:PutEvents": ceil(number / 10),
        "dynamodb:BatchGetItem": 1,
    }
