"""The publication plan: a pure comparison of what is due with what is published, which is applied or printed.

The actions of a name stand in the order in which they are applied; a refusal is the last. After a crash between any two
of them, a plan that is made anew does the rest, and nothing twice.
"""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from drawbridge.association import Alias
from drawbridge.association.aliases import Holder
from drawbridge.publication.documents import ConnectionDocument, read_connection
from drawbridge.publication.named import NamedResource
from drawbridge.publication.names import document_parameter, name_parameter
from drawbridge.publication.parameters import (
    DesiredParameters,
    ObservedParameters,
    ParameterAction,
    Refuse,
    RemoveParameters,
    WriteParameters,
    plan_parameters,
)
from drawbridge.publication.published import PublishedName


class DesiredName(DesiredParameters, frozen=True, kw_only=True):
    """A shared resource's name that is due: in Parameter Store and, if the binding says so, in a hosted zone."""

    document: ConnectionDocument
    to: NamedResource
    """Where a name of our own leads."""
    binding: str
    vpc_id: str
    """Empty where only a service network is concerned."""

    @property
    def holder(self) -> Holder:
        """Return who is to have its name of our own."""
        return Holder(subject=self.subject, binding=self.binding, vpc_id=self.vpc_id)


class ObservedName(Struct, frozen=True, kw_only=True):
    """What is published where a shared resource's name is due."""

    parameters: ObservedParameters
    record_differs: str | None = None
    """How the name of our own differs: ``None`` if it does not, empty if only in its marker."""


class PointRecord(Struct, frozen=True, kw_only=True):
    """Have a name of our own lead to a resource."""

    alias: Alias
    to: NamedResource
    holder: Holder
    why: str
    """Empty where only the marker differs, as an earlier version wrote it."""


class RemoveRecord(Struct, frozen=True, kw_only=True):
    """Remove a name of our own."""

    alias: Alias
    holder: Holder
    dns_name: str
    """Where it led."""


PublicationAction = PointRecord | RemoveRecord | ParameterAction


class NameChange(StrEnum):
    """What becomes of a published name."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    GONE = "gone"
    REFUSED = "refused"


class NamePlan(Struct, frozen=True, kw_only=True):
    """What becomes of one name, and what is to be done for it."""

    path: str
    """Of its two parameters, which are below it."""
    dns_name: str
    subject: str
    """The ARN that it is published for."""
    provider: str
    """Whose other resources, once they are gone, leave their names to this one."""
    document: ConnectionDocument | None = None
    """The JSON that is due beside it; ``None`` for what is taken back or refused."""
    actions: tuple[PublicationAction, ...]

    @property
    def change(self) -> NameChange:
        if self._refusal is not None:
            return NameChange.REFUSED
        if any(isinstance(action, RemoveParameters) for action in self.actions):
            return NameChange.GONE
        if any(isinstance(action, WriteParameters) and action.are_new for action in self.actions):
            return NameChange.NEW
        return NameChange.CHANGED if self.why else NameChange.SAME

    @property
    def why(self) -> tuple[str, ...]:
        """What differs, or what is in the way."""
        if self._refusal is not None:
            return (self._refusal.why,)
        written = [why for action in self.actions if isinstance(action, WriteParameters) for why in action.why]
        pointed = [action.why for action in self.actions if isinstance(action, PointRecord) and action.why]
        return (*written, *pointed)

    @property
    def _refusal(self) -> Refuse | None:
        return next((action for action in self.actions if isinstance(action, Refuse)), None)


class PublicationPlan(Struct, frozen=True, kw_only=True):
    """What publishing one association does."""

    names: tuple[NamePlan, ...]
    """Of what can be used."""
    taken_back: tuple[NamePlan, ...]
    """Of what was in a group, and is not any longer."""
    pending: tuple[NamedResource, ...]
    """What can't be used yet."""
    found: tuple[NamedResource, ...]
    """All that the association leads to."""


def plan_name(desired: DesiredName, observed: ObservedName) -> NamePlan:
    """Compare a name that is due with what is published."""
    actions = tuple(_actions(desired, observed))
    refused = any(isinstance(action, Refuse) for action in actions)
    return NamePlan(
        path=desired.path,
        dns_name=desired.document.dns_name,
        subject=desired.subject,
        provider=desired.document.provider,
        document=None if refused else desired.document,
        actions=actions,
    )


def plan_removal(published: PublishedName, *, binding: str, vpc_id: str) -> NamePlan:
    """Take back a name whose resource is gone."""
    path, document = published.path, published.document
    subject = document.resource_configuration_arn
    record = [_removed(document.alias, document, binding, vpc_id)] if document.alias else []
    # The JSON last: it is what says that there is something to take back.
    parameters = RemoveParameters(names=(name_parameter(path), document_parameter(path)), subject=subject)
    return NamePlan(
        path=path,
        dns_name=document.dns_name,
        subject=subject,
        provider=document.provider,
        actions=(*record, parameters),
    )


def _actions(desired: DesiredName, observed: ObservedName) -> Iterator[PublicationAction]:
    alias = desired.document.alias
    # The record first: what the JSON says of it is so.
    if alias is not None and observed.record_differs is not None:
        yield PointRecord(alias=alias, to=desired.to, holder=desired.holder, why=observed.record_differs)
    parameters = plan_parameters(desired, observed.parameters)
    there = observed.parameters.document
    earlier = read_connection(there.value) if there is not None and there.subject else None
    # A JSON that may not be written keeps its record too.
    written = any(isinstance(action, WriteParameters) for action in parameters)
    if written and earlier is not None and earlier.alias is not None and earlier.alias != alias:
        # Before the JSON, which alone names the earlier record, and then would no longer.
        yield _removed(earlier.alias, earlier, desired.binding, desired.vpc_id)
    yield from parameters


def _removed(alias: Alias, published: ConnectionDocument, binding: str, vpc_id: str) -> RemoveRecord:
    subject = published.resource_configuration_arn
    holder = Holder(subject=subject, binding=binding, vpc_id=published.vpc_id or vpc_id)
    return RemoveRecord(alias=alias, holder=holder, dns_name=published.dns_name)
