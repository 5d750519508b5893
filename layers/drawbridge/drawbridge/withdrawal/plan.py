"""The withdrawal plan: what was made and published for a request, compared with what is called for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Protocol, assert_never

import msgspec
from msgspec import Struct

from drawbridge.arns import is_of
from drawbridge.association.binding import Binding
from drawbridge.association.in_force import PATH as BINDINGS
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.bounds import fitting
from drawbridge.configuration import InForce
from drawbridge.errors import UpstreamError
from drawbridge.publication import AttachmentSnapshot
from drawbridge.publication.names import binding_path, connections_path, path_of_document
from drawbridge.publication.published import PublishedName, published_names
from drawbridge.request.absence import Existence, Existences
from drawbridge.status import Reason
from drawbridge.withdrawal import (
    CALLED_FOR_AGAIN,
    Cause,
    ConnectedRecord,
    ConnectionRemoval,
    NamesRemoval,
    ObjectRemoval,
    PublishedPath,
    Removal,
    WithdrawalPlan,
)
from drawbridge.withdrawal.called_for import CalledFor, Demand, NotCalledFor, NotKnown
from drawbridge.withdrawal.names import leads_by, leads_through, published_path
from drawbridge.withdrawal.unrecorded import OwnedObjects, unrecorded_attachments

MOST_AT_ONCE = 150
"""Removals of one attempt, as of associations."""

_PLAN_BYTES = 150_000

_ORDER = {
    OwnedKind.ENDPOINT: 1,
    OwnedKind.NETWORK_ENDPOINT: 2,
    OwnedKind.VPC_ASSOCIATION: 3,
    OwnedKind.RESOURCE_ASSOCIATION: 4,
    OwnedKind.SERVICE_NETWORK: 5,
}


class _Due(Struct, frozen=True):
    """An object of ours that goes."""

    removed: OwnedObject
    verdict: NotCalledFor


class _Scope(Struct, frozen=True):
    """What a plan decides on: what was made for one request, or everything."""

    connected: ConnectedRecord
    visible: frozenset[str] = frozenset()
    of_others: Callable[[], Iterable[AttachmentSnapshot]] = tuple
    everything: bool = False

    def decides_on(self, made: OwnedObject, verdict: NotKnown | NotCalledFor) -> bool:
        """Return whether an object is this request's to take down: what bindings of others share is theirs, too.

        Whatever the row recorded is; an endpoint names its binding, of which Parameter Store is asked.
        """
        if self.everything or made.id in self.connected.object_ids:
            return True
        other_share = isinstance(verdict, NotCalledFor) and verdict.cause is Cause.OTHER_SHARE
        return made.kind is OwnedKind.ENDPOINT and not other_share

    def is_of_its_share(self, arn: str) -> bool:
        """Return whether the request's own share holds the resource, or is known to be gone."""
        return self.everything or arn in self.visible or arn in self.connected.confirmed_absent


class PublishedNames(Protocol):
    """What is published."""

    def published(self, parameters: Collection[str]) -> Mapping[str, str]:
        """Return the values of those of the parameters that are there, by their full names."""
        ...

    def below(self, path: str) -> Iterable[tuple[str, str]]:
        """Return name and value of all parameters below a path."""
        ...


class WrittenParameters(Protocol):
    """What people configure, asked for one by one."""

    def is_written(self, path: str, name: str) -> bool:
        """Return whether there is such a parameter; ``False`` only if AWS says that there is none."""
        ...


