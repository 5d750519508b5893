"""Withdrawal: what nothing calls for any longer is taken down: its names first, then what leads to the resource."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.publication import AttachmentSnapshot
from drawbridge.request.absence import Absence
from drawbridge.request.announced import Announced, WithdrawalCommand
from drawbridge.status import Reason


class Cause(StrEnum):
    """Why something is not called for any longer."""

    BINDING = "no-binding-wants-it"
    """Bindings were removed or changed, or the VPC is not one that they choose any longer."""
    NOT_SHARED = "no-longer-shared"
    """No share in effect holds the resource."""
    OTHER_SHARE = "not-in-a-share-that-is-wanted"
    """A share in effect holds the resource, and no binding wants it in a share of that name."""
    CONNECTION_GONE = "connection-gone"
    """The consumer's endpoint was deleted, or rejected."""
    NOT_PERMITTED = "no-longer-permitted"
    """Policies no longer permit it, and what was announced has passed."""
    COMMANDED = "withdrawn-on-command"
    """An operator had it withdrawn."""


class PublishedPath(Struct, frozen=True, kw_only=True, order=True, rename="camel"):
    """Where a name is published, and for what: two parameters, and a record if the binding has an alias."""

    path: str
    subject: str
    """The ARN or id that its parameters' tag names: what is published there for another one by then stays."""
    binding: str = ""
    """Empty for a consumer's endpoint, and where the path does not tell it any longer."""
    through: str
    """The ids of what it leads through: a name that leads elsewhere by then stays."""


class ObjectRemoval(Struct, frozen=True, kw_only=True, tag="object", tag_field="of", rename="camel"):
    """An object of ours is deleted, after the names that lead through it."""

    removed: OwnedObject
    names: tuple[PublishedPath, ...] = ()
    after: tuple[PublishedPath, ...] = ()
    """Names that lead through it too, and that another removal of the same plan takes back."""
    cause: Cause
    why: str

    def __str__(self) -> str:
        return str(self.removed)


class NamesRemoval(Struct, frozen=True, kw_only=True, tag="names", tag_field="of", rename="camel"):
    """Names are taken back that lead through nothing that is ours to delete."""

    names: tuple[PublishedPath, ...]
    cause: Cause
    why: str

    def __str__(self) -> str:
        return ", ".join(each.path for each in self.names)


class ConnectionRemoval(Struct, frozen=True, kw_only=True, tag="connection", tag_field="of", rename="camel"):
    """The connection of a consumer's endpoint is rejected, after its names."""

    service_id: str
    endpoint_id: str
    names: tuple[PublishedPath, ...] = ()
    cause: Cause
    why: str

    def __str__(self) -> str:
        return f"the connection of {self.endpoint_id} to {self.service_id}"


Removal = ObjectRemoval | NamesRemoval | ConnectionRemoval
"""One thing to take down, with all that taking it down needs."""


def reason_of(removal: Removal) -> Reason:
    """Return why it goes, for whoever reads the row."""
    return Reason("withdrawing", f"{removal}: {removal.why}", source=removal.cause)


class PlannedRemoval(Struct, frozen=True, kw_only=True, rename="camel"):
    """A removal that was decided on, and when."""

    removal: Removal
    at: datetime
    """Before anything was asked of bindings or AWS: what changed since then was not observed."""


class EarlierAttachments(Struct, frozen=True, kw_only=True):
    """How earlier attempts left what they attached, by what becomes of it in this one."""

    made_anew: tuple[AttachmentSnapshot, ...] = ()
    staying: tuple[AttachmentSnapshot, ...] = ()
    going: tuple[AttachmentSnapshot, ...] = ()


