"""The Regions of the account: in which of them the stack is."""

from collections.abc import Callable, Collection, Sequence
from contextvars import copy_context
from typing import Annotated, Any, TypeVar

import typer
from msgspec import Struct

from drawbridge.aws.errors import translated
from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge_cli.checks import side_by_side
from drawbridge_cli.screen import Show, complain
from drawbridge_cli.stack import NoStackError, Stack

INCOMPLETE = 3
"""The exit code of an answer that some Region lacks in, if nothing else is to be said: AWS, or what denies the call."""

AllRegions = Annotated[
    bool, typer.Option("--all-regions", help="Look for the stack in every Region that the account may use.")
]

_NOT_ENABLED = "not-opted-in"

Answer = TypeVar("Answer")


class StacksByRegion(Struct, frozen=True):
    """Where the stack is, where it is not, and where that, or anything of it, could not be found out."""

    stacks: tuple[Stack, ...]
    without: tuple[str, ...]
    not_asked: tuple[tuple[str, DrawbridgeError], ...]

    @property
    def document(self) -> dict[str, Any]:
        """Where nothing is from, for programs."""
        not_asked = [{"region": region, "error": str(error)} for region, error in self.not_asked]
        return {"without_stack": self.without, "not_asked": not_asked}


def all_regions(stack: Stack, show: Show) -> StacksByRegion:
    """Look for the stack in every Region that the account may use.

    Raises:
        InvalidInputError: it is in none.
    """
    found = look_for_stacks(stack, enabled_regions(stack), show)
    if not found.stacks and not found.not_asked:
        raise InvalidInputError(f"--stack: there is no stack {stack.name!r} in {', '.join(found.without)}")
    return found


def enabled_regions(stack: Stack) -> list[str]:
    """Return the Regions that the account may use."""
    with translated("list the Regions of the account"):
        listed = stack.client("ec2").describe_regions()["Regions"]
    return sorted(each["RegionName"] for each in listed if each.get("OptInStatus") != _NOT_ENABLED)


def look_for_stacks(stack: Stack, regions: Collection[str], show: Show = lambda _: None) -> StacksByRegion:
    """Look for the stack in each of the Regions."""
    stacks = [stack.in_region(each) for each in regions]
    without: list[str] = []
    found: list[Stack] = []
    not_asked: list[tuple[str, DrawbridgeError]] = []
    for each, answer in _answers(stacks, Stack.find_itself, show):
        match answer:
            case NoStackError():
                without.append(each.region)
            case DrawbridgeError():
                not_asked.append((each.region, answer))
            case _:
                found.append(each)
    return StacksByRegion(tuple(found), tuple(without), tuple(not_asked))


def asked_of_each(
    found: StacksByRegion, ask: Callable[[Stack], Answer], show: Show
) -> tuple[list[tuple[Stack, Answer]], StacksByRegion]:
    """Return what the stacks answer, and what was found, of which those that could not answer were not asked."""
    answered: list[tuple[Stack, Answer]] = []
    failed: list[tuple[str, DrawbridgeError]] = []
    for stack, answer in _answers(found.stacks, ask, show):
        if isinstance(answer, DrawbridgeError):
            failed.append((stack.region, answer))
        else:
            answered.append((stack, answer))
    stacks = tuple(stack for stack, _ in answered)
    return answered, StacksByRegion(stacks, found.without, (*found.not_asked, *failed))


def complain_of_not_asked(found: StacksByRegion) -> None:
    for region, error in found.not_asked:
        complain(f"AWS: {region} could not be asked: {error}")


def _answers(
    stacks: Sequence[Stack], ask: Callable[[Stack], Answer], show: Show
) -> list[tuple[Stack, Answer | DrawbridgeError]]:
    """Ask the stacks side by side, in order; what can't be asked stops no other."""

    def answer(stack: Stack) -> Answer | DrawbridgeError:
        try:
            return ask(stack)
        except DrawbridgeError as error:
            return error

    contexts = [copy_context() for _ in stacks]
    answers: list[tuple[Stack, Answer | DrawbridgeError]] = []
    with side_by_side() as pool:
        asked = pool.map(lambda context, stack: context.run(answer, stack), contexts, stacks)
        for stack, each in zip(stacks, asked, strict=True):
            answers.append((stack, each))
            show(f"{stack.name}: {len(answers)} of {len(stacks)} Regions")
    return answers
