"""The steps that take something down: a pure comparison, which can be printed instead of done.

Names go before what they lead through. Doing a step changes what is observed, and then the next one is asked for; when
there is none, everything is gone.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import assert_never

import msgspec
from msgspec import Struct

from drawbridge.association.owned_object import OwnedObject
from drawbridge.withdrawal import ConnectionRemoval, NamesRemoval, ObjectRemoval, PublishedPath, Removal


class ObjectState(StrEnum):
    """How far an object is from being gone."""

    PRESENT = "present"
    DELETING = "deleting"
    GONE = "gone"


class ObservedObject(Struct, frozen=True, kw_only=True):
    """An object, or the connection of a consumer's endpoint, as AWS shows it when asked for it by its id."""

    state: ObjectState
    is_ours: bool = True
    """Whether it carries our ownership tag."""
    failure: str = ""
    """Why AWS did not delete it when it was last told to, in AWS's words."""


GONE = ObservedObject(state=ObjectState.GONE)


class ObservedRemoval(Struct, frozen=True, kw_only=True):
    """What is there still of what is to be taken down."""

    names: tuple[PublishedPath, ...] = ()
    """Those of the names that still lead where they led when they were planned."""
    after: tuple[PublishedPath, ...] = ()
    """Those of the names that another removal takes back, and that still lead through it."""
    removed: ObservedObject = GONE


class TakeBackName(Struct, frozen=True):
    """Take back one published name: its record, its two parameters."""

    name: PublishedPath

    def __str__(self) -> str:
        return f"take back {self.name.path}"


class DeleteObject(Struct, frozen=True):
    """Have AWS delete an object of ours."""

    removed: OwnedObject
    failure: str = ""
    """Why AWS did not do so before."""

    def __str__(self) -> str:
        return f"delete {self.removed}"


class RejectConnection(Struct, frozen=True):
    """Have AWS reject the connection of a consumer's endpoint."""

    service_id: str
    endpoint_id: str

    def __str__(self) -> str:
        return f"reject the connection of {self.endpoint_id} to {self.service_id}"


class AwaitGone(Struct, frozen=True):
    """Nothing is to be done but to wait."""

    what: str

    def __str__(self) -> str:
        return f"wait until {self.what} is gone"


class AwaitNames(Struct, frozen=True):
    """Nothing is to be done before these names are gone."""

    names: tuple[PublishedPath, ...]

    def __str__(self) -> str:
        return f"wait until {', '.join(each.path for each in self.names)} is taken back"


class NotOurs(Struct, frozen=True):
    """It does not carry our tag any longer, and is not touched; says what somebody has to do."""

    removed: OwnedObject

    def __str__(self) -> str:
        return (
            f"{self.removed}: its tags do not say any longer that it is Drawbridge's, so that it is not touched; put "
            "them back to have it taken down, or delete it"
        )


WithdrawalStep = TakeBackName | AwaitNames | DeleteObject | RejectConnection | AwaitGone | NotOurs


def next_step(removal: Removal, observed: ObservedRemoval) -> WithdrawalStep | None:
    """Return the next step; ``None`` if everything is gone."""
    if observed.names:
        return TakeBackName(observed.names[0])
    match removal:
        case NamesRemoval():
            return None
        case ObjectRemoval(removed=removed):
            if observed.after and observed.removed.state is ObjectState.PRESENT:
                return AwaitNames(observed.after)
            return _object_step(removed, observed.removed)
        case ConnectionRemoval():
            return _connection_step(removal, observed.removed)
        case _:
            assert_never(removal)


def _object_step(removed: OwnedObject, observed: ObservedObject) -> WithdrawalStep | None:
    match observed.state:
        case ObjectState.GONE:
            return None
        case ObjectState.DELETING:
            return AwaitGone(removed.id)
        case ObjectState.PRESENT:
            return DeleteObject(removed, observed.failure) if observed.is_ours else NotOurs(removed)
        case _:
            assert_never(observed.state)


def _connection_step(removal: ConnectionRemoval, observed: ObservedObject) -> WithdrawalStep | None:
    match observed.state:
        case ObjectState.GONE:
            return None
        case ObjectState.DELETING:
            return AwaitGone(str(removal))
        case ObjectState.PRESENT:
            return RejectConnection(removal.service_id, removal.endpoint_id)
        case _:
            assert_never(observed.state)


def steps(removal: Removal, observed: ObservedRemoval) -> Iterator[WithdrawalStep]:
    """Yield all the steps, each on the assumption that those before it went well."""
    while (step := next_step(removal, observed)) is not None:
        yield step
        match step:
            case TakeBackName():
                observed = msgspec.structs.replace(observed, names=observed.names[1:])
            case DeleteObject() | RejectConnection():
                deleting = ObservedObject(state=ObjectState.DELETING)
                observed = msgspec.structs.replace(observed, removed=deleting)
            case AwaitGone():
                observed = msgspec.structs.replace(observed, removed=GONE)
            case AwaitNames():
                observed = msgspec.structs.replace(observed, after=())
            case NotOurs():
                return
            case _:
                assert_never(step)
