"""Taking down: one removal is done step by step, until AWS says that it is gone."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol, assert_never

import msgspec

from drawbridge.association import Alias
from drawbridge.association.aliases import Holder
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.errors import (
    ConflictError,
    DrawbridgeError,
    GoneError,
    NotReadyError,
    OwnershipLostError,
    ThrottledError,
)
from drawbridge.pacing.defaults import DEFAULTS, DELETE_ENDPOINTS, LATTICE
from drawbridge.pacing.turn import AwaitTurn, Turns
from drawbridge.publication.documents import ConnectionDocument, read_connection
from drawbridge.publication.names import document_parameter, name_parameter
from drawbridge.publication.parameters import ObservedParameter
from drawbridge.request.absence import Existence
from drawbridge.withdrawal import (
    ConnectionRemoval,
    NamesRemoval,
    ObjectRemoval,
    PublishedPath,
    Removal,
    Withdrawn,
)
from drawbridge.withdrawal.names import through
from drawbridge.withdrawal.steps import (
    GONE,
    AwaitGone,
    AwaitNames,
    DeleteObject,
    NotOurs,
    ObjectState,
    ObservedObject,
    ObservedRemoval,
    RejectConnection,
    TakeBackName,
    next_step,
)

DECISION_HOLDS = timedelta(minutes=1)
"""What was decided longer ago is decided again before anything is taken down."""


_MOST_TAKEN_BACK = 10
"""Names between two looks at whether that is decided still."""


class ParameterRemoval(Protocol):
    """Parameter Store, as withdrawal needs it."""

    def read_all(self, names: Sequence[str]) -> Mapping[str, ObservedParameter]:
        """Return those of the parameters that are there, in as few calls as that takes."""
        ...

    def remove_all(self, subjects: Mapping[str, str]) -> Mapping[str, DrawbridgeError]:
        """Remove those parameters that carry our ownership tag and are of the subject that is given for each.

        Any other is left alone. Returned is why of those that are not removed.
        """
        ...


class RecordRemoval(Protocol):
    """Names of our own in hosted zones."""

    def remove(self, alias: Alias, *, holder: Holder, dns_name: str) -> None:
        """Remove the name if it is that holder's; where the zone itself is gone, nothing is left to remove."""
        ...


class ObjectDeletion(Protocol):
    """The objects of this account that Drawbridge makes, asked for by their ids."""

    def observe(self, removed: OwnedObject) -> ObservedObject: ...

    def delete(self, removed: OwnedObject) -> None:
        """Have AWS delete it.

        Raises:
            GoneError: it is not there any longer.
            ConflictError: AWS does not delete it yet, as where something depends on it.
        """
        ...


