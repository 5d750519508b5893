"""Association: each resource is attached once, whatever interrupts it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from drawbridge.association import DesiredAttachment, MadeAttachment, Mode, NetworkRef
from drawbridge.association.actions import CreateEndpoint
from drawbridge.association.client_tokens import endpoint_token
from drawbridge.association.observed_attachment import (
    Endpoint,
    ObservedServiceNetwork,
    ResourceAssociation,
    ServiceNetworkVpcAssociation,
    State,
)
from drawbridge.errors import AssociationFailedError, ConflictError, NotReadyError
from drawbridge.lattice import PrivateDns, ResourceKind
from tests.associating import associate
from tests.builders import NETWORK, RESOURCE_ARN, SHARED_NETWORK_ARN, VPC_ID, creation_of, desired, desired_by_network
from tests.fakes.attachments import InMemoryAttachments, InMemoryEndpointOperations

SN, SN_ENDPOINT = Mode.SERVICE_NETWORK, Mode.SERVICE_NETWORK_ENDPOINT
MADE = NetworkRef(name="shared", create=True)


@pytest.fixture
def aws() -> InMemoryAttachments:
    return InMemoryAttachments()


def endpoint(state: State, endpoint_id: str = "vpce-1", **changes: object) -> Endpoint:
    return msgspec.structs.replace(Endpoint(id=endpoint_id, state=state), **changes)


def test_a_missing_endpoint_is_made_once_and_waited_for(aws: InMemoryAttachments) -> None:
    aws.becomes = State.PENDING

    for _ in range(3):
        with pytest.raises(NotReadyError, match="vpce-0"):
            associate(desired(), aws.reconciler, attempt=1)
    aws.settle()

    assert associate(desired(), aws.reconciler, attempt=1) == MadeAttachment(endpoint_id="vpce-0", settings="off")
    assert aws.changes == ["create vpce-0"]


def test_an_endpoint_that_is_not_listed_yet_is_not_made_again(aws: InMemoryAttachments) -> None:
    aws.becomes, aws.listed = State.PENDING, False

    for _ in range(3):
        with pytest.raises(NotReadyError):
            associate(desired(), aws.reconciler, attempt=1)

    assert aws.changes == ["create vpce-0"]


@pytest.mark.parametrize("state", [State.AVAILABLE, State.PARTIAL])
def test_trap_16_an_endpoint_that_is_there_is_taken_also_if_only_part_of_it_is_usable(
    aws: InMemoryAttachments, state: State
) -> None:
    aws.have_endpoint(desired(), endpoint(State.TERMINATED, "vpce-old"))
    aws.have_endpoint(desired(), endpoint(state))

    assert associate(desired(), aws.reconciler, attempt=1).endpoint_id == "vpce-1"
    assert aws.changes == []


def test_an_endpoint_that_failed_is_not_doubled_but_reported(aws: InMemoryAttachments) -> None:
    aws.have_endpoint(desired(), endpoint(State.FAILED, failure="no capacity"))

    with pytest.raises(AssociationFailedError, match="vpce-1 failed: no capacity; see to the cause, then delete it"):
        associate(desired(), aws.reconciler, attempt=1)

    assert aws.changes == []


def test_trap_19_a_token_that_gives_back_a_deleted_endpoint_is_followed_by_another(aws: InMemoryAttachments) -> None:
    associate(desired(), aws.reconciler, attempt=1)
    gone = {token: msgspec.structs.replace(made, state=State.TERMINATED) for token, made in aws.by_token.items()}
    aws.by_token, aws.endpoints = gone, {}

    assert associate(desired(), aws.reconciler, attempt=1) == MadeAttachment(endpoint_id="vpce-1", settings="off")


def test_trap_19_a_listed_endpoint_that_is_over_is_not_asked_for_again(aws: InMemoryAttachments) -> None:
    associate(desired(), aws.reconciler, attempt=1)
    aws.endpoints = {
        key: [msgspec.structs.replace(each, state=State.TERMINATED) for each in found]
        for key, found in aws.endpoints.items()
    }

    assert associate(desired(), aws.reconciler, attempt=1) == MadeAttachment(endpoint_id="vpce-1", settings="off")


def test_trap_19_tokens_that_only_give_back_what_was_deleted_come_to_an_end(
    aws: InMemoryAttachments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(InMemoryEndpointOperations, "create", lambda *_: endpoint(State.TERMINATED, "vpce-gone"))

    with pytest.raises(NotReadyError, match="vpce-gone"):
        associate(desired(), aws.reconciler, attempt=1)


OTHERWISE: list[dict[str, Any]] = [
    {"vpc_id": "vpc-2"},
    {"subnet_ids": ("subnet-2",)},
    {"security_group_ids": ("sg-2",)},
    {"private_dns": PrivateDns.VERIFIED},
    {"private_dns": PrivateDns.LISTED, "private_domains": ("a.example",)},
    {"private_dns": PrivateDns.LISTED, "private_domains": ("b.example",)},
]


def token_of(
    desired: DesiredAttachment,
    network: ObservedServiceNetwork | None,
    over: tuple[str, ...],
    attempt: int,
    *,
    placed: bool = True,
) -> str:
    return endpoint_token(creation_of(desired, network, over, attempt), placed=placed)


def test_trap_19_a_client_token_is_short_and_changes_with_all_that_the_endpoint_is_made_of() -> None:
    tokens = [
        *(token_of(desired(**changes), None, (), 1) for changes in ({}, *OTHERWISE)),
        token_of(desired(), None, (), 2),
        token_of(desired(), None, ("vpce-old",), 1),
        token_of(desired(resource_arn=f"{RESOURCE_ARN}0"), None, (), 1),
        token_of(desired(binding="other"), None, (), 1),
    ]

    assert len({*tokens}) == len(tokens)
    assert all(token.isascii() and len(token) <= 64 for token in tokens)
    assert token_of(desired(), None, (), 1) == tokens[0]


def test_trap_19_the_token_of_a_network_s_endpoint_is_one_for_all_that_goes_through_it() -> None:
    def token(over: tuple[str, ...] = (), attempt: int = 1, **changes: Any) -> str:
        return token_of(desired_by_network(SN_ENDPOINT, **changes), NETWORK, over, attempt)

    elsewhere = msgspec.structs.replace(NETWORK, arn=SHARED_NETWORK_ARN)
    other_network = token_of(desired_by_network(SN_ENDPOINT), elsewhere, (), 1)

    assert token() == token(attempt=2) == token(binding="other", resource_arn=f"{RESOURCE_ARN}0")
    assert len({token(), token(("vpce-old",)), other_network, *(token(**each) for each in OTHERWISE)}) == 9


def test_trap_19_the_first_token_of_a_network_s_endpoint_is_one_for_all_that_need_it_whatever_else_they_say() -> None:
    def token(over: tuple[str, ...] = (), **changes: Any) -> str:
        return token_of(desired_by_network(SN_ENDPOINT, **changes), NETWORK, over, 1, placed=False)

    assert {token(**each) for each in OTHERWISE if "vpc_id" not in each} == {token()}
    assert len({token(), token(("vpce-old",)), token(vpc_id="vpc-2")}) == 3


def test_an_endpoint_that_another_binding_has_just_made_otherwise_is_taken(
    aws: InMemoryAttachments, monkeypatch: pytest.MonkeyPatch
) -> None:
    want = desired_by_network(SN_ENDPOINT, security_group_ids=("sg-1",))
    aws.networks = [NETWORK]

    def made_by_another(*_: object) -> Endpoint:
        aws.have_endpoint(want, endpoint(State.PENDING, "vpce-another"), NETWORK)
        raise ConflictError("the token came back with something else")

    monkeypatch.setattr(InMemoryEndpointOperations, "create", made_by_another)

    with pytest.raises(NotReadyError, match="vpce-another is not available yet"):
        associate(want, aws.reconciler, attempt=1)


def test_a_token_that_stands_for_something_long_gone_is_followed_by_another(
    aws: InMemoryAttachments, monkeypatch: pytest.MonkeyPatch
) -> None:
    want = desired_by_network(SN_ENDPOINT)
    aws.networks = [NETWORK]
    asked: list[str] = []

    def create(_: object, action: CreateEndpoint, client_token: str) -> Endpoint:
        asked.append(client_token)
        if len(asked) == 1:
            raise ConflictError("the token came back with something else")
        return endpoint(State.PENDING, "vpce-new")

    monkeypatch.setattr(InMemoryEndpointOperations, "create", create)

    with pytest.raises(NotReadyError, match="vpce-new is not available yet"):
        associate(want, aws.reconciler, attempt=1)

    assert asked[1] == token_of(want, NETWORK, (), 1)


def test_the_order_of_what_an_endpoint_is_made_of_says_nothing() -> None:
    assert token_of(desired(subnet_ids=("a", "b")), None, ("x", "y"), 1) == token_of(
        desired(subnet_ids=("b", "a")), None, ("y", "x"), 1
    )


def test_security_groups_of_a_binding_take_effect_on_an_endpoint_that_is_there(aws: InMemoryAttachments) -> None:
    there = endpoint(State.AVAILABLE, security_group_ids=frozenset({"sg-old", "sg-both"}))
    aws.have_endpoint(desired(), there)

    for _ in range(2):
        associate(desired(security_group_ids=("sg-both", "sg-new")), aws.reconciler, attempt=1)

    assert aws.changes == ["change vpce-1: +sg-new -sg-old"]


def test_a_binding_without_security_groups_leaves_them_as_they_are(aws: InMemoryAttachments) -> None:
    aws.have_endpoint(desired(), endpoint(State.AVAILABLE, security_group_ids=frozenset({"sg-default"})))

    associate(desired(security_group_ids=()), aws.reconciler, attempt=1)

    assert aws.changes == []


def test_by_a_network_everything_is_made_in_order_and_only_once(aws: InMemoryAttachments) -> None:
    step = desired_by_network(network=MADE)

    first, again = associate(step, aws.reconciler, attempt=1), associate(step, aws.reconciler, attempt=2)

    assert aws.changes == ["create shared", "put orders-db in shared", f"associate {VPC_ID}"]
    assert (
        first
        == again
        == MadeAttachment(network_arn=aws.networks[0].arn, resource_association="snra-2", vpc_association="snva-3")
    )


def test_by_a_network_s_endpoint_the_vpc_is_not_associated(aws: InMemoryAttachments) -> None:
    made = associate(desired_by_network(SN_ENDPOINT, network=MADE), aws.reconciler, attempt=1)

    assert aws.changes == ["create shared", "put orders-db in shared", "create vpce-0"]
    assert made == MadeAttachment(network_arn=aws.networks[0].arn, resource_association="snra-2", endpoint_id="vpce-0")


@pytest.mark.parametrize("mode", [SN, SN_ENDPOINT])
def test_two_resources_of_one_network_share_what_the_vpc_has(aws: InMemoryAttachments, mode: Mode) -> None:
    one, other = (
        desired_by_network(mode, network=MADE, resource_name=name, resource_arn=f"{RESOURCE_ARN}-{name}")
        for name in ("a", "b")
    )

    attachments = [associate(each, aws.reconciler, attempt=1) for each in (one, other)]

    assert len({(each.network_arn, each.endpoint_id, each.vpc_association) for each in attachments}) == 1
    assert len({each.resource_association for each in attachments}) == 2
    assert len(aws.changes) == 4


@pytest.mark.parametrize("mode", [SN, SN_ENDPOINT])
def test_what_can_go_on_at_the_same_time_is_begun_before_waiting(aws: InMemoryAttachments, mode: Mode) -> None:
    aws.becomes = State.PENDING

    with pytest.raises(NotReadyError):
        associate(desired_by_network(mode, network=MADE), aws.reconciler, attempt=1)

    assert len(aws.changes) == 3


def test_a_shared_network_is_only_associated_with_the_vpc(aws: InMemoryAttachments) -> None:
    aws.networks.append(msgspec.structs.replace(NETWORK, arn=SHARED_NETWORK_ARN))
    step = desired_by_network(
        network=NetworkRef(identifier=SHARED_NETWORK_ARN),
        resource_kind=ResourceKind.SERVICE_NETWORK,
        resource_type="SERVICE_NETWORK",
        resource_arn=SHARED_NETWORK_ARN,
    )

    made = associate(step, aws.reconciler, attempt=1)

    assert aws.changes == [f"associate {VPC_ID}"]
    assert made == MadeAttachment(network_arn=SHARED_NETWORK_ARN, vpc_association="snva-1")


def test_trap_18_what_somebody_else_made_at_the_same_time_is_taken_by_the_next_run(aws: InMemoryAttachments) -> None:
    aws.networks.append(NETWORK)
    aws.resources[NETWORK.arn, RESOURCE_ARN] = ResourceAssociation(id="snra-theirs", state=State.AVAILABLE)
    aws.listed = False
    step = desired_by_network(vpc_id="")

    with pytest.raises(NotReadyError, match="they are associated already"):
        associate(step, aws.reconciler, attempt=1)
    aws.listed = True

    assert associate(step, aws.reconciler, attempt=1).resource_association == "snra-theirs"
    assert aws.changes == []


def test_trap_16_what_failed_is_taken_out_by_the_next_attempt_and_put_in_anew(aws: InMemoryAttachments) -> None:
    aws.networks.append(NETWORK)
    step = desired_by_network(vpc_id="")
    aws.becomes = State.PENDING
    with pytest.raises(NotReadyError):
        associate(step, aws.reconciler, attempt=1)
    aws.settle(State.FAILED)

    with pytest.raises(AssociationFailedError, match="snra-1 failed"):
        associate(step, aws.reconciler, attempt=1)
    with pytest.raises(NotReadyError, match="snra-1 failed, and is being deleted"):
        associate(step, aws.reconciler, attempt=2)
    aws.becomes = State.AVAILABLE
    made = associate(step, aws.reconciler, attempt=2)

    assert made.resource_association == "snra-3"
    assert aws.changes == ["put orders-db in shared", "take out snra-1", "put orders-db in shared"]


def test_what_failed_and_was_taken_out_by_somebody_else_meanwhile_is_put_in_anew(aws: InMemoryAttachments) -> None:
    aws.networks.append(NETWORK)
    step = desired_by_network(vpc_id="")
    aws.becomes = State.PENDING
    with pytest.raises(NotReadyError):
        associate(step, aws.reconciler, attempt=1)
    aws.settle(State.FAILED)

    aws.gone.add("snra-1")

    with pytest.raises(NotReadyError, match="snra-1 failed, and is being deleted"):
        associate(step, aws.reconciler, attempt=2)
    aws.becomes = State.AVAILABLE

    assert associate(step, aws.reconciler, attempt=2).resource_association == "snra-2"


def test_the_association_of_a_vpc_gets_what_the_binding_says_if_it_is_ours(aws: InMemoryAttachments) -> None:
    aws.networks.append(NETWORK)
    associate(desired_by_network(), aws.reconciler, attempt=1)
    aws.changes.clear()

    for _ in range(2):
        associate(desired_by_network(security_group_ids=("sg-1",)), aws.reconciler, attempt=1)

    assert aws.changes == ["change snva-2"]


def test_a_change_for_one_binding_leaves_another_its_private_dns(aws: InMemoryAttachments) -> None:
    aws.networks.append(NETWORK)
    associate(desired_by_network(private_dns=PrivateDns.VERIFIED), aws.reconciler, attempt=1)
    other = desired_by_network(resource_arn=f"{RESOURCE_ARN}0", security_group_ids=("sg-1",))

    associate(other, aws.reconciler, attempt=1)

    assert aws.changes[-1] == "change snva-2"
    assert aws.vpcs[VPC_ID].security_group_ids == {"sg-1"}
    assert aws.vpcs[VPC_ID].private_dns is PrivateDns.VERIFIED


def test_the_association_of_a_vpc_that_others_made_is_taken_as_it_is_or_reported(aws: InMemoryAttachments) -> None:
    aws.networks.append(NETWORK)
    aws.vpcs[VPC_ID] = ServiceNetworkVpcAssociation(id="snva-theirs", state=State.AVAILABLE, network_arn=NETWORK.arn)

    taken = associate(desired_by_network(), aws.reconciler, attempt=1)
    with pytest.raises(AssociationFailedError, match="snva-theirs is not Drawbridge's"):
        associate(desired_by_network(security_group_ids=("sg-1",)), aws.reconciler, attempt=1)

    assert taken.vpc_association == "snva-theirs"
    assert aws.changes == ["put orders-db in shared"]


@pytest.mark.parametrize(
    ("step", "breaks_at"),
    [
        (step, breaks_at)
        for step in (desired_by_network(network=MADE), desired_by_network(SN_ENDPOINT, network=MADE))
        for breaks_at in (1, 2, 3)
    ],
    ids=lambda value: value if isinstance(value, int) else value.mode,
)
def test_a_crash_after_any_step_is_made_good_by_the_next_run(
    aws: InMemoryAttachments, monkeypatch: pytest.MonkeyPatch, step: DesiredAttachment, breaks_at: int
) -> None:
    reconciler = aws.reconciler
    do: Callable[..., object] = reconciler.apply

    def crashing(*args: object) -> object:
        done = do(*args)
        if len(aws.changes) == breaks_at:
            raise RuntimeError
        return done

    monkeypatch.setattr(reconciler, "apply", crashing)
    with pytest.raises(RuntimeError):
        associate(step, reconciler, attempt=1)

    associate(step, aws.reconciler, attempt=1)

    assert len(aws.changes) == len({*aws.changes}) == 3
