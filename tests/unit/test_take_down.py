"""Taking down: names first, then what they lead through, until AWS says that it is gone."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.association import Alias
from drawbridge.association.aliases import Holder
from drawbridge.errors import AccessDeniedError, NotReadyError, OwnershipLostError
from drawbridge.pacing.turn import AwaitTurn
from drawbridge.publication.names import document_parameter, name_parameter
from drawbridge.request.connections import ConnectionState
from drawbridge.withdrawal import (
    Cause,
    ConnectionRemoval,
    NamesRemoval,
    ObjectRemoval,
    PublishedPath,
    Removal,
    Withdrawn,
)
from drawbridge.withdrawal.steps import (
    GONE,
    AwaitGone,
    DeleteObject,
    NotOurs,
    ObjectState,
    ObservedObject,
    ObservedRemoval,
    RejectConnection,
    TakeBackName,
    next_step,
    steps,
)
from drawbridge.withdrawal.take_down import TakeDown
from tests.builders import CONSUMER, ENDPOINT_ID, RESOURCE_ARN, SERVICE_ID
from tests.fakes.connection_rejection import InMemoryConnectionRejection
from tests.fakes.object_deletion import InMemoryObjectDeletions
from tests.fakes.parameter_store import InMemoryPublicationStore
from tests.fakes.turns import AlwaysTheirTurn
from tests.unit.withdrawing import ENDPOINT, WithdrawalWorld

replace = msgspec.structs.replace


def always() -> bool:
    return True


class Records:
    """The records that were removed."""

    def __init__(self, store: InMemoryPublicationStore) -> None:
        self._store = store
        self.removed: list[tuple[Alias, Holder]] = []

    def remove(self, alias: Alias, *, holder: Holder, dns_name: str) -> None:
        assert self._store.there, "the record goes before the parameters, which alone tell of it"
        self.removed.append((alias, holder))


class Taking:
    """One endpoint with the names that are published of it."""

    def __init__(self, *ids: str) -> None:
        self.world = WithdrawalWorld()
        self.objects = InMemoryObjectDeletions(*(ids or ("vpce-1",)))
        self.records = Records(self.world.store)
        self.connections = InMemoryConnectionRejection()
        self.take_down = TakeDown(self.objects, self.world.store, self.records, self.connections, self.connections)

    def planned(self) -> Removal:
        self.world.owned_objects.marked = [ENDPOINT]
        (removal,) = self.world.planner().plan(self.world.connected, [RESOURCE_ARN]).removals
        return removal

    def run(self, removal: Removal, may: Callable[[], bool] = always) -> Withdrawn | None:
        gone = self.take_down.take_down_while(may, removal, AlwaysTheirTurn())
        assert not isinstance(gone, AwaitTurn)
        return gone


def test_names_are_taken_back_then_the_endpoint_is_deleted_and_waited_for() -> None:
    taking = Taking()
    path = taking.world.publish()
    removal = taking.planned()

    with pytest.raises(NotReadyError, match="vpce-1"):
        taking.run(removal)
    assert taking.world.store.writes == [f"remove {name_parameter(path)}", f"remove {document_parameter(path)}"]
    assert taking.objects.deleted == ["vpce-1"]
    with pytest.raises(NotReadyError, match="is not gone yet"):
        taking.run(removal)
    taking.objects.finish()

    assert taking.run(removal) == Withdrawn(
        what=str(ENDPOINT), parameters=(name_parameter(path), document_parameter(path)), object_went=True
    )
    assert taking.objects.deleted == ["vpce-1"]


def test_what_is_gone_already_is_taken_for_done() -> None:
    taking = Taking()
    removal = taking.planned()
    taking.objects.there.clear()

    assert taking.run(removal) == Withdrawn(what=str(ENDPOINT), object_went=True)


def test_a_record_of_ours_goes_with_the_name() -> None:
    taking = Taking()
    alias = Alias(zone_id="Z1", name="db.corp.example")
    taking.world.publish(alias=alias)

    with pytest.raises(NotReadyError):
        taking.run(taking.planned())

    ((removed, holder),) = taking.records.removed
    assert (removed, holder.binding, holder.subject) == (alias, "orders", RESOURCE_ARN)


def test_a_name_that_leads_elsewhere_by_then_stays() -> None:
    taking = Taking()
    path = taking.world.publish()
    removal = taking.planned()
    taking.world.publish(endpoint_id="vpce-2")

    with pytest.raises(NotReadyError):
        taking.run(removal)
    taking.objects.finish()
    gone = taking.run(removal)

    assert gone is not None
    assert gone.parameters == ()
    assert document_parameter(path) in taking.world.store.there


def test_a_parameter_that_is_not_ours_stays() -> None:
    taking = Taking()
    path = taking.world.publish()
    removal = taking.planned()
    for name, there in taking.world.store.there.items():
        taking.world.store.there[name] = replace(there, subject="")

    with pytest.raises(NotReadyError):
        taking.run(removal)

    assert taking.world.store.there.keys() == {name_parameter(path), document_parameter(path)}


def test_what_does_not_carry_our_tag_any_longer_is_not_touched() -> None:
    taking = Taking()
    removal = taking.planned()
    taking.objects.there["vpce-1"] = ObservedObject(state=ObjectState.PRESENT, is_ours=False)

    with pytest.raises(OwnershipLostError, match="put them back"):
        taking.run(removal)

    assert taking.objects.deleted == []


def test_nothing_is_taken_down_by_a_plan_that_is_too_old_but_waiting_goes_on() -> None:
    taking = Taking()
    taking.world.publish()
    removal = taking.planned()

    assert taking.run(removal, lambda: False) is None
    assert (taking.world.store.writes, taking.objects.deleted) == ([], [])
    with pytest.raises(NotReadyError):
        taking.run(removal)
    with pytest.raises(NotReadyError, match="is not gone yet"):
        taking.run(removal, lambda: False)


def test_what_aws_does_not_delete_yet_is_waited_for_in_its_words() -> None:
    taking = Taking()
    removal = taking.planned()
    taking.objects.there["snra-1"] = ObservedObject(state=ObjectState.PRESENT)
    taking.objects.depended_on["vpce-1"] = "snra-1"

    with pytest.raises(NotReadyError, match="snra-1 depends on it"):
        taking.run(removal)


def test_what_aws_gave_up_on_is_told_again_and_named() -> None:
    taking = Taking()
    removal = taking.planned()
    taking.objects.there["vpce-1"] = ObservedObject(state=ObjectState.PRESENT, failure="DELETE_FAILED: no room")

    with pytest.raises(NotReadyError, match="DELETE_FAILED: no room"):
        taking.run(removal)

    assert taking.objects.deleted == ["vpce-1"]


def test_the_names_of_a_consumer_s_endpoint_go_whatever_they_say() -> None:
    taking = Taking()
    path = "/drawbridge/consumers/222222222222/vpce-1"
    for name in (name_parameter(path), document_parameter(path)):
        taking.world.store.create(name, "{}", subject="vpce-1")
    published = PublishedPath(path=path, subject="vpce-1", through="vpce-1")
    removal = NamesRemoval(names=(published,), cause=Cause.CONNECTION_GONE, why="gone")

    gone = taking.run(removal)

    assert gone is not None
    assert gone.parameters == (name_parameter(path), document_parameter(path))
    assert taking.world.store.there == {}


def test_a_plain_name_whose_json_never_came_is_taken_back_too() -> None:
    taking = Taking()
    path = "/drawbridge/consumers/222222222222/vpce-1"
    taking.world.store.create(name_parameter(path), "db.example", subject="vpce-1")
    published = PublishedPath(path=path, subject="vpce-1", through="vpce-1")

    taking.run(NamesRemoval(names=(published,), cause=Cause.CONNECTION_GONE, why="gone"))

    assert taking.world.store.there == {}


def test_a_plain_name_of_another_s_stays_although_it_has_no_json() -> None:
    taking = Taking()
    path = "/drawbridge/consumers/222222222222/vpce-1"
    taking.world.store.create(name_parameter(path), "db.example", subject="vpce-2")
    published = PublishedPath(path=path, subject="vpce-1", through="vpce-1")

    taking.run(NamesRemoval(names=(published,), cause=Cause.CONNECTION_GONE, why="gone"))

    assert taking.world.store.there.keys() == {name_parameter(path)}


def consumers_names(taking: Taking, number: int) -> NamesRemoval:
    """Publish the names of many consumers' endpoints; return their removal."""
    ids = [f"vpce-{each:02}" for each in range(number)]
    names = [PublishedPath(path=f"/drawbridge/consumers/2/{each}", subject=each, through=each) for each in ids]
    for name in names:
        for parameter in (name_parameter(name.path), document_parameter(name.path)):
            taking.world.store.create(parameter, "{}", subject=name.subject)
    taking.world.store.writes.clear()
    return NamesRemoval(names=tuple(names), cause=Cause.CONNECTION_GONE, why="gone")


