"""How a service network's associations go, whatever they are with, as AWS's API reference has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore import xform_name

from local_aws.fault_injection.faults import CallFault, faults
from local_aws_tests.accounts import Person, person, refusal
from local_aws_tests.lattice_shares import network, shared
from local_aws_tests.sharing import first_vpc, pass_time, resource_configuration


@dataclass(frozen=True)
class Kind:
    """A kind of association: the API's name of it, how one is made, and its name for the message of a failure."""

    name: str
    make: Callable[[Person, str], dict[str, Any]]
    reason: str
    held_by: str
    """What holds the network, in AWS's words."""

    def call(self, caller: Person, verb: str, made: dict[str, Any]) -> dict[str, Any]:
        identifier = self.name[0].lower() + self.name[1:] + "Identifier"
        answer: dict[str, Any] = self.method(caller, verb)(**{identifier: made["id"]})
        return answer

    def method(self, caller: Person, verb: str) -> Any:
        return getattr(caller.lattice, xform_name(f"{verb}{self.name}"))

    def status(self, caller: Person, made: dict[str, Any]) -> str:
        return str(self.call(caller, "Get", made)["status"])

    def delete(self, caller: Person, made: dict[str, Any]) -> str:
        """Delete an association; return the status in the answer."""
        return str(self.call(caller, "Delete", made)["status"])


def _with_resource(caller: Person, network_id: str) -> dict[str, Any]:
    arn = resource_configuration(caller, allowAssociationToShareableServiceNetwork=True)
    made: dict[str, Any] = caller.lattice.create_service_network_resource_association(
        serviceNetworkIdentifier=network_id, resourceConfigurationIdentifier=arn
    )
    return made


def _with_service(caller: Person, network_id: str) -> dict[str, Any]:
    offered = caller.lattice.create_service(name="orders")
    made: dict[str, Any] = caller.lattice.create_service_network_service_association(
        serviceNetworkIdentifier=network_id, serviceIdentifier=offered["id"]
    )
    return made


def _with_vpc(caller: Person, network_id: str) -> dict[str, Any]:
    vpc_id, _ = first_vpc(caller)
    made: dict[str, Any] = caller.lattice.create_service_network_vpc_association(
        serviceNetworkIdentifier=network_id, vpcIdentifier=vpc_id
    )
    return made


KINDS = {
    "resource": Kind("ServiceNetworkResourceAssociation", _with_resource, "failureReason", "resource(s)"),
    "service": Kind("ServiceNetworkServiceAssociation", _with_service, "failureMessage", "service(s)"),
    "VPC": Kind("ServiceNetworkVpcAssociation", _with_vpc, "failureMessage", "VPC(s)"),
}

of_each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@of_each_kind
def test_a_deletion_takes_a_while_and_asking_again_changes_nothing(kind: Kind) -> None:
    owner = person()
    made = kind.make(owner, network(owner)["id"])

    being_created = refusal(lambda: kind.delete(owner, made))
    pass_time(5)
    first, second = kind.delete(owner, made), kind.delete(owner, made)
    shown = kind.status(owner, made)
    pass_time(5)

    assert being_created == "ConflictException"
    assert (first, second, shown) == ("DELETE_IN_PROGRESS",) * 3
    assert refusal(lambda: kind.status(owner, made)) == "ResourceNotFoundException"
    assert refusal(lambda: kind.delete(owner, made)) == "ResourceNotFoundException"


@of_each_kind
def test_a_deletion_that_failed_says_why_and_can_be_tried_again(kind: Kind) -> None:
    owner = person()
    made = kind.make(owner, network(owner)["id"])
    pass_time(5)
    fault = CallFault(f"vpc-lattice:Delete{kind.name}", "fails-later", account=owner.account_id, times=1)

    with faults.injected(fault) as injected:
        kind.delete(owner, made)
        pass_time(5)
        failed = kind.call(owner, "Get", made)
        again = kind.delete(owner, made)
        meanwhile = kind.call(owner, "Get", made)
        pass_time(5)

    assert injected.struck(fault) == 1
    assert (failed["status"], failed["failureCode"]) == ("DELETE_FAILED", "InternalFailure")
    assert failed[kind.reason] == "The association could not be deleted."
    assert (again, meanwhile["status"]) == ("DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS")
    assert not meanwhile.keys() & {"failureCode", kind.reason}
    assert refusal(lambda: kind.status(owner, made)) == "ResourceNotFoundException"


@of_each_kind
def test_a_network_is_held_until_its_last_association_is_gone(kind: Kind) -> None:
    owner = person()
    made_in = network(owner)
    made = kind.make(owner, made_in["id"])
    pass_time(5)

    def delete_network() -> None:
        owner.lattice.delete_service_network(serviceNetworkIdentifier=made_in["id"])

    def conflict() -> str:
        with pytest.raises(owner.lattice.exceptions.ConflictException) as refused:
            delete_network()
        return str(refused.value.response["Error"]["Message"])

    while_active = conflict()
    with faults.injected(CallFault(f"vpc-lattice:Delete{kind.name}", "fails-later", account=owner.account_id)):
        kind.delete(owner, made)
        while_deleting = conflict()
        pass_time(5)
    while_failed = conflict()
    kind.delete(owner, made)
    pass_time(5)
    delete_network()

    # AWS's words: github.com/gruntwork-io/cloud-nuke, pull requests 1158 and 1159.
    expected = f"ServiceNetwork {made_in['id']} has {kind.held_by} associated"
    assert {while_active, while_deleting, while_failed} == {expected}
    assert refusal(delete_network) == "ResourceNotFoundException"


@of_each_kind
def test_who_only_sees_an_association_can_not_delete_it(kind: Kind) -> None:
    owner, sharee, stranger = person(), person(), person()
    made_in = network(owner, shareable=True)
    shared(owner, made_in["arn"], sharee)
    made = kind.make(owner, made_in["id"])
    pass_time(5)

    assert refusal(lambda: kind.delete(sharee, made)) == "AccessDeniedException"
    assert refusal(lambda: kind.delete(stranger, made)) == "ResourceNotFoundException"
    assert kind.status(owner, made) == "ACTIVE"


@of_each_kind
def test_what_is_being_deleted_is_not_made_anew_yet(kind: Kind) -> None:
    owner = person()
    made_in = network(owner)
    made = kind.make(owner, made_in["id"])
    pass_time(5)
    shown = kind.call(owner, "Get", made)
    entities = {
        "resourceConfigurationIdentifier": shown.get("resourceConfigurationId"),
        "serviceIdentifier": shown.get("serviceId"),
        "vpcIdentifier": shown.get("vpcId"),
    }
    params = {"serviceNetworkIdentifier": made_in["id"], **{name: one for name, one in entities.items() if one}}

    kind.delete(owner, made)
    too_early = refusal(lambda: kind.method(owner, "Create")(**params))
    pass_time(5)
    anew = kind.method(owner, "Create")(**params)

    assert too_early == "ConflictException"
    assert anew["status"] == "CREATE_IN_PROGRESS"
    assert anew["id"] != made["id"]