class WithdrawalPlan(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is to be taken down of one request."""

    removals: tuple[Removal, ...] = ()
    """In the order in which they can go: a service network comes after what it is associated with."""
    unconfirmed: tuple[Reason, ...] = ()
    """What is not called for as AWS lists things, and stays until AWS has confirmed it, or somebody sees to it."""
    earlier: EarlierAttachments = EarlierAttachments()
    cut: tuple[str, ...] = ()
    """What there was no room for, in sentences."""
    because: tuple[Reason, ...] = ()
    """Why the whole request ends; empty where it does not."""


NOTHING = WithdrawalPlan()


class ConnectedRecord(Struct, frozen=True, kw_only=True):
    """What the ledger keeps of what was made and published for a request."""

    account_id: str = ""
    attachments: tuple[AttachmentSnapshot, ...] = ()
    published: tuple[str, ...] = ()
    """Parameters, by their full names."""
    let_in: tuple[str, ...] = ()
    """The ARNs that were let in, as far as they are kept."""
    absent: tuple[Absence, ...] = ()
    announced: tuple[Announced, ...] = ()
    commanded: WithdrawalCommand | None = None

    @property
    def endpoints(self) -> tuple[OwnedObject, ...]:
        """Return its endpoints to resources; those to service networks may be somebody else's, and used as well."""
        own = (each for each in self.attachments if each.made.endpoint_id and not each.made.network_arn)
        return tuple(
            OwnedObject(
                id=each.made.endpoint_id,
                kind=OwnedKind.ENDPOINT,
                binding=each.name.partition("/")[0],
                resource_arn=each.resource_arn,
                vpc_id=each.name.rpartition("/")[2],
            )
            for each in own
        )

    @property
    def object_ids(self) -> frozenset[str]:
        """Return the ids of what its attachments are made of."""
        return frozenset(one for each in self.attachments for one in each.made.ids)

    @property
    def is_anything_there(self) -> bool:
        """Whether anything may have been made or published; of a share also by an attempt that broke off."""
        return bool(self.attachments or self.published or self.let_in)

    @property
    def confirmed_absent(self) -> frozenset[str]:
        """Return what AWS said twice is gone."""
        return frozenset(each.of for each in self.absent if each.confirmed)

    @property
    def with_all_absent(self) -> "ConnectedRecord":
        """Return the record of a request whose subject is gone: with it, AWS said so of all that it held."""
        marked = {each.of for each in self.absent}
        now = max((each.since for each in self.absent if each.confirmed), default=None)
        if now is None:
            return self
        rest = (Absence(of=arn, since=now, confirmed=True) for arn in sorted(self.resources - marked))
        marks = (msgspec.structs.replace(each, confirmed=True) for each in self.absent)
        return msgspec.structs.replace(self, absent=(*marks, *rest))

    @property
    def resources(self) -> frozenset[str]:
        """Return the ARNs of what may have been attached."""
        return frozenset((*(each.resource_arn for each in self.attachments), *self.let_in))


class ConnectedRecords(Protocol):
    """The ledger."""

    def connected(self, request_id: str) -> ConnectedRecord:
        """Return what was made and published for a request; an empty record if there is no row."""
        ...

    def attachments_of_others(self, request_id: str) -> Iterable[AttachmentSnapshot]:
        """Return how the attachments of all other requests that are followed were left; nobody asks for orphans."""
        ...


class Withdrawn(Struct, frozen=True, kw_only=True, tag="withdrawn", rename="camel"):
    """Taken down."""

    what: str
    parameters: tuple[str, ...] = ()
    """Those that are not there any longer, by their full names."""
    object_went: bool = False
    """Whether it was an object, and not only names."""


CALLED_FOR_AGAIN = "called-for-again"
"""The code of the reason that a binding wants it again: nothing is left to take down."""


PERMITTED_AGAIN = "permitted-again"
"""The code of the reason that a request is let in again while it was being taken down: what is left of it stays."""


class StaysAfterAll(Struct, frozen=True, tag="stays"):
    """Called for again before it was taken down, or not known to be gone any longer."""

    because: Reason


class NotWithdrawn(Struct, frozen=True, kw_only=True, tag="failure"):
    """AWS did not take it down."""

    what: str
    error: str
    text: str


RemovalResult = Withdrawn | StaysAfterAll | NotWithdrawn


class KeptWithdrawal(Struct, frozen=True, kw_only=True):
    """A withdrawal plan that is kept, and what came of it so far."""

    plan: WithdrawalPlan
    results: dict[int, RemovalResult] = msgspec.field(default_factory=dict)
    """By the removal's place in the plan."""


def is_removed(snapshot: AttachmentSnapshot, plan: WithdrawalPlan) -> bool:
    """Return whether what an attachment is made of is among what goes, or its names are."""
    removed = {each.removed.id for each in plan.removals if isinstance(each, ObjectRemoval)}
    through = {one for each in plan.removals for path in each.names for one in path.through.split()}
    return bool(snapshot.made.ids & (removed | through))