def test_of_many_names_ten_are_taken_back_together_and_their_plain_names_first() -> None:
    taking = Taking()
    removal = consumers_names(taking, 12)

    taking.run(removal)

    plain, documents = ([of(each.path) for each in removal.names] for of in (name_parameter, document_parameter))
    gone = [*plain[:10], *documents[:10], *plain[10:], *documents[10:]]
    assert taking.world.store.writes == [f"remove {each}" for each in gone]


def test_before_each_ten_names_it_is_asked_whether_they_may_be_taken_back_still() -> None:
    taking = Taking()
    removal = consumers_names(taking, 12)
    answers = iter([True, False])

    assert taking.run(removal, lambda: next(answers)) is None

    assert {name.rpartition("/")[0] for name in taking.world.store.there} == {each.path for each in removal.names[10:]}


def test_a_name_that_may_not_be_taken_back_keeps_no_other() -> None:
    taking = Taking()
    removal = consumers_names(taking, 3)
    stays = removal.names[1].path
    remove = taking.world.store.remove

    def refused(name: str, *, subject: str) -> None:
        if name.startswith(stays):
            raise AccessDeniedError("no")
        remove(name, subject=subject)

    taking.world.store.remove = refused  # type: ignore[method-assign]

    with pytest.raises(AccessDeniedError):
        taking.run(removal)

    assert taking.world.store.there.keys() == {name_parameter(stays), document_parameter(stays)}


