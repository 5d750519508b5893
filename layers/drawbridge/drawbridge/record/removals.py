"""What came of removals, for the row and the event."""

from collections.abc import Iterator

from drawbridge.status import Reason
from drawbridge.withdrawal import NotWithdrawn, RemovalResult, Withdrawn


def failed_removals(removals: tuple[RemovalResult, ...]) -> tuple[Reason, ...]:
    """Return why AWS did not take down what it did not, each with the object and AWS's words."""
    return tuple(
        Reason("not-withdrawn", f"{each.what}: {each.error}: {each.text}")
        for each in removals
        if isinstance(each, NotWithdrawn)
    )


def withdrawn_reasons(removals: tuple[RemovalResult, ...]) -> tuple[Reason, ...]:
    """Return what was taken down."""
    return tuple(Reason("withdrawn", each.what) for each in removals if isinstance(each, Withdrawn))


def parameters_gone(removals: tuple[RemovalResult, ...]) -> Iterator[str]:
    """Yield the parameters that are not there any longer, by their full names."""
    return (name for each in removals if isinstance(each, Withdrawn) for name in each.parameters)
