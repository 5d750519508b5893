"""Publishing: the publication plan is made and applied, so that only what changed is written."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from drawbridge.association import Alias, DesiredAttachment, MadeAttachment
from drawbridge.association.aliases import Holder, MayTakeOver
from drawbridge.errors import AccessDeniedError, ConflictError, DrawbridgeError, NotReadyError, RefusedError
from drawbridge.publication import PointedRecord, Publication
from drawbridge.publication.due import EndpointNames, NetworkNames
from drawbridge.publication.named import NamedResource
from drawbridge.publication.names import document_parameter, name_parameter
from drawbridge.publication.parameters import (
    MayReplace,
    PublicationStore,
    RemoveParameters,
    WriteParameters,
    apply_parameters,
    write_document,
    write_name,
)
from drawbridge.publication.plan import NamePlan, PointRecord, PublicationPlan, RemoveRecord
from drawbridge.publication.planner import DueNames, PublicationPlanner, RecordDifferences
from drawbridge.publication.snapshot import snapshot_of
from drawbridge.publication.takeover import Takeover

Made = TypeVar("Made")

replace = msgspec.structs.replace

_MOST_LISTED = 5
"""Names of one association that its outcome lists; all are in Parameter Store."""


class AliasRecords(RecordDifferences, Protocol):
    """Names of our own in hosted zones."""

    def point(self, alias: Alias, to: NamedResource, *, holder: Holder, may_take_over: MayTakeOver) -> None:
        """Have the name lead there. Nothing is written if it does.

        Raises:
            ConflictError: there is a record of that name which is not ours, or is another's that may not be taken over.
        """
        ...

    def remove(self, alias: Alias, *, holder: Holder, dns_name: str) -> None:
        """Remove the name if it is that holder's; ``dns_name`` is where it led, for markers that don't say whose.

        Where the zone itself is gone, nothing is left to remove.
        """
        ...


class EndpointsNames(EndpointNames, Protocol):
    """The VPC endpoints of this account, many at once."""

    def named_all(self, endpoint_ids: Collection[str]) -> Mapping[str, list[NamedResource]]:
        """Return what each of the endpoints leads to."""
        ...


class NamedAtOnce:
    """What endpoints lead to, listed together when the first is asked for."""

    def __init__(self, endpoints: EndpointsNames, endpoint_ids: Collection[str]) -> None:
        self._endpoints = endpoints
        self._ids = endpoint_ids
        self._listed: Mapping[str, list[NamedResource]] | None = None

    def named(self, endpoint_id: str) -> list[NamedResource]:
        if len(self._ids) > 1 and self._listed is None:
            try:
                self._listed = self._endpoints.named_all(self._ids)
            except DrawbridgeError:
                # One of them is gone, perhaps: each is asked for by itself then.
                self._listed = {}
        listed = (self._listed or {}).get(endpoint_id)
        return self._endpoints.named(endpoint_id) if listed is None else listed


class Association(Struct, frozen=True):
    """An association whose names are to be published."""

    desired: DesiredAttachment
    made: MadeAttachment
    patient: bool
    """Whether, of a group, what has no name yet is waited for."""


class _Begun(Struct, frozen=True):
    """A name that is published but for the JSON beside it."""

    plan: NamePlan
    write: WriteParameters | None = None
    """Whose JSON is to be written."""
    conflict: str = ""
    unremoved: DrawbridgeError | None = None
    """Why an earlier record of it may not be removed, if it may not."""

    @property
    def failure(self) -> DrawbridgeError | None:
        """Return what is reported of it."""
        if self.conflict:
            return ConflictError("; ".join(map(str, filter(None, (self.conflict, self.unremoved)))))
        return self.unremoved


class _Named(Struct, frozen=True):
    """An association whose plain names are written."""

    due: DueNames
    names: tuple[_Begun, ...]


class Publisher:
    """Publishes the names by which a shared resource is reached."""

    def __init__(
        self,
        endpoints: EndpointsNames,
        entities: NetworkNames,
        store: PublicationStore,
        aliases: AliasRecords,
        *,
        prefix: str,
    ) -> None:
        self._endpoints = endpoints
        self._entities = entities
        self._takeover = Takeover(entities, store, prefix=prefix)
        self._store = store
        self._aliases = aliases
        self._prefix = prefix

    def publish(self, desired: DesiredAttachment, made: MadeAttachment, *, now: datetime, patient: bool) -> Publication:
        """Publish each name, and take back those of children that are gone.

        Of a group, what can be used is published whatever becomes of the rest; ``patient`` says whether the rest is
        waited for.

        Raises:
            NotReadyError: AWS has not made it accessible, or has not named it, yet.
            ConflictError: a parameter or record of that name is not ours, or is of another resource that is still
                shared.
        """
        (published,) = self.publish_all([Association(desired, made, patient)], now=now)
        if isinstance(published, DrawbridgeError):
            raise published
        return published

    def publish_all(self, asked: Sequence[Association], *, now: datetime) -> list[Publication | DrawbridgeError]:
        """Publish the names of many associations, each with an outcome of its own: the plain names of all come first.

        What the endpoints lead to is listed together.
        """
        planner = self._planner(asked)
        named = [_tried(partial(self._name, each, planner, now)) for each in asked]
        return [
            one if isinstance(one, DrawbridgeError) else _tried(partial(self._finish, each, one, planner))
            for each, one in zip(asked, named, strict=True)
        ]

    def name_all(self, asked: Sequence[Association], *, now: datetime) -> list[DrawbridgeError | None]:
        """Publish the plain names of many associations; return what is wrong with each, in their order.

        ``publish_all`` does the rest.
        """
        planner = self._planner(asked)
        named = [_tried(partial(self._name, each, planner, now)) for each in asked]
        return [
            one if isinstance(one, DrawbridgeError) else _not_ready(each, one)
            for each, one in zip(asked, named, strict=True)
        ]

    def _planner(self, asked: Sequence[Association]) -> PublicationPlanner:
        endpoints = NamedAtOnce(self._endpoints, [each.made.endpoint_id for each in asked if each.made.endpoint_id])
        return PublicationPlanner(endpoints, self._entities, self._store, self._aliases, prefix=self._prefix)

    def _name(self, asked: Association, planner: PublicationPlanner, now: datetime) -> _Named:
        """Write what is usable of an association, but for the JSON beside each name."""
        desired, made = asked.desired, asked.made
        due = planner.due(desired, made)
        if not desired.resource.holds_others and not due.usable:
            failure = " ".join(each.failure for each in due.pending)
            raise NotReadyError(f"{desired.name} has no name yet {failure}".rstrip())
        names: list[_Begun] = []
        try:
            # Each is begun before the next is planned: whatever stops a large group, what was published stays so.
            names.extend(self._begin(name) for name in planner.names(desired, made, due, now=now))
        except DrawbridgeError:
            with suppress(DrawbridgeError):
                self._write_documents(names)
            raise
        return _Named(due, tuple(names))

    def _finish(self, asked: Association, named: _Named, planner: PublicationPlanner) -> Publication:
        """Write the JSON beside each name, and take back the names of children that are gone."""
        desired, due = asked.desired, named.due
        begun = self._write_documents(named.names)
        names = tuple(each.plan for each in begun)
        # One name that is taken, or an earlier record that may not be removed, stops no other name.
        if failures := [failure for each in begun if (failure := each.failure) is not None]:
            raise failures[0]
        if (not_ready := _not_ready(asked, named)) is not None:
            raise not_ready
        taken_back = planner.taken_back(desired, due, names)
        for name in taken_back:
            self._take_back(name)
        plan = PublicationPlan(names=names, taken_back=taken_back, pending=due.pending, found=due.found)
        return _publication(desired, asked.made, plan)

    def _begin(self, name: NamePlan) -> _Begun:
        """Apply what is planned of one name, but for its JSON.

        Once it is reported that an earlier record may not be removed, the next attempt has nothing to do with it: no
        name that resolves is kept back for it.
        """
        begun = _Begun(name)
        try:
            for action in name.actions:
                match action:
                    case PointRecord(alias=alias, to=to, holder=holder):
                        may_take_over = partial(
                            self._takeover.of_record, alias=alias, binding=holder.binding, provider=name.provider
                        )
                        self._aliases.point(alias, to, holder=holder, may_take_over=may_take_over)
                    case RemoveRecord(alias=alias, holder=holder, dns_name=dns_name):
                        try:
                            self._aliases.remove(alias, holder=holder, dns_name=dns_name)
                        except (AccessDeniedError, RefusedError) as error:
                            begun = replace(begun, unremoved=error)
                    case WriteParameters():
                        write_name(action, self._store, self._may_replace(name))
                        begun = replace(begun, write=action)
                    case _:
                        apply_parameters(action, self._store, self._may_replace(name))
        except ConflictError as error:
            return replace(begun, conflict=str(error))
        return begun

    def _write_documents(self, names: Sequence[_Begun]) -> list[_Begun]:
        """Write the JSON beside names that are published; return them with what was in the way."""
        written: list[_Begun] = []
        for each in names:
            try:
                if each.write is not None:
                    write_document(each.write, self._store, self._may_replace(each.plan))
                written.append(each)
            except ConflictError as error:
                written.append(replace(each, conflict=str(error)))
        return written

    def _take_back(self, name: NamePlan) -> None:
        """Take back a name whose resource is gone; what tells of its record goes after it."""
        for action in name.actions:
            match action:
                case RemoveRecord(alias=alias, holder=holder, dns_name=dns_name):
                    self._aliases.remove(alias, holder=holder, dns_name=dns_name)
                case RemoveParameters():
                    apply_parameters(action, self._store, self._may_replace(name))
                case _:
                    raise TypeError(f"{action} takes nothing back")

    def _may_replace(self, name: NamePlan) -> MayReplace:
        return partial(self._takeover.of_parameter, provider=name.provider)


def _not_ready(asked: Association, named: _Named) -> NotReadyError | None:
    """Return what is to be waited for, of a group for whose names there is still time."""
    desired, due = asked.desired, named.due
    if desired.resource.holds_others and asked.patient and (due.pending or not named.names):
        return NotReadyError(f"{desired.name}: {len(due.pending)} of {len(due.found)} in it have no name yet")
    return None


def _tried(do: Callable[[], Made]) -> Made | DrawbridgeError:
    """Return what comes of it, or its error."""
    try:
        return do()
    except DrawbridgeError as error:
        return error


def _publication(desired: DesiredAttachment, made: MadeAttachment, plan: PublicationPlan) -> Publication:
    """Return what was published, once the plan is applied."""
    documents = [each.document for each in plan.names if each.document]
    records = tuple(
        PointedRecord(zone_id=each.alias.zone_id, name=each.alias.name, dns_name=each.dns_name.rstrip(".").lower())
        for each in documents
        if each.alias is not None
    )
    return Publication(
        dns_name=", ".join(each.dns_name for each in plan.names[:_MOST_LISTED]),
        parameters=_parameters(plan.names),
        pending=tuple(each.resource_arn for each in plan.pending),
        taken_back=_parameters(plan.taken_back),
        attachment=msgspec.structs.replace(snapshot_of(desired, made, plan.found), records=records),
    )


def _parameters(names: tuple[NamePlan, ...]) -> tuple[str, ...]:
    return tuple(
        parameter for each in names for parameter in (name_parameter(each.path), document_parameter(each.path))
    )