class WithdrawalPlanner:
    """Plans what is to be taken down of a request. One for each plan: what it asks AWS is as old as it is."""

    def __init__(
        self,
        *,
        bindings: InForce[Binding],
        parameters: WrittenParameters,
        demand: Demand,
        owned_objects: OwnedObjects,
        names: PublishedNames,
        existences: Existences,
        prefix: str,
        account_id: str,
    ) -> None:
        self._bindings = bindings
        self._parameters = parameters
        self._demand = demand
        self._owned_objects = owned_objects
        self._names = names
        self._existence_of = cache(existences.resource)
        self._prefix = prefix
        self._account_id = account_id

    def plan(
        self,
        connected: ConnectedRecord,
        visible: Collection[str] = (),
        of_others: Callable[[], Iterable[AttachmentSnapshot]] = tuple,
    ) -> WithdrawalPlan:
        """Plan what is to be taken down of what was made for a request; ``visible`` are the ARNs that its share holds.

        ``of_others`` returns how other requests' attachments were left: it is asked where one is shared with them.

        Raises:
            UpstreamError: something was not listed that is there, so that nothing can be told from the listing.
        """
        there = tuple(self._owned_objects.network_associations())
        candidates = self._candidates({*visible, *connected.resources}, connected, there)
        scope = _Scope(connected, frozenset(visible), of_others)
        return _bounded(self._plan(scope, candidates, self._published(connected), there))

    def with_unrecorded(
        self,
        connected: ConnectedRecord,
        visible: Collection[str],
        of_others: Callable[[], Iterable[AttachmentSnapshot]],
    ) -> ConnectedRecord:
        """Return the record with what is ours, leads to what the request's share holds, and is in no row.

        An attempt that broke off has made it, or one under a ledger that is lost. Of what names no binding, and has no
        name that tells it, nobody could say whether that binding was only left out of a listing: it is left alone.
        """
        if not any(self._unrecorded(visible, connected.object_ids)):
            return connected
        of_other_rows = {one for each in of_others() for one in each.made.ids}
        found = [*self._unrecorded(visible, connected.object_ids | of_other_rows)]
        below = connections_path(self._prefix)
        names = [] if all(each.binding for each in found) else [*published_names(self._names.below(below))]
        named = tuple(one for each in found for one in _with_bindings(each, names))
        return msgspec.structs.replace(connected, attachments=(*connected.attachments, *named))

    def _unrecorded(self, visible: Collection[str], recorded: Collection[str]) -> Iterator[AttachmentSnapshot]:
        concerns = frozenset(visible).__contains__
        return unrecorded_attachments(self._owned_objects, concerns, recorded, self._account_id)

    def plan_everywhere(self, names: Collection[PublishedName]) -> WithdrawalPlan:
        """Plan what is to be taken down in this account by the bindings; ``names`` are all that are published.

        What is not shared any longer is not confirmed here, and nothing is cut: it is to be shown.

        Raises:
            UpstreamError: something was not listed that is there, so that nothing can be told from the listing.
        """
        there = tuple(self._owned_objects.network_associations())
        candidates = tuple(sorted({*self._owned_objects.endpoints(), *there}))
        return self._plan(_Scope(ConnectedRecord(), everything=True), candidates, names, there)

    def _plan(
        self,
        scope: _Scope,
        candidates: Collection[OwnedObject],
        names: Collection[PublishedName],
        there: Collection[OwnedObject],
    ) -> WithdrawalPlan:
        self._check_bindings(scope.connected, candidates, names)
        due, unconfirmed = self._due(scope, candidates)
        self._check_bindings_of_others(scope, due)
        due = [each for each in due if not self._is_needed(each, due, there)]
        due += self._empty_networks(scope.connected, due, (*candidates, *there))
        names = self._with_unrecorded(scope, due, names)
        due_names, unconfirmed_names = self._due_names(scope, names)
        removals = tuple(_removals(due, names, due_names))
        return WithdrawalPlan(removals=removals, unconfirmed=(*unconfirmed, *unconfirmed_names))

    def plan_again(self, connected: ConnectedRecord, removal: Removal) -> Removal | Reason:
        """Decide again on one removal: return it, or why it is to stay after all."""
        match removal:
            case ObjectRemoval(removed=removed):
                self._check_bindings(connected, [removed])
                verdicts = [(str(removed), self._demand.of_object(removed), removed.resource_arn)]
            case NamesRemoval(names=paths):
                found = {each.path: each for each in self._published(connected)}
                self._check_bindings(connected, (), found.values())
                verdicts = [
                    (path.path, self._demand.of_name(found[path.path]), found[path.path].resource_arn)
                    for path in paths
                    if path.path in found
                ]
            case ConnectionRemoval():
                # What a binding asks for has no bearing on it.
                return removal
            case _:
                assert_never(removal)
        for what, verdict, arn in verdicts:
            match verdict:
                case CalledFor():
                    return Reason(CALLED_FOR_AGAIN, f"{what}: a binding wants it again, so that it stays")
                case NotKnown(why):
                    return Reason("not-known", f"{what}: {why}, so that it stays")
                case NotCalledFor(cause=Cause.NOT_SHARED) if arn and not self._is_confirmed_still(removal, arn):
                    return Reason("not-known", f"{what}: AWS does not list {arn} any longer, which is to be confirmed")
                case NotCalledFor():
                    pass
                case _:
                    assert_never(verdict)
        return removal

    def _is_confirmed_still(self, removal: Removal, arn: str) -> bool:
        """Return whether what was confirmed when it was planned is so still: a list may leave something out."""
        return removal.cause is Cause.NOT_SHARED and self._existence_of(arn) is Existence.GONE

    def _candidates(
        self, arns: Collection[str], connected: ConnectedRecord, there: Iterable[OwnedObject]
    ) -> tuple[OwnedObject, ...]:
        """Return what could have been made for these resources, and for the networks that they are in, or are."""
        networks = {each.network_arn for each in there if each.resource_arn in arns} | {*arns}
        networks |= {each.made.network_arn for each in connected.attachments if each.made.network_arn}
        listed = {*self._owned_objects.endpoints(), *there}
        ids = {each.id for each in listed}
        # What was recorded and is not listed may have lost its tags: it is asked for by its id.
        listed |= {each for each in connected.endpoints if each.id not in ids}
        return tuple(
            each
            for each in sorted(listed)
            if each.resource_arn in arns or (not each.resource_arn and each.network_arn in networks)
        )

    def _published(self, connected: ConnectedRecord) -> list[PublishedName]:
        documents = [each for each in connected.published if path_of_document(each) is not None]
        return [*published_names(self._names.published(documents).items())]

    def _with_unrecorded(
        self, scope: _Scope, due: Collection[_Due], names: Collection[PublishedName]
    ) -> list[PublishedName]:
        """Return the names with those that lead through what goes, and that no row records.

        An attempt that failed, or broke off, may have published them; and a row has room for so many.
        """
        ids = {each.removed.id for each in due}
        using = (each for each in scope.connected.attachments if ids & each.made.ids)
        bindings = {each.name.partition("/")[0] for each in using} | {each.removed.binding for each in due} - {""}
        found = {each.path: each for each in names}
        for binding in sorted(bindings):
            for name in published_names(self._names.below(binding_path(self._prefix, binding))):
                if any(leads_through(name.document, each.removed) for each in due):
                    found.setdefault(name.path, name)
        return [*found.values()]

    def _check_bindings(
        self, connected: ConnectedRecord, candidates: Iterable[OwnedObject], names: Iterable[PublishedName] = ()
    ) -> None:
        """Have each binding that something was made or published for, and that is not listed, asked for by its name."""
        listed = {each.name for each in self._bindings.things} | {each.name for each in self._bindings.broken}
        made_for = {each.name.partition("/")[0] for each in connected.attachments}
        made_for |= {each.binding for each in candidates} | {published_path(each).binding for each in names}
        for name in sorted(made_for - listed - {""}):
            if self._parameters.is_written(BINDINGS, name):
                raise UpstreamError(f"Parameter Store did not list binding {name}, which is there")

    def _check_bindings_of_others(self, scope: _Scope, due: Iterable[_Due]) -> None:
        """Have the bindings of other requests that share a network's association asked for, if they are not listed."""
        shared = {each.removed.id for each in due if each.removed.kind is not OwnedKind.ENDPOINT}
        others = scope.of_others() if shared else ()
        using = tuple(each for each in others if shared & each.made.ids)
        self._check_bindings(ConnectedRecord(attachments=using), ())

    def _due(self, scope: _Scope, candidates: Iterable[OwnedObject]) -> tuple[list[_Due], list[Reason]]:
        due: list[_Due] = []
        unconfirmed: list[Reason] = []
        for each in candidates:
            verdict = self._demand.of_object(each)
            # Only of what nothing calls for it is asked whose it is.
            if isinstance(verdict, CalledFor) or not scope.decides_on(each, verdict):
                continue
            if not self._owned_objects.is_ours(each):
                continue
            arn = each.resource_arn or ("" if is_of(each.network_arn, self._account_id) else each.network_arn)
            match self._confirmed(verdict, arn, scope):
                case NotCalledFor() as confirmed:
                    due.append(_Due(each, confirmed))
                case NotKnown(why):
                    unconfirmed.append(Reason("unconfirmed", f"{each}: {why}", source=each.binding))
        return due, unconfirmed

    def _due_names(
        self, scope: _Scope, names: Iterable[PublishedName]
    ) -> tuple[list[tuple[PublishedPath, NotCalledFor]], list[Reason]]:
        due: list[tuple[PublishedPath, NotCalledFor]] = []
        unconfirmed: list[Reason] = []
        for each in names:
            verdict = self._demand.of_name(each)
            if isinstance(verdict, CalledFor):
                continue
            match self._confirmed(verdict, each.resource_arn, scope):
                case NotCalledFor() as confirmed:
                    due.append((published_path(each), confirmed))
                case NotKnown(why):
                    published = published_path(each)
                    unconfirmed.append(Reason("unconfirmed", f"{each.path}: {why}", source=published.binding))
        return due, unconfirmed

    def _confirmed(self, verdict: NotKnown | NotCalledFor, arn: str, scope: _Scope) -> NotKnown | NotCalledFor:
        """Return the verdict; that a resource is not shared counts once AWS has said twice that it is gone, and now."""
        match verdict:
            case NotCalledFor(cause=Cause.NOT_SHARED, why=why) if arn:
                gone = arn in scope.connected.confirmed_absent and self._existence_of(arn) is Existence.GONE
                return verdict if gone else NotKnown(f"{why}; AWS has yet to confirm that")
            case NotCalledFor(cause=Cause.OTHER_SHARE, why=why) if not scope.is_of_its_share(arn):
                return NotKnown(f"{why}; another share holds {arn}")
            case _:
                return verdict

    def _is_needed(self, made: _Due, due: Collection[_Due], there: Iterable[OwnedObject]) -> bool:
        """Return whether a network's endpoint or association with a VPC is needed by what stays in the network.

        A binding that chose other VPCs since has none of its resources reached from this one any longer.
        """
        is_carrier = made.removed.kind in {OwnedKind.NETWORK_ENDPOINT, OwnedKind.VPC_ASSOCIATION}
        if not is_carrier or made.verdict.cause is Cause.BINDING:
            return False
        going = {each.removed.id for each in due}
        stays = (
            each
            for each in there
            if each.resource_arn and each.network_arn == made.removed.network_arn and each.id not in going
        )
        return any(self._owned_objects.is_ours(each) for each in stays)

    def _empty_networks(
        self, connected: ConnectedRecord, due: Collection[_Due], there: Iterable[OwnedObject]
    ) -> list[_Due]:
        """Return the networks of ours that have nothing in them once the rest is taken down, and nothing to come.

        What an earlier attempt took out of a network may have been the last.
        """
        going = {each.removed.id for each in due}
        staying = {each.network_arn for each in there if each.id not in going}
        concerned = {each.removed.network_arn for each in due}
        concerned |= {each.made.network_arn for each in connected.attachments}
        empty = concerned - staying - {""}
        networks = (
            OwnedObject(id=arn.rpartition("/")[2], kind=OwnedKind.SERVICE_NETWORK, arn=arn, network_arn=arn)
            for arn in sorted(empty)
            if is_of(arn, self._account_id)
        )
        verdicts = ((each, self._demand.of_object(each)) for each in networks if self._owned_objects.is_ours(each))
        return [_Due(each, verdict) for each, verdict in verdicts if isinstance(verdict, NotCalledFor)]


