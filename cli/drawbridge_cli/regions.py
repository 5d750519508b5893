"""The Regions of the account: in which of them the stack is."""

from collections.abc import Collection

from msgspec import Struct

from drawbridge.aws.errors import translated
from drawbridge.errors import DrawbridgeError
from drawbridge_cli.checks import side_by_side
from drawbridge_cli.stack import NoStackError, Stack

_NOT_ENABLED = "not-opted-in"


class StacksByRegion(Struct, frozen=True):
    """Where the stack is, where it is not, and where that could not be found out."""

    stacks: tuple[Stack, ...]
    without: tuple[str, ...]
    not_asked: tuple[tuple[str, DrawbridgeError], ...]


def enabled_regions(stack: Stack) -> list[str]:
    """Return the Regions that the account may use."""
    with translated("list the Regions of the account"):
        listed = stack.client("ec2").describe_regions()["Regions"]
    return sorted(each["RegionName"] for each in listed if each.get("OptInStatus") != _NOT_ENABLED)


def look_for_stacks(stack: Stack, regions: Collection[str]) -> StacksByRegion:
    """Look for the stack in each of the Regions."""
    stacks = [stack.in_region(each) for each in regions]
    with side_by_side() as pool:
        found = [*pool.map(_find, stacks)]
    return StacksByRegion(
        tuple(each for each, error in found if error is None),
        tuple(each.region for each, error in found if isinstance(error, NoStackError)),
        tuple(
            (each.region, error) for each, error in found if error is not None and not isinstance(error, NoStackError)
        ),
    )


def _find(stack: Stack) -> tuple[Stack, DrawbridgeError | None]:
    try:
        stack.find_itself()
    except DrawbridgeError as error:
        return stack, error
    return stack, None
