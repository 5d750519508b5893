"""The items of attempts, as the adapter promises to keep them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import msgspec
import pytest

from drawbridge.association import Mode, NetworkRef, Plan, PlannedAssociation
from drawbridge.association.in_force import bindings_in_force
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.aws.attempts_table import AttemptsTable
from drawbridge.bounds import fitting
from drawbridge.decision.decision_record import AssociationDecisionRecord
from drawbridge.errors import AccessDeniedError, DrawbridgeError, ThrottledError, UpstreamError
from drawbridge.lattice import PrivateDns
from drawbridge.record.outcome import ATTACHMENTS_BYTES, Failure, Published, Refused, WorkflowError
from drawbridge.request import ExecutionInput
from drawbridge.status import Reason
from drawbridge.withdrawal import (
    NOTHING,
    Cause,
    EarlierAttachments,
    NotWithdrawn,
    ObjectRemoval,
    PublishedPath,
    WithdrawalPlan,
    Withdrawn,
)
from drawbridge.withdrawal.plan import MOST_AT_ONCE
from tests.aws_limits import ITEM_BYTES
from tests.builders import NOW, RESOURCE_ARN, SHARE_ARN, desired, desired_by_network, execution_input, resource_facts
from tests.contracts.accounts import refusing
from tests.contracts.conftest import NewAccount
from tests.fakes.configuration import InMemoryParameters
from tests.unit.largest import ALL_LONGEST, LARGEST_SNAPSHOT, LONGEST_NAME, largest_publication, longest_removal

_numbers = itertools.count(1)
WHY = Reason("no-vpc", "none fits", source="users")
PLAN = Plan(
    associations=tuple(desired(resource_name=f"db-{n}") for n in range(30)),
    refused=(WHY,),
    broken=(Reason("binding-broken", "line 3: no", source="mine"),),
    observed_fingerprint="state",
    bindings_fingerprint="bindings",
    decision_record=AssociationDecisionRecord(at=NOW, zone="UTC", resources=(resource_facts(),)),
    cut=("2 more refusals are not told.",),
)
SMALL = msgspec.structs.replace(PLAN, associations=PLAN.associations[:2], decision_record=None)


@pytest.fixture(scope="module")
def table(new_account: NewAccount) -> Any:
    return new_account().table("AttemptsTable")


@pytest.fixture
def attempts(table: Any) -> AttemptsTable:
    return AttemptsTable(table, now=lambda: NOW)


@pytest.fixture
def request_() -> ExecutionInput:
    """An attempt that no other test uses."""
    return execution_input(attempt=next(_numbers))


def items(table: Any, of: ExecutionInput) -> dict[str, Any]:
    answer = table.query(
        KeyConditionExpression="attempt = :attempt", ExpressionAttributeValues={":attempt": of.execution_name}
    )
    return {each["item"]: each for each in answer["Items"]}


AS_WRITTEN = (
    '{"wanted":{"binding":"orders","resourceName":"db-0","resourceArn":"'
    + RESOURCE_ARN
    + '","resourceKind":"resource-configuration","resourceType":"SINGLE","shareArn":"'
    + SHARE_ARN
    + '","provider":"111111111111","protocol":"TCP","portRanges":["5432"],"mode":"service-network-endpoint",'
    '"network":{"identifier":"","name":"shared","create":true},"vpcId":"vpc-0123456789abcdef0","subnetIds":["subnet-a"],'
    '"subnetsNamed":true,"addressType":"ipv4","securityGroupIds":["sg-a"],"privateDns":"listed",'
    '"privateDomains":["a.example"],"namesElsewhere":false,"perVpc":true,"alias":"{resource}.corp.example",'
    '"aliasZone":"Z0","aliasZoneName":"corp.example","aliasReserved":true},"at":"2026-11-21T12:00:00Z"}'
)
"""By the version before attachments were told apart by their modes."""


def test_an_association_is_kept_as_every_version_writes_and_reads_it(
    attempts: AttemptsTable, table: Any, request_: ExecutionInput
) -> None:
    attachment = desired_by_network(
        Mode.SERVICE_NETWORK_ENDPOINT,
        resource_name="db-0",
        network=NetworkRef(name="shared", create=True),
        subnet_ids=("subnet-a",),
        subnets_named=True,
        address_type="ipv4",
        security_group_ids=("sg-a",),
        private_dns=PrivateDns.LISTED,
        private_domains=("a.example",),
        names_elsewhere=False,
        per_vpc=True,
        alias="{resource}.corp.example",
        alias_zone="Z0",
        alias_zone_name="corp.example",
        alias_reserved=True,
    )

    attempts.keep_planned(request_, 0, PlannedAssociation(desired=attachment, at=NOW))

    (item,) = table.query(
        KeyConditionExpression="attempt = :attempt", ExpressionAttributeValues={":attempt": request_.execution_name}
    )["Items"]
    assert item["json"] == AS_WRITTEN
    assert attempts.planned(request_, 0).desired == attachment


def test_a_plan_is_kept_as_it_was_made(attempts: AttemptsTable, table: Any, request_: ExecutionInput) -> None:
    places = attempts.keep_plan(request_, PLAN, NOW)

    assert places == tuple(range(30))
    assert attempts.kept(request_).plan == PLAN
    assert attempts.planned(request_, 7) == PlannedAssociation(desired=PLAN.associations[7], at=NOW)
    forgotten = {int(each["expires_at"]) for each in items(table, request_).values()}
    assert forgotten == {int((NOW + timedelta(days=30)).timestamp())}


def test_a_plan_is_kept_whatever_is_written_in_a_binding(attempts: AttemptsTable, request_: ExecutionInput) -> None:
    half = '{"match": {"\\ud800": 1}, "attach": {"mode": "resource-endpoint", "vpc": "vpc-12345678"}}'
    (broken,) = bindings_in_force(InMemoryParameters("bindings", {"mine": [half]})).broken
    plan = msgspec.structs.replace(SMALL, broken=(Reason("binding-broken", broken.reason, source=broken.name),))

    attempts.keep_plan(request_, plan, NOW)

    assert attempts.kept(request_).plan == plan


def test_a_step_that_is_run_again_writes_the_same_items(
    attempts: AttemptsTable, table: Any, request_: ExecutionInput
) -> None:
    attempts.keep_plan(request_, PLAN, NOW)
    before = items(table, request_)

    attempts.keep_plan(request_, PLAN, NOW)

    assert items(table, request_) == before


def test_a_plan_that_is_made_anew_replaces_the_old_one_whole(
    attempts: AttemptsTable, table: Any, request_: ExecutionInput
) -> None:
    attempts.keep_plan(request_, PLAN, NOW)
    attempts.keep_result(request_, 0, Refused(WHY))

    attempts.keep_plan(request_, SMALL, NOW)

    kept = attempts.kept(request_)
    assert (kept.plan, kept.results) == (SMALL, {})
    assert set(items(table, request_)) == {"plan", "grounds", "association/0", "association/1"}


@pytest.mark.parametrize("broken_off_after", range(5))
def test_wherever_a_plan_is_broken_off_there_is_none_until_it_is_made_again(
    attempts: AttemptsTable, table: Any, request_: ExecutionInput, broken_off_after: int
) -> None:
    attempts.keep_plan(request_, PLAN, NOW)
    calls = itertools.count()
    send = table.meta.client._make_api_call

    def stopped(operation: str, parameters: Any) -> Any:
        if operation in {"BatchWriteItem", "PutItem"} and next(calls) >= broken_off_after:
            raise KeyboardInterrupt
        return send(operation, parameters)

    with mock.patch.object(table.meta.client, "_make_api_call", stopped):
        try:
            attempts.keep_plan(request_, SMALL, NOW)
        except KeyboardInterrupt:
            stopped_short = True
        else:
            stopped_short = False
    if stopped_short and broken_off_after:
        with pytest.raises(UpstreamError):
            attempts.kept(request_)

    attempts.keep_plan(request_, SMALL, NOW)

    assert attempts.kept(request_).plan == SMALL


def test_the_largest_plan_with_the_largest_results_is_kept_in_items_with_room_left(
    attempts: AttemptsTable, table: Any, request_: ExecutionInput
) -> None:
    attempts.keep_plan(request_, msgspec.structs.replace(PLAN, associations=ALL_LONGEST), NOW)
    for place in range(20):
        attempts.keep_result(request_, place, Published(largest_publication(place)))
    attempts.keep_result(request_, 20, Failure(name="", error=WorkflowError("E" * 256, "\u0000😀" * 16_000)))

    kept = attempts.kept(request_)

    assert kept.plan.associations == ALL_LONGEST
    assert len(kept.results) == 21
    published = kept.results[0]
    assert isinstance(published, Published)
    assert len(published.publication.parameters) + published.publication.omitted == 2_000
    largest = max(len(str(each["json"]).encode()) for each in items(table, request_).values())
    assert largest < ITEM_BYTES / 2


WITHDRAWAL = WithdrawalPlan(
    removals=tuple(longest_removal(number) for number in range(30)),
    unconfirmed=(Reason("unconfirmed", "AWS has yet to confirm that"),),
    cut=("2 more are to be taken down, which the next attempt does.",),
)
SMALL_WITHDRAWAL = msgspec.structs.replace(WITHDRAWAL, removals=WITHDRAWAL.removals[:2])


def test_a_withdrawal_is_kept_beside_the_plan_and_both_are_forgotten(
    attempts: AttemptsTable, table: Any, request_: ExecutionInput
) -> None:
    attempts.keep_plan(request_, SMALL, NOW)
    attempts.keep_withdrawal(request_, WITHDRAWAL, NOW)
    attempts.keep_removal_result(request_, 29, Withdrawn(what="vpce-1"))
    attempts.keep_withdrawal(request_, SMALL_WITHDRAWAL, NOW)
    attempts.keep_removal_result(request_, 0, Withdrawn(what="vpce-1"))

    there = items(table, request_)

    of_withdrawal = {"withdrawal", "withdrawal/removal/0", "withdrawal/removal/1", "withdrawal/result/0"}
    assert set(there) == {"plan", "grounds", "association/0", "association/1"} | of_withdrawal
    forgotten = {int(each["expires_at"]) for each in there.values()}
    assert forgotten == {int((NOW + timedelta(days=30)).timestamp())}


REMOVAL_AS_WRITTEN = (
    '{"removal":{"of":"object","removed":{"id":"vpce-1","kind":"endpoint","binding":"orders","resourceArn":"arn:a",'
    '"vpcId":"vpc-1"},"names":[{"path":"/p","subject":"arn:a","binding":"orders","through":"vpce-1"}],'
    '"after":[],"cause":"no-binding-wants-it","why":"so"},"at":"2026-11-21T12:00:00Z"}'
)


def test_a_removal_is_kept_as_every_version_writes_and_reads_it(
    attempts: AttemptsTable, table: Any, request_: ExecutionInput
) -> None:
    removed = OwnedObject(id="vpce-1", kind=OwnedKind.ENDPOINT, binding="orders", resource_arn="arn:a", vpc_id="vpc-1")
    names = (PublishedPath(path="/p", subject="arn:a", binding="orders", through="vpce-1"),)
    removal = ObjectRemoval(removed=removed, names=names, cause=Cause.BINDING, why="so")

    attempts.keep_withdrawal(request_, WithdrawalPlan(removals=(removal,)), NOW)

    assert items(table, request_)["withdrawal/removal/0"]["json"] == REMOVAL_AS_WRITTEN
    assert attempts.planned_removal(request_, 0).removal == removal


@pytest.mark.parametrize("broken_off_after", range(4))
def test_wherever_a_withdrawal_is_broken_off_no_part_of_the_old_one_is_taken_for_it(
    attempts: AttemptsTable, table: Any, request_: ExecutionInput, broken_off_after: int
) -> None:
    attempts.keep_withdrawal(request_, WITHDRAWAL, NOW)
    calls = itertools.count()
    send = table.meta.client._make_api_call

    def stopped(operation: str, parameters: Any) -> Any:
        if operation in {"BatchWriteItem", "PutItem"} and next(calls) >= broken_off_after:
            raise KeyboardInterrupt
        return send(operation, parameters)

    with mock.patch.object(table.meta.client, "_make_api_call", stopped):
        try:
            attempts.keep_withdrawal(request_, SMALL_WITHDRAWAL, NOW)
        except KeyboardInterrupt:
            kept = WITHDRAWAL if broken_off_after == 0 else NOTHING
        else:
            kept = SMALL_WITHDRAWAL
    assert attempts.kept_withdrawal(request_).plan == kept

    attempts.keep_withdrawal(request_, SMALL_WITHDRAWAL, NOW)

    assert attempts.kept_withdrawal(request_).plan == SMALL_WITHDRAWAL


def test_the_largest_withdrawal_with_the_largest_results_is_kept_in_items_with_room_left(
    attempts: AttemptsTable, table: Any, request_: ExecutionInput
) -> None:
    removals = (longest_removal(0, names=60), *(longest_removal(number) for number in range(1, MOST_AT_ONCE)))
    unconfirmed = tuple(
        Reason("unconfirmed", f"{each}: {each.why}; AWS has yet to confirm that", source="b" * 64) for each in removals
    )
    in_row = fitting((LARGEST_SNAPSHOT,) * MOST_AT_ONCE, ATTACHMENTS_BYTES)
    plan = WithdrawalPlan(removals=removals, unconfirmed=unconfirmed, earlier=EarlierAttachments(staying=in_row))
    attempts.keep_withdrawal(request_, plan, NOW)
    for place in range(10):
        names = tuple(f"{LONGEST_NAME}-{number}" for number in range(2_000))
        attempts.keep_removal_result(request_, place, Withdrawn(what=str(removals[place]), parameters=names))
    words = "\u0000😀" * 16_000
    attempts.keep_removal_result(request_, 10, NotWithdrawn(what=str(removals[10]), error="E" * 256, text=words))

    kept = attempts.kept_withdrawal(request_)

    assert kept.plan == plan
    assert len(kept.results) == 11
    largest = max(len(str(each["json"]).encode()) for each in items(table, request_).values())
    assert largest < ITEM_BYTES / 2


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ProvisionedThroughputExceededException", ThrottledError),
        ("AccessDeniedException", AccessDeniedError),
        # A table that is gone says nothing of the request.
        ("ResourceNotFoundException", UpstreamError),
    ],
)
@pytest.mark.parametrize(
    ("operation", "use"),
    [
        ("query", lambda attempts: attempts.kept(execution_input())),
        ("query", lambda attempts: attempts.keep_plan(execution_input(), PLAN, NOW)),
        ("get_item", lambda attempts: attempts.planned(execution_input(), 0)),
        ("put_item", lambda attempts: attempts.keep_result(execution_input(), 0, Refused(WHY))),
        ("query", lambda attempts: attempts.kept_withdrawal(execution_input())),
        ("query", lambda attempts: attempts.keep_withdrawal(execution_input(), WITHDRAWAL, NOW)),
        ("get_item", lambda attempts: attempts.planned_removal(execution_input(), 0)),
        ("put_item", lambda attempts: attempts.keep_removal_result(execution_input(), 0, Withdrawn(what="vpce-1"))),
        ("batch_get_item", lambda attempts: attempts.kept_answers([execution_input()])),
        ("batch_write_item", lambda attempts: attempts.forget_answers([execution_input()])),
    ],
)
def test_what_dynamodb_refuses_is_an_error_of_ours(
    attempts: AttemptsTable,
    table: Any,
    code: str,
    error: type[DrawbridgeError],
    operation: str,
    use: Callable[[AttemptsTable], object],
) -> None:
    with refusing(table.meta.client, operation, code), pytest.raises(error):
        use(attempts)


def test_an_answer_that_another_version_kept_is_none(attempts: AttemptsTable, table: Any) -> None:
    kept = execution_input()
    table.put_item(
        Item={"attempt": kept.execution_name, "item": "answer", "json": '{"decision": {"outcome": "later"}}'}
    )

    assert attempts.kept_answers([kept]) == {}
