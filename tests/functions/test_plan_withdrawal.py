"""The door of ``plan_withdrawal``: a request whose subject is gone in, the places of what is to be taken down out."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from drawbridge.errors import NotReadyError
from drawbridge.request.announced import COMMANDED, Announced, WithdrawalCommand
from drawbridge.request.connections import ConnectionState
from drawbridge.withdrawal import ConnectionRemoval, NamesRemoval, StaysAfterAll
from functions.plan_withdrawal import app
from tests.builders import CONNECTION, ENDPOINT_ID, NOW, RESOURCE_ARN, SHARE_ARN, execution_input
from tests.functions.invocations import invoke, refuses, step
from tests.unit.planning import binding
from tests.unit.withdrawing import ENDPOINT, WithdrawalAttempts

INPUT = execution_input(attempt=2)
STEP = step(request=INPUT)
OF_CONNECTION = execution_input(CONNECTION, attempt=2)


@pytest.fixture(autouse=True)
def withdrawals(monkeypatch: pytest.MonkeyPatch) -> WithdrawalAttempts:
    """Return an account with an endpoint of ours to what a share held that is gone."""
    withdrawals = WithdrawalAttempts()
    withdrawals.world.shared_as.clear()
    withdrawals.world.owned_objects.marked = [ENDPOINT]
    withdrawals.world.attach(endpoint_id=ENDPOINT.id)
    withdrawals.world.mark(SHARE_ARN)
    withdrawals.world.existences.held.clear()
    monkeypatch.setattr(app, "ports", lambda: withdrawals.ports)
    return withdrawals


def test_what_is_to_be_taken_down_is_kept_and_its_places_are_handed_on(withdrawals: WithdrawalAttempts) -> None:
    withdrawals.world.owned_objects.marked.append(msgspec.structs.replace(ENDPOINT, id="vpce-2"))

    answer = invoke(app.lambda_handler, STEP)

    assert answer == {"next": "withdraw", "removals": [0, 1]}
    assert [each.at for each in map(withdrawals.attempts.planned_removal, [INPUT] * 2, [0, 1])] == [NOW] * 2
    assert withdrawals.asked_for == [INPUT.request_id]


def test_where_nothing_is_left_there_is_nothing_to_take_down(withdrawals: WithdrawalAttempts) -> None:
    withdrawals.world.owned_objects.marked = []
    withdrawals.world.connected = msgspec.structs.replace(withdrawals.world.connected, attachments=())

    assert invoke(app.lambda_handler, STEP) == {"next": "withdraw", "removals": []}


def test_of_a_consumer_s_endpoint_the_names_go(withdrawals: WithdrawalAttempts) -> None:
    answer = invoke(app.lambda_handler, step(request=OF_CONNECTION))

    assert answer == {"next": "withdraw", "removals": [0]}
    removal = withdrawals.attempts.planned_removal(OF_CONNECTION, 0).removal
    assert isinstance(removal, NamesRemoval)
    assert [each.path for each in removal.names] == [f"/drawbridge/consumers/111111111111/{ENDPOINT_ID}"]


def test_of_what_is_listed_again_nothing_is_taken_down(withdrawals: WithdrawalAttempts) -> None:
    withdrawals.world.existences.shares.add(SHARE_ARN)

    answer = invoke(app.lambda_handler, STEP)

    assert (answer["next"], answer["because"]["code"]) == ("listed-again", "listed-again")
    assert SHARE_ARN in answer["because"]["text"]
    assert withdrawals.attempts.kept_withdrawal(INPUT).plan.removals == ()


def test_where_aws_says_neither_it_is_asked_again(withdrawals: WithdrawalAttempts) -> None:
    withdrawals.world.existences.says_nothing = True

    with pytest.raises(NotReadyError, match=SHARE_ARN):
        invoke(app.lambda_handler, STEP)


def test_a_removal_that_is_decided_again_goes_still_and_counts_as_decided_now(withdrawals: WithdrawalAttempts) -> None:
    invoke(app.lambda_handler, STEP)
    before = withdrawals.attempts.planned_removal(INPUT, 0)
    withdrawals.world.mark(RESOURCE_ARN)
    withdrawals.time += timedelta(minutes=5)

    answer = invoke(app.lambda_handler, STEP | {"item": 0})

    assert answer == {"next": "withdraw"}
    again = withdrawals.attempts.planned_removal(INPUT, 0)
    assert (again.removal, again.at) == (before.removal, NOW + timedelta(minutes=5))


def test_a_removal_that_is_called_for_again_stays(withdrawals: WithdrawalAttempts) -> None:
    invoke(app.lambda_handler, STEP)
    withdrawals.world.shared_as[RESOURCE_ARN] = {"orders"}
    withdrawals.bindings.append(binding())

    answer = invoke(app.lambda_handler, STEP | {"item": 0})

    assert answer == {"next": "stays"}
    (result,) = withdrawals.attempts.kept_withdrawal(INPUT).results.values()
    assert isinstance(result, StaysAfterAll)


def test_the_names_of_an_endpoint_that_asks_again_stay(withdrawals: WithdrawalAttempts) -> None:
    of_connection = step(request=OF_CONNECTION)
    invoke(app.lambda_handler, of_connection)
    withdrawals.world.existences.connections[ENDPOINT_ID] = ConnectionState.PENDING_ACCEPTANCE

    assert invoke(app.lambda_handler, of_connection | {"item": 0}) == {"next": "stays"}


def test_on_command_a_connection_is_to_be_rejected(withdrawals: WithdrawalAttempts) -> None:
    withdrawals.world.connected = msgspec.structs.replace(
        withdrawals.world.connected, commanded=WithdrawalCommand(by="arn:aws:iam::111111111111:user/ann", at=NOW)
    )

    answer = invoke(app.lambda_handler, step(request=OF_CONNECTION))

    assert answer == {"next": "withdraw", "removals": [0]}
    assert isinstance(withdrawals.attempts.planned_removal(OF_CONNECTION, 0).removal, ConnectionRemoval)
    assert [each.code for each in withdrawals.attempts.kept_withdrawal(OF_CONNECTION).plan.because] == [COMMANDED]


def test_of_what_is_permitted_again_nothing_is_taken_down(withdrawals: WithdrawalAttempts) -> None:
    withdrawals.world.existences.connections[ENDPOINT_ID] = ConnectionState.AVAILABLE
    mark = Announced(since=NOW - timedelta(days=7), withdraw_after=NOW, forbidden=True)
    withdrawals.world.connected = msgspec.structs.replace(withdrawals.world.connected, announced=(mark,))

    answer = invoke(app.lambda_handler, step(request=OF_CONNECTION))

    assert (answer["next"], answer["because"]["code"]) == ("listed-again", "permitted-again")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("request", ...),
        ("request.attempt", 0),
        ("request.requestId", ...),
        ("request.request.shareArn", "orders"),
        ("item", "0"),
    ],
)
def test_a_broken_step_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, STEP | {"item": 0}, path, value)
