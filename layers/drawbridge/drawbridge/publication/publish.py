"""Publishing: the publication plan is made and applied, so that only what changed is written."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Protocol

import msgspec

from drawbridge.association import Alias, DesiredAttachment, MadeAttachment
from drawbridge.association.aliases import Holder, MayTakeOver
from drawbridge.errors import (
    AccessDeniedError,
    ConflictError,
    DrawbridgeError,
    GoneError,
    NotReadyError,
    RefusedError,
    RequestGoneError,
)
from drawbridge.publication import PointedRecord, Publication
from drawbridge.publication.documents import ConsumerDocument
from drawbridge.publication.due import EndpointNames, NetworkNames
from drawbridge.publication.named import NamedResource
from drawbridge.publication.names import consumer_path, document_parameter, name_parameter
from drawbridge.publication.parameters import (
    DesiredParameters,
    PublicationStore,
    WriteParameters,
    apply_parameters,
    observe_parameters,
    plan_parameters,
)
from drawbridge.publication.plan import NamePlan, PointRecord, PublicationPlan, RemoveRecord
from drawbridge.publication.planner import PublicationPlanner, RecordDifferences
from drawbridge.publication.snapshot import snapshot_of
from drawbridge.publication.takeover import Takeover
from drawbridge.request import EndpointConnectionRequest
from drawbridge.request.connections import ConnectionState, EndpointConnection, has_no_names

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


class ConnectionNames(Protocol):
    """Connections to this account's endpoint services."""

    def connection(self, service_id: str, endpoint_id: str) -> EndpointConnection: ...


class Publisher:
    """Publishes the names by which a shared resource is reached."""

    def __init__(
        self,
        endpoints: EndpointNames,
        entities: NetworkNames,
        store: PublicationStore,
        aliases: AliasRecords,
        *,
        prefix: str,
    ) -> None:
        self._planner = PublicationPlanner(endpoints, entities, store, aliases, prefix=prefix)
        self._takeover = Takeover(entities, store, prefix=prefix)
        self._store = store
        self._aliases = aliases

    def publish(self, desired: DesiredAttachment, made: MadeAttachment, *, now: datetime, patient: bool) -> Publication:
        """Publish each name, and take back those of children that are gone.

        Of a group, what can be used is published whatever becomes of the rest; ``patient`` says whether the rest is
        waited for.

        Raises:
            NotReadyError: AWS has not made it accessible, or has not named it, yet.
            ConflictError: a parameter or record of that name is not ours, or is of another resource that is still
                shared.
        """
        due = self._planner.due(desired, made)
        if not desired.resource.holds_others and not due.usable:
            failure = " ".join(each.failure for each in due.pending)
            raise NotReadyError(f"{desired.name} has no name yet {failure}".rstrip())
        names = self._apply_each(self._planner.names(desired, made, due, now=now))
        if desired.resource.holds_others and patient and (due.pending or not names):
            raise NotReadyError(f"{desired.name}: {len(due.pending)} of {len(due.found)} in it have no name yet")
        taken_back = self._planner.taken_back(desired, due, names)
        for name in taken_back:
            self._apply(name)
        plan = PublicationPlan(names=names, taken_back=taken_back, pending=due.pending, found=due.found)
        return _publication(desired, made, plan)

    def _apply_each(self, planned: Iterable[NamePlan]) -> tuple[NamePlan, ...]:
        """Apply each before the next is planned: whatever stops a large group, what was published stays so."""
        names: list[NamePlan] = []
        failures: list[DrawbridgeError] = []
        for name in planned:
            names.append(name)
            # One name that is taken, or an earlier record that may not be removed, stops no other name.
            try:
                unremoved = self._apply(name)
            except ConflictError as error:
                failures.append(error)
            else:
                failures += [unremoved] if unremoved else []
        if failures:
            raise failures[0]
        return tuple(names)

    def _apply(self, name: NamePlan) -> DrawbridgeError | None:
        """Apply what is planned of one name; return why an earlier record of it may not be removed, if it may not.

        Once that is reported, the next attempt has nothing to do with it: no name that resolves is kept back for it.

        Raises:
            AccessDeniedError, RefusedError: the record of a name that is taken back may not be removed.
        """
        is_written = any(isinstance(action, WriteParameters) for action in name.actions)
        unremoved: AccessDeniedError | RefusedError | None = None
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
                        if not is_written:
                            raise
                        unremoved = error
                case _:
                    try:
                        apply_parameters(
                            action, self._store, partial(self._takeover.of_parameter, provider=name.provider)
                        )
                    except ConflictError as error:
                        raise ConflictError("; ".join(map(str, filter(None, (error, unremoved))))) from error
        return unremoved


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


def publish_consumer(
    request: EndpointConnectionRequest,
    connections: ConnectionNames,
    store: PublicationStore,
    *,
    prefix: str,
    now: datetime,
) -> Publication:
    """Publish the names of a consumer's endpoint; of one that never has any, that it is connected.

    Raises:
        NotReadyError: the connection is not available, or not named, yet.
        RequestGoneError: the connection is over.
        ConflictError: a parameter of that name is not ours.
    """
    try:
        connection = connections.connection(request.service_id, request.endpoint_id)
    except GoneError as error:
        raise RequestGoneError(str(error)) from error
    if not connection.state.is_open and connection.state is not ConnectionState.UNKNOWN:
        raise RequestGoneError(f"the connection of {request.endpoint_id} is {connection.state}")
    usable = connection.state in {ConnectionState.AVAILABLE, ConnectionState.PARTIAL}
    if not usable:
        raise NotReadyError(f"the connection of {request.endpoint_id} is {connection.state}")
    if not connection.dns_names and not has_no_names(connection):
        raise NotReadyError(f"{request.endpoint_id} has no name yet")
    regional, *zonal = connection.dns_names or (None,)
    dns_name, hosted_zone_id = regional or (None, None)
    document = ConsumerDocument(
        dns_name=dns_name,
        hosted_zone_id=hosted_zone_id,
        zonal_dns_names=tuple(each[0] for each in zonal if each is not None),
        consumer=connection.owner,
        endpoint_id=request.endpoint_id,
        endpoint_region=connection.region,
        ip_address_type=connection.ip_address_type or None,
        service_id=request.service_id,
        service_region=connection.service_region or None,
        published_at=now.isoformat(timespec="seconds"),
    )
    path = consumer_path(prefix, connection.owner, request.endpoint_id)
    desired = DesiredParameters(path=path, subject=request.endpoint_id, document=document)
    for action in plan_parameters(desired, observe_parameters(desired, store, _never)):
        apply_parameters(action, store, _never)
    plain = () if dns_name is None else (name_parameter(path),)
    return Publication(dns_name=dns_name or "", parameters=(*plain, document_parameter(path)))


def _never(_: str) -> bool:
    """Whether what is published for another endpoint may be overwritten: its id is in the parameter's name."""
    return False