names = st.lists(st.builds(PublishedPath, path=st.text(), subject=st.text(), through=st.text()), max_size=3)
observed_objects = st.builds(
    ObservedObject, state=st.sampled_from(ObjectState), is_ours=st.booleans(), failure=st.text(max_size=5)
)


@given(names.map(tuple), observed_objects)
def test_whatever_is_observed_the_names_go_first_and_only_what_is_ours_is_deleted(
    there: tuple[PublishedPath, ...], removed: ObservedObject
) -> None:
    removal = ObjectRemoval(removed=ENDPOINT, names=there, cause=Cause.BINDING, why="")

    taken = [*steps(removal, ObservedRemoval(names=there, removed=removed))]

    assert taken[: len(there)] == [TakeBackName(each) for each in there]
    match removed:
        case ObservedObject(state=ObjectState.GONE):
            rest: list[object] = []
        case ObservedObject(state=ObjectState.DELETING):
            rest = [AwaitGone(ENDPOINT.id)]
        case ObservedObject(is_ours=True, failure=failure):
            rest = [DeleteObject(ENDPOINT, failure), AwaitGone(ENDPOINT.id)]
        case _:
            rest = [NotOurs(ENDPOINT)]
    assert taken[len(there) :] == rest
    assert all(str(each) for each in taken)


def test_an_object_waits_for_names_that_another_removal_takes_back() -> None:
    taking = Taking()
    path = taking.world.publish()
    names = taking.planned().names
    waiting = ObjectRemoval(removed=ENDPOINT, after=names, cause=Cause.BINDING, why="")

    with pytest.raises(NotReadyError, match=f"until {path} is taken back"):
        taking.run(waiting)
    assert (taking.objects.deleted, taking.world.store.writes) == ([], [])
    taking.run(NamesRemoval(names=names, cause=Cause.BINDING, why=""))
    with pytest.raises(NotReadyError, match="is being deleted"):
        taking.run(waiting)


def test_when_everything_is_gone_there_is_no_step() -> None:
    removal = ObjectRemoval(removed=ENDPOINT, cause=Cause.BINDING, why="")

    assert next_step(removal, ObservedRemoval(removed=GONE)) is None
    assert next_step(NamesRemoval(names=(), cause=Cause.BINDING, why=""), ObservedRemoval()) is None


# ---- the connection of a consumer's endpoint -------------------------------------------------------------------------

CONNECTED = PublishedPath(
    path=f"/drawbridge/consumers/{CONSUMER}/{ENDPOINT_ID}", subject=ENDPOINT_ID, through=ENDPOINT_ID
)
REJECTION = ConnectionRemoval(
    service_id=SERVICE_ID, endpoint_id=ENDPOINT_ID, names=(CONNECTED,), cause=Cause.COMMANDED, why="on command"
)
PARAMETERS = (name_parameter(CONNECTED.path), document_parameter(CONNECTED.path))


@pytest.fixture
def connected() -> Taking:
    """Return a connection with the names that are published of it."""
    taking = Taking()
    taking.connections.there[ENDPOINT_ID] = ConnectionState.AVAILABLE
    for name in PARAMETERS:
        taking.world.store.create(name, "{}", subject=ENDPOINT_ID)
    taking.world.store.writes.clear()
    return taking


def test_a_connection_s_names_are_taken_back_and_it_is_rejected(connected: Taking) -> None:
    gone = connected.run(REJECTION)

    assert gone == Withdrawn(what=str(REJECTION), parameters=PARAMETERS, object_went=True)
    assert connected.connections.there == {ENDPOINT_ID: ConnectionState.REJECTED}
    assert connected.world.store.there == {}
    assert connected.run(REJECTION) == gone
    assert connected.connections.rejected == [ENDPOINT_ID]