class ConnectionRejection(Protocol):
    """The connections to this account's endpoint services."""

    def answer(self, service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
        """Accept or reject connections of one service; return AWS's reason for each for which that failed."""
        ...


class ConnectionExistence(Protocol):
    """The same connections, asked for one by one."""

    def connection(self, service_id: str, endpoint_id: str) -> Existence:
        """Return whether it exists, and is neither rejected nor failed nor expired."""
        ...


class TakeDown:
    """Takes down what was planned."""

    def __init__(
        self,
        objects: ObjectDeletion,
        parameters: ParameterRemoval,
        records: RecordRemoval,
        connections: ConnectionRejection,
        existences: ConnectionExistence,
    ) -> None:
        self._objects = objects
        self._parameters = parameters
        self._records = records
        self._connections = connections
        self._existences = existences

    def observe(self, removal: Removal) -> ObservedRemoval:
        """Return what of it is there still."""
        names = self._those_there(removal.names)
        match removal:
            case ObjectRemoval(removed=removed):
                after = self._those_there(removal.after)
                return ObservedRemoval(names=names, after=after, removed=self._objects.observe(removed))
            case NamesRemoval():
                return ObservedRemoval(names=names)
            case ConnectionRemoval():
                return ObservedRemoval(names=names, removed=self._observe_connection(removal))
            case _:
                assert_never(removal)

    def take_down_while(
        self, may_take_down: Callable[[], bool], removal: Removal, turns: Turns
    ) -> Withdrawn | AwaitTurn | None:
        """Take it down until it is gone; ``None`` if ``may_take_down`` says no before something is done.

        What AWS lets be done only so often waits for its turn, and so does the deletion that AWS throttles.

        Repeating it is safe: what is gone is found gone. Waiting for AWS needs no permission.

        Raises:
            NotReadyError: AWS has not finished, or something depends on it still; the message says what.
            OwnershipLostError: it does not carry our tag any longer.
        """
        observed = self.observe(removal)
        while (step := next_step(removal, observed)) is not None:
            match step:
                case AwaitGone() | AwaitNames():
                    raise NotReadyError(f"{step.what} is not gone yet" if isinstance(step, AwaitGone) else str(step))
                case NotOurs():
                    raise OwnershipLostError(str(step))
                case DeleteObject() if (turn := _turn_before(step, turns)) is not None:
                    return turn
                case _ if not may_take_down():
                    return None
                case TakeBackName():
                    # With those that come next: AWS removes ten parameters in one call.
                    self._take_back(observed.names[:_MOST_TAKEN_BACK])
                    observed = msgspec.structs.replace(observed, names=observed.names[_MOST_TAKEN_BACK:])
                case DeleteObject():
                    if (turn := self._delete_in_turn(step, turns)) is not None:
                        return turn
                    observed = self._deleted(step, removal)
                case RejectConnection():
                    self._reject(step)
                    observed = self.observe(removal)
                case _:
                    assert_never(step)
        return Withdrawn(
            what=str(removal),
            parameters=tuple(self._parameters_gone(removal)),
            object_went=not isinstance(removal, NamesRemoval),
        )

    def _observe_connection(self, removal: ConnectionRemoval) -> ObservedObject:
        match self._existences.connection(removal.service_id, removal.endpoint_id):
            case Existence.GONE:
                return GONE
            case Existence.PRESENT:
                return ObservedObject(state=ObjectState.PRESENT)
            case Existence.UNKNOWN:
                # EC2 says neither: it is asked again, and told nothing until then.
                return ObservedObject(state=ObjectState.DELETING)
            case existence:
                assert_never(existence)

    def _reject(self, step: RejectConnection) -> None:
        refused = self._connections.answer(step.service_id, [step.endpoint_id], accept=False)
        if self._existences.connection(step.service_id, step.endpoint_id) is not Existence.GONE:
            # What EC2 shows right after may be as it was before: it is not told twice in one breath.
            why = refused.get(step.endpoint_id, "it is not visible yet")
            raise NotReadyError(f"{step.endpoint_id} is not rejected yet: {why}")

    def _those_there(self, names: Sequence[PublishedPath]) -> tuple[PublishedPath, ...]:
        """Return those that are published as they were planned: the JSON goes last, and tells.

        A plain name without one is of a removal, or of a publication, that broke off.
        """
        documents = self._parameters.read_all([document_parameter(each.path) for each in names])
        without = [each for each in names if document_parameter(each.path) not in documents]
        plain = self._parameters.read_all([name_parameter(each.path) for each in without])
        return tuple(each for each in names if _is_there(each, documents, plain))

    def _take_back(self, names: Sequence[PublishedPath]) -> None:
        """Take back names, each for itself: of all the plain name goes before any JSON.

        Raises:
            DrawbridgeError: one of them could not be taken back; all others are.
        """
        documents = self._parameters.read_all([document_parameter(each.path) for each in names])
        failed: list[DrawbridgeError] = []
        to_remove: list[PublishedPath] = []
        for name in names:
            there = documents.get(document_parameter(name.path))
            document = read_connection(there.value) if there is not None else None
            try:
                if document is not None and document.alias is not None:
                    self._remove_record(document, document.alias, name)
            except DrawbridgeError as error:
                failed.append(error)
            else:
                to_remove.append(name)
        subjects = {name_parameter(each.path): each.subject for each in to_remove}
        subjects |= {document_parameter(each.path): each.subject for each in to_remove}
        failed += self._parameters.remove_all(subjects).values()
        if failed:
            raise failed[0]

    def _remove_record(self, document: ConnectionDocument, alias: Alias, name: PublishedPath) -> None:
        holder = Holder(subject=name.subject, binding=name.binding, vpc_id=document.vpc_id or "")
        self._records.remove(alias, holder=holder, dns_name=document.dns_name)

    def _deleted(self, step: DeleteObject, removal: Removal) -> ObservedRemoval:
        """Return what is there once the object is gone."""
        observed = self.observe(removal)
        if observed.removed.state is not ObjectState.GONE:
            # What AWS shows right after may be as it was before: it is not told twice in one breath.
            before = f"; AWS had given up on it: {step.failure}" if step.failure else ""
            raise NotReadyError(f"{step.removed} is being deleted{before}")
        return observed

    def _delete_in_turn(self, step: DeleteObject, turns: Turns) -> AwaitTurn | None:
        """Delete it; what AWS throttles waits for another turn."""
        of = class_of(step.removed)
        turns.use(of)
        try:
            self._delete(step)
        except ThrottledError as error:
            return AwaitTurn.throttled_by(of, error)
        return None

    def _delete(self, step: DeleteObject) -> None:
        try:
            self._objects.delete(step.removed)
        except GoneError:
            return
        except ConflictError as error:
            raise NotReadyError(f"{step.removed}: {error}") from error

    def _parameters_gone(self, removal: Removal) -> list[str]:
        there = self._parameters.read_all([document_parameter(each.path) for each in removal.names])
        both = ((name_parameter(each.path), document_parameter(each.path)) for each in removal.names)
        return [parameter for each in both if each[1] not in there for parameter in each]


def _turn_before(step: DeleteObject, turns: Turns) -> AwaitTurn | None:
    """Return what is to be waited for before it is deleted."""
    of = class_of(step.removed)
    return AwaitTurn(of) if of in DEFAULTS and not turns.has(of) else None


def class_of(removed: OwnedObject) -> str:
    """Return the class of AWS's operations that an object is deleted by."""
    return DELETE_ENDPOINTS if removed.kind in {OwnedKind.ENDPOINT, OwnedKind.NETWORK_ENDPOINT} else LATTICE


def _is_there(
    name: PublishedPath, documents: Mapping[str, ObservedParameter], plain: Mapping[str, ObservedParameter]
) -> bool:
    there = documents.get(document_parameter(name.path))
    if there is None:
        alone = plain.get(name_parameter(name.path))
        # What is not ours has no subject.
        return alone is not None and alone.subject == name.subject != ""
    if there.subject != name.subject:
        return False
    document = read_connection(there.value)
    # Of a consumer's endpoint the path says which.
    return not name.binding or document is None or through(document) == name.through
