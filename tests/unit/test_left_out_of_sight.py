"""What is left behind in a network that can't be read any longer: it stays reported, and stops no sweep."""

import pytest

from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.configuration import InForce
from drawbridge.discovery.current_plan_inputs import CurrentPlanInputs
from drawbridge.errors import AccessDeniedError, DrawbridgeError, GoneError, ThrottledError
from drawbridge.status import Status
from tests.builders import row
from tests.fakes.inventory import InMemoryAccountInventory

LEFT = OwnedObject(id="snva-1", kind=OwnedKind.VPC_ASSOCIATION, network_arn="arn:network", vpc_id="vpc-1")


class DeniedListing:
    def __init__(self, error: DrawbridgeError) -> None:
        self._error = error

    def has(self, made: OwnedObject) -> bool:
        raise self._error


def planned(error: DrawbridgeError) -> CurrentPlanInputs:
    return CurrentPlanInputs(InForce((), (), ()), InForce((), (), ()), InMemoryAccountInventory(), DeniedListing(error))


@pytest.mark.parametrize("error", [AccessDeniedError("list the VPCs"), GoneError("list the VPCs")])
def test_what_is_left_behind_out_of_sight_stays_reported_and_is_no_change(error: DrawbridgeError) -> None:
    assert planned(error).left_behind(row(Status.AVAILABLE, left_behind=(LEFT,))) == (LEFT,)


def test_what_may_pass_is_raised() -> None:
    with pytest.raises(ThrottledError):
        planned(ThrottledError("later")).left_behind(row(Status.AVAILABLE, left_behind=(LEFT,)))