def _with_bindings(attachment: AttachmentSnapshot, names: Iterable[PublishedName]) -> Iterator[AttachmentSnapshot]:
    """Yield an attachment once for each binding that it was made for, as the names that lead by it tell."""
    if attachment.binding:
        yield attachment
        return
    bindings = {published_path(each).binding for each in names if leads_by(each.document, attachment)} - {""}
    for binding in sorted(bindings):
        yield msgspec.structs.replace(attachment, name=f"{binding}{attachment.name}")


def _removals(
    due: Iterable[_Due], names: Collection[PublishedName], due_names: Iterable[tuple[PublishedPath, NotCalledFor]]
) -> Iterator[Removal]:
    """Yield each object with the names that lead through it, after the names that lead through none of them.

    A name goes with the first object that it leads through; the others wait for that.
    """
    objects: list[ObjectRemoval] = []
    with_objects: set[PublishedPath] = set()
    for each in sorted(due, key=lambda one: (_ORDER[one.removed.kind], one.removed.id)):
        through = {published_path(name) for name in names if leads_through(name.document, each.removed)}
        removal = ObjectRemoval(
            removed=each.removed,
            names=tuple(sorted(through - with_objects)),
            after=tuple(sorted(through & with_objects)),
            cause=each.verdict.cause,
            why=each.verdict.why,
        )
        objects.append(removal)
        with_objects |= through
    alone = defaultdict[NotCalledFor, list[PublishedPath]](list)
    for path, verdict in due_names:
        if path not in with_objects:
            alone[verdict].append(path)
    for verdict, paths in alone.items():
        yield NamesRemoval(names=tuple(sorted(paths)), cause=verdict.cause, why=verdict.why)
    yield from objects


def _bounded(plan: WithdrawalPlan) -> WithdrawalPlan:
    kept = fitting(plan.removals[:MOST_AT_ONCE], _PLAN_BYTES)
    left_out = len(plan.removals) - len(kept)
    cut = (f"{left_out} more are to be taken down, which the next attempt does.",) if left_out else ()
    return WithdrawalPlan(removals=kept, unconfirmed=plan.unconfirmed[:MOST_AT_ONCE], cut=cut)
