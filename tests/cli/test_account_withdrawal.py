"""What goes in the account: which of it is one binding's, what other bindings add to it, and how it is written."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.status import Reason
from drawbridge.withdrawal import Cause, ConnectionRemoval, NamesRemoval, ObjectRemoval, PublishedPath
from drawbridge.withdrawal.steps import ObjectState, ObservedObject, ObservedRemoval
from drawbridge_cli.account_withdrawal import AccountWithdrawal, ShownRemoval
from drawbridge_cli.plan_screen import summary
from drawbridge_cli.withdrawal_screen import show_withdrawal, withdrawal_documents
from tests.builders import ENDPOINT_ID, NETWORK_ARN, RESOURCE_ARN, SERVICE_ID, VPC_ID

WHY = "no binding wants it there any longer"
ENDPOINT = OwnedObject(id="vpce-1", kind=OwnedKind.ENDPOINT, binding="orders", resource_arn=RESOURCE_ARN, vpc_id=VPC_ID)
VPC = OwnedObject(id="snva-1", kind=OwnedKind.VPC_ASSOCIATION, network_arn=NETWORK_ARN, vpc_id=VPC_ID)
IN_NETWORK = OwnedObject(
    id="snra-1", kind=OwnedKind.RESOURCE_ASSOCIATION, network_arn=NETWORK_ARN, resource_arn=RESOURCE_ARN
)
PRESENT = ObservedObject(state=ObjectState.PRESENT)


def published(binding: str) -> PublishedPath:
    path = f"/drawbridge/connections/{binding}/orders-db"
    return PublishedPath(path=path, subject=RESOURCE_ARN, binding=binding, through="through")


def removal(removed: OwnedObject, *bindings: str, observed: ObservedObject = PRESENT) -> ShownRemoval:
    names = tuple(published(each) for each in bindings)
    return ShownRemoval(
        removal=ObjectRemoval(removed=removed, names=names, cause=Cause.BINDING, why=WHY),
        observed=ObservedRemoval(names=names, removed=observed),
    )


def names_removal(*bindings: str) -> ShownRemoval:
    names = tuple(published(each) for each in bindings)
    return ShownRemoval(
        removal=NamesRemoval(names=names, cause=Cause.BINDING, why=WHY), observed=ObservedRemoval(names=names)
    )


def connection_removal(endpoint_id: str = ENDPOINT_ID, *, observed: ObservedObject = PRESENT) -> ShownRemoval:
    names = (PublishedPath(path="/drawbridge/consumers/2/vpce", subject=endpoint_id, through=endpoint_id),)
    return ShownRemoval(
        removal=ConnectionRemoval(
            service_id=SERVICE_ID, endpoint_id=endpoint_id, names=names, cause=Cause.COMMANDED, why="somebody said so"
        ),
        observed=ObservedRemoval(names=names, removed=observed),
    )


def withdrawal(*removals: ShownRemoval, unconfirmed: tuple[Reason, ...] = ()) -> AccountWithdrawal:
    return AccountWithdrawal(removals=removals, unconfirmed=unconfirmed)


def unconfirmed(binding: str) -> Reason:
    return Reason("unconfirmed", f"what {binding} had", source=binding)


def test_of_a_binding_goes_what_it_alone_is_served_by() -> None:
    everything = withdrawal(
        names_removal("orders", "billing"),
        removal(ENDPOINT),
        removal(VPC, "orders", "billing"),
        removal(IN_NETWORK, "orders"),
        unconfirmed=(unconfirmed("orders"), unconfirmed("billing")),
    )

    assert everything.of("orders") == withdrawal(
        names_removal("orders"), removal(ENDPOINT), removal(IN_NETWORK, "orders"), unconfirmed=(unconfirmed("orders"),)
    )
    assert everything.of("billing") == withdrawal(names_removal("billing"), unconfirmed=(unconfirmed("billing"),))


def test_what_of_a_network_no_name_leads_through_is_nobodys() -> None:
    assert withdrawal(removal(VPC)).of("orders").is_empty


def test_a_name_that_leads_elsewhere_by_then_says_whose_a_network_was() -> None:
    moving = removal(VPC, "orders", "billing")
    left = msgspec.structs.replace(moving.observed, names=(published("orders"),))
    shown = msgspec.structs.replace(moving, observed=left)

    assert withdrawal(shown).of("orders").is_empty


def test_what_goes_already_is_told_apart_from_what_other_bindings_add() -> None:
    already = withdrawal(removal(VPC, "billing"), names_removal("billing"), unconfirmed=(unconfirmed("billing"),))
    then = withdrawal(
        names_removal("billing", "orders"),
        removal(ENDPOINT, "orders"),
        removal(VPC, "billing", "orders"),
        unconfirmed=(unconfirmed("billing"), unconfirmed("orders")),
    )

    here, both = then.split_by(already)

    assert here == withdrawal(
        names_removal("orders"), removal(ENDPOINT, "orders"), unconfirmed=(unconfirmed("orders"),)
    )
    assert both == withdrawal(
        names_removal("billing"), removal(VPC, "billing", "orders"), unconfirmed=(unconfirmed("billing"),)
    )
    assert (here.number, both.number) == (2, 2)


def test_names_that_go_alone_are_counted_one_by_one() -> None:
    assert withdrawal(names_removal("orders", "billing"), removal(ENDPOINT, "orders")).number == 3


def test_a_name_that_several_objects_lead_to_is_taken_back_with_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    show_withdrawal(withdrawal(removal(VPC, "orders"), removal(IN_NETWORK, "orders"), unconfirmed=(unconfirmed("x"),)))

    vpc = f"snva-1, the association of {NETWORK_ARN} with {VPC_ID}"
    resource = f"snra-1, the association of {NETWORK_ARN} with {RESOURCE_ARN}"
    assert capsys.readouterr().out.splitlines() == [
        f"- {vpc}: {WHY} [no-binding-wants-it]",
        "    - take back /drawbridge/connections/orders/orders-db",
        f"    - delete {vpc}",
        "    . wait until snva-1 is gone",
        f"- {resource}: {WHY} [no-binding-wants-it]",
        f"    - delete {resource}",
        "    . wait until snra-1 is gone",
        ". stays for now: what x had",
    ]


@pytest.mark.parametrize(
    ("bindings", "what"),
    [(("orders",), "/drawbridge/connections/orders/orders-db"), (("billing", "orders"), "2 names")],
)
def test_names_that_go_alone_are_taken_back_one_by_one(
    capsys: pytest.CaptureFixture[str], bindings: tuple[str, ...], what: str
) -> None:
    show_withdrawal(withdrawal(names_removal(*bindings)))

    assert capsys.readouterr().out.splitlines() == [
        f"- {what}: {WHY} [no-binding-wants-it]",
        *(f"    - take back /drawbridge/connections/{each}/orders-db" for each in bindings),
    ]


DELETE: dict[str, Any] = {"do": f"delete {ENDPOINT}", "type": "Delete", "id": "vpce-1", "failure": ""}
AWAIT: dict[str, Any] = {"do": "wait until vpce-1 is gone", "type": "AwaitGone", "what": "vpce-1"}
NOT_OURS = (
    f"{ENDPOINT}: its tags do not say any longer that it is Drawbridge's, so that it is not touched; put them back to "
    "have it taken down, or delete it"
)


@pytest.mark.parametrize(
    ("observed", "steps", "in_one_line"),
    [
        (PRESENT, [DELETE, AWAIT], "1 to take down."),
        (
            ObservedObject(state=ObjectState.PRESENT, failure="DELETE_FAILED"),
            [DELETE | {"failure": "DELETE_FAILED"}, AWAIT],
            "1 to take down.",
        ),
        (ObservedObject(state=ObjectState.DELETING), [AWAIT], "1 to wait for."),
        (
            ObservedObject(state=ObjectState.PRESENT, is_ours=False),
            [{"do": NOT_OURS, "type": "Stuck", "code": "ownership-lost", "why": NOT_OURS}],
            "1 stuck.",
        ),
    ],
)
def test_each_step_is_written_in_words_and_in_fields_and_counted(
    observed: ObservedObject, steps: list[dict[str, Any]], in_one_line: str
) -> None:
    going = withdrawal(removal(ENDPOINT, observed=observed))

    documents = msgspec.json.decode(msgspec.json.encode(withdrawal_documents(going)))

    (document,) = documents["removals"]
    assert document["steps"] == steps
    assert summary([], going) == in_one_line


def test_a_connection_is_rejected_after_its_names_are_taken_back(capsys: pytest.CaptureFixture[str]) -> None:
    going = withdrawal(connection_removal())
    connection = f"the connection of {ENDPOINT_ID} to {SERVICE_ID}"

    show_withdrawal(going)

    assert capsys.readouterr().out.splitlines() == [
        f"- {connection}: somebody said so [withdrawn-on-command]",
        "    - take back /drawbridge/consumers/2/vpce",
        f"    - reject {connection}",
        f"    . wait until {connection} is gone",
    ]
    (document,) = msgspec.json.decode(msgspec.json.encode(withdrawal_documents(going)))["removals"]
    assert (document["kind"], document["id"]) == ("connection", ENDPOINT_ID)
    assert [step["type"] for step in document["steps"]] == ["TakeBackName", "Reject", "AwaitGone"]
    assert document["steps"][1] == {
        "do": f"reject {connection}",
        "type": "Reject",
        "service_id": SERVICE_ID,
        "endpoint_id": ENDPOINT_ID,
    }
    assert summary([], going) == "1 to take down."


def test_a_connection_is_no_bindings_and_is_told_apart_from_others() -> None:
    mine, others = connection_removal(), connection_removal("vpce-00000000000000009")

    assert withdrawal(mine).of("orders").is_empty
    assert withdrawal(mine, others).split_by(withdrawal(others)) == (withdrawal(mine), withdrawal(others))
    assert withdrawal(mine).number == 1


def test_what_stays_for_now_is_not_taken_down_now_and_is_not_as_wanted() -> None:
    staying = withdrawal(unconfirmed=(unconfirmed("orders"),))

    told = "Nothing is to be made or taken down now; 1 not called for and stays for now."
    assert summary([], staying) == told
    assert not staying.is_empty
    assert summary([], withdrawal()) == "Nothing to do: everything is as wanted."