def test_a_connection_is_rejected_once_its_names_are_gone_and_not_before(connected: Taking) -> None:
    there_at_rejection: list[int] = []
    answer = connected.connections.answer

    def answered(service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
        there_at_rejection.append(len(connected.world.store.there))
        return answer(service_id, endpoint_ids, accept=accept)

    connected.connections.answer = answered  # type: ignore[method-assign] # what it is asked is the test's subject

    connected.run(REJECTION)

    assert there_at_rejection == [0]


@pytest.mark.parametrize("allowed", [0, 1])
def test_nothing_of_a_connection_is_taken_down_that_may_not_be(connected: Taking, allowed: int) -> None:
    answers = [True] * allowed + [False]

    assert connected.run(REJECTION, lambda: answers.pop(0)) is None
    assert connected.connections.rejected == []
    assert (connected.world.store.there == {}) is bool(allowed)


@pytest.mark.parametrize(
    "state",
    [
        ConnectionState.PENDING_ACCEPTANCE,
        ConnectionState.PENDING,
        ConnectionState.AVAILABLE,
        ConnectionState.PARTIAL,
    ],
)
def test_a_connection_in_any_state_that_is_no_end_is_rejected(connected: Taking, state: ConnectionState) -> None:
    connected.connections.there[ENDPOINT_ID] = state

    assert connected.run(REJECTION) is not None
    assert connected.connections.rejected == [ENDPOINT_ID]


@pytest.mark.parametrize(
    "state",
    [
        None,
        ConnectionState.REJECTED,
        ConnectionState.EXPIRED,
        ConnectionState.FAILED,
        ConnectionState.DELETING,
        ConnectionState.DELETED,
    ],
)
def test_a_connection_that_is_over_is_rejected_by_nobody_and_its_names_go(
    connected: Taking, state: ConnectionState | None
) -> None:
    connected.connections.there = {} if state is None else {ENDPOINT_ID: state}

    gone = connected.run(REJECTION)

    assert gone is not None
    assert (gone.parameters, connected.connections.rejected) == (PARAMETERS, [])


@pytest.mark.parametrize("state", [ConnectionState.AVAILABLE, ConnectionState.UNKNOWN])
def test_a_connection_of_which_ec2_says_nothing_is_neither_rejected_nor_gone(
    connected: Taking, state: ConnectionState
) -> None:
    """An empty answer says nothing, and neither does a state that nobody knows."""
    connected.connections.there[ENDPOINT_ID] = state
    connected.connections.says_nothing = state is ConnectionState.AVAILABLE

    with pytest.raises(NotReadyError, match="is not gone yet"):
        connected.run(REJECTION)
    assert connected.connections.rejected == []


def test_a_rejection_that_aws_refuses_is_waited_for_in_its_words(connected: Taking) -> None:
    connected.connections.refused[ENDPOINT_ID] = "it is being created"

    with pytest.raises(NotReadyError, match="not rejected yet: it is being created"):
        connected.run(REJECTION)


def test_a_rejection_that_is_not_visible_yet_is_told_once_in_one_breath(connected: Taking) -> None:
    connected.connections.shows_at_once = False

    with pytest.raises(NotReadyError, match="not visible yet"):
        connected.run(REJECTION)
    assert connected.connections.rejected == [ENDPOINT_ID]
    connected.connections.there[ENDPOINT_ID] = ConnectionState.REJECTED

    assert connected.run(REJECTION, lambda: False) is not None


@pytest.mark.parametrize("state", [None, ConnectionState.DELETED])
def test_a_rejection_that_aws_refuses_of_what_is_over_by_then_is_done(
    connected: Taking, state: ConnectionState | None
) -> None:
    def refused(service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
        connected.connections.there = {} if state is None else {ENDPOINT_ID: state}
        return {ENDPOINT_ID: "there is no such connection"}

    connected.connections.answer = refused  # type: ignore[method-assign] # between two looks something happens

    assert connected.run(REJECTION) is not None


def test_names_of_a_connection_that_are_somebody_else_s_stay(connected: Taking) -> None:
    connected.world.store.there.clear()
    for name in PARAMETERS:
        connected.world.store.create(name, "{}", subject="vpce-of-another")

    gone = connected.run(REJECTION)

    assert gone is not None
    assert (gone.parameters, {*connected.world.store.there}) == ((), {*PARAMETERS})


@given(names.map(tuple), observed_objects)
def test_of_a_connection_the_names_go_first_and_then_it_is_rejected_once(
    there: tuple[PublishedPath, ...], removed: ObservedObject
) -> None:
    taken = [*steps(REJECTION, ObservedRemoval(names=there, removed=removed))]

    rest: dict[ObjectState, list[object]] = {
        ObjectState.GONE: [],
        ObjectState.DELETING: [AwaitGone(str(REJECTION))],
        ObjectState.PRESENT: [RejectConnection(SERVICE_ID, ENDPOINT_ID), AwaitGone(str(REJECTION))],
    }
    assert taken == [*map(TakeBackName, there), *rest[removed.state]]
    assert all(str(each) for each in taken)
