"""The withdrawal plan: what was made and published for a request, compared with what is called for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Protocol, assert_never

from msgspec import Struct

from drawbridge.arns import is_of
from drawbridge.association.binding import Binding
from drawbridge.association.in_force import PATH as BINDINGS
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.bounds import fitting
from drawbridge.configuration import InForce
from drawbridge.errors import UpstreamError
from drawbridge.publication.names import path_of_document
from drawbridge.publication.published import PublishedName, published_names
from drawbridge.request.absence import Existence, Existences
from drawbridge.status import Reason
from drawbridge.withdrawal import (
    Cause,
    ConnectedRecord,
    NamesRemoval,
    ObjectRemoval,
    PublishedPath,
    Removal,
    WithdrawalPlan,
)
from drawbridge.withdrawal.called_for import CalledFor, Demand, NotCalledFor, NotKnown
from drawbridge.withdrawal.names import leads_through, published_path, resource_of

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


class OwnedObjects(Protocol):
    """What there is of the kinds that Drawbridge makes."""

    def endpoints(self) -> Iterable[OwnedObject]:
        """Return the endpoints that carry our ownership tag."""
        ...

    def network_associations(self) -> Iterable[OwnedObject]:
        """Return the associations of the service networks that this account sees, whoever made them."""
        ...

    def is_ours(self, made: OwnedObject) -> bool:
        """Return whether it carries our ownership tag; what AWS does not show the tags of is not ours."""
        ...


class PublishedNames(Protocol):
    """What is published."""

    def published(self, parameters: Collection[str]) -> Mapping[str, str]:
        """Return the values of those of the parameters that are there, by their full names."""
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
        account_id: str,
    ) -> None:
        self._bindings = bindings
        self._parameters = parameters
        self._demand = demand
        self._owned_objects = owned_objects
        self._names = names
        self._existences = existences
        self._account_id = account_id

    def plan(self, connected: ConnectedRecord, visible: Collection[str] = ()) -> WithdrawalPlan:
        """Plan what is to be taken down of what was made for a request; ``visible`` are the ARNs that its share holds.

        Raises:
            UpstreamError: something was not listed that is there, so that nothing can be told from the listing.
        """
        there = tuple(self._owned_objects.network_associations())
        candidates = self._candidates({*visible, *connected.resources}, connected, there)
        return _bounded(self._plan(connected, candidates, self._published(connected), there))

    def plan_everywhere(self, names: Collection[PublishedName]) -> WithdrawalPlan:
        """Plan what is to be taken down in this account by the bindings; ``names`` are all that are published.

        What is not shared any longer is not confirmed here, and nothing is cut: it is to be shown.

        Raises:
            UpstreamError: something was not listed that is there, so that nothing can be told from the listing.
        """
        there = tuple(self._owned_objects.network_associations())
        candidates = tuple(sorted({*self._owned_objects.endpoints(), *there}))
        return self._plan(ConnectedRecord(), candidates, names, there)

    def _plan(
        self,
        connected: ConnectedRecord,
        candidates: Collection[OwnedObject],
        names: Collection[PublishedName],
        there: Collection[OwnedObject],
    ) -> WithdrawalPlan:
        self._check_bindings(connected, candidates, names)
        due, unconfirmed = self._due(connected, candidates)
        due = [each for each in due if not self._is_needed(each, due, there)]
        due += self._empty_networks(connected, due, (*candidates, *there))
        due_names, unconfirmed_names = self._due_names(connected, names)
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
                    (path.path, self._demand.of_name(found[path.path]), resource_of(found[path.path]))
                    for path in paths
                    if path.path in found
                ]
            case _:
                assert_never(removal)
        for what, verdict, arn in verdicts:
            match verdict:
                case CalledFor():
                    return Reason("called-for-again", f"{what}: a binding wants it again, so that it stays")
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
        return removal.cause is Cause.NOT_SHARED and self._existences.resource(arn) is Existence.GONE

    def _candidates(
        self, arns: Collection[str], connected: ConnectedRecord, there: Iterable[OwnedObject]
    ) -> tuple[OwnedObject, ...]:
        """Return what could have been made for these resources, and for the networks that they are in, or are."""
        networks = {each.network_arn for each in there if each.resource_arn in arns} | {*arns}
        networks |= {each.made.network_arn for each in connected.attachments if each.made.network_arn}
        return tuple(
            each
            for each in sorted({*self._owned_objects.endpoints(), *there})
            if each.resource_arn in arns or (not each.resource_arn and each.network_arn in networks)
        )

    def _published(self, connected: ConnectedRecord) -> list[PublishedName]:
        documents = [each for each in connected.published if path_of_document(each) is not None]
        return [*published_names(self._names.published(documents).items())]

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

    def _due(self, connected: ConnectedRecord, candidates: Iterable[OwnedObject]) -> tuple[list[_Due], list[Reason]]:
        due: list[_Due] = []
        unconfirmed: list[Reason] = []
        for each in candidates:
            verdict = self._demand.of_object(each)
            # Only of what nothing calls for it is asked whose it is.
            if isinstance(verdict, CalledFor) or not self._owned_objects.is_ours(each):
                continue
            arn = each.resource_arn or ("" if is_of(each.network_arn, self._account_id) else each.network_arn)
            match self._confirmed(verdict, arn, connected):
                case NotCalledFor() as confirmed:
                    due.append(_Due(each, confirmed))
                case NotKnown(why):
                    unconfirmed.append(Reason("unconfirmed", f"{each}: {why}", source=each.binding))
        return due, unconfirmed

    def _due_names(
        self, connected: ConnectedRecord, names: Iterable[PublishedName]
    ) -> tuple[list[tuple[PublishedPath, NotCalledFor]], list[Reason]]:
        due: list[tuple[PublishedPath, NotCalledFor]] = []
        unconfirmed: list[Reason] = []
        for each in names:
            verdict = self._demand.of_name(each)
            if isinstance(verdict, CalledFor):
                continue
            match self._confirmed(verdict, resource_of(each), connected):
                case NotCalledFor() as confirmed:
                    due.append((published_path(each), confirmed))
                case NotKnown(why):
                    published = published_path(each)
                    unconfirmed.append(Reason("unconfirmed", f"{each.path}: {why}", source=published.binding))
        return due, unconfirmed

    def _confirmed(
        self, verdict: NotKnown | NotCalledFor, arn: str, connected: ConnectedRecord
    ) -> NotKnown | NotCalledFor:
        """Return the verdict; that a resource is not shared counts once AWS has said twice that it is gone, and now."""
        if not isinstance(verdict, NotCalledFor) or verdict.cause is not Cause.NOT_SHARED or not arn:
            return verdict
        if arn in connected.confirmed_absent and self._existences.resource(arn) is Existence.GONE:
            return verdict
        return NotKnown(f"{verdict.why}; AWS has yet to confirm that")

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
