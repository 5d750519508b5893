"""The publication plan: a comparison of what is due with what is published, as data."""

from __future__ import annotations

from typing import Any
from unittest import mock

import msgspec
import pytest

from drawbridge.association import DesiredAlias, DesiredAttachment
from drawbridge.association.aliases import Holder
from drawbridge.errors import (
    AccessDeniedError,
    ConflictError,
    DrawbridgeError,
    NotReadyError,
    RefusedError,
    ThrottledError,
)
from drawbridge.publication.named import NamedResource
from drawbridge.publication.parameters import ObservedParameter, Refuse, RemoveParameters, WriteParameters
from drawbridge.publication.plan import NameChange, NamePlan, PointRecord, PublicationPlan, RemoveRecord
from drawbridge.publication.planner import PublicationPlanner
from tests.builders import NOW, RESOURCE_ARN, desired, entity
from tests.fakes.interruptions import CrashError
from tests.fakes.parameter_store import InMemoryPublicationStore
from tests.unit.publishing import BY_ENDPOINT, NAME, World, named, publication

PATH = "/drawbridge/connections/orders/orders-db"
PLAIN, DOCUMENT = f"{PATH}/dns-name", f"{PATH}/connection"
ALIASED = desired(alias="db.internal", alias_zone="Z0123456789")
RENAMED = desired(alias="other.internal", alias_zone="Z0123456789")
GROUP = desired(resource_name="group", resource_type="GROUP")
ALIAS = DesiredAlias(name="{resource}.internal", zone_id="Z0123456789", zone_name="internal", reserved=False)
OTHER_ARN = f"{RESOURCE_ARN}9"


def plan_of(world: World, names: InMemoryPublicationStore, attachment: DesiredAttachment) -> PublicationPlan:
    planner = PublicationPlanner(world, world, names, world, prefix="drawbridge")
    return planner.plan(attachment, BY_ENDPOINT, now=NOW)


def plan(world: World, names: InMemoryPublicationStore, attachment: DesiredAttachment) -> NamePlan:
    (name,) = plan_of(world, names, attachment).names
    return name


def kinds(name: NamePlan) -> list[type]:
    return [type(action) for action in name.actions]


def test_what_is_published_nowhere_is_new_with_the_record_first_and_the_json_last() -> None:
    planned = plan(World(named()), InMemoryPublicationStore(), ALIASED)

    point, write = planned.actions
    assert isinstance(point, PointRecord)
    assert isinstance(write, WriteParameters)
    assert [each.name for each in write.parameters] == [PLAIN, DOCUMENT]
    assert (planned.change, planned.path, planned.dns_name) == (NameChange.NEW, PATH, NAME)
    assert planned.document is not None


def test_planning_writes_nothing() -> None:
    names, world = InMemoryPublicationStore(), World(named())

    plan(world, names, ALIASED)

    assert (names.writes, world.records) == ([], {})


def test_what_is_published_as_it_is_due_needs_nothing() -> None:
    names, world = InMemoryPublicationStore(), World(named())
    publication(world, names, ALIASED)

    planned = plan(world, names, ALIASED)

    assert (planned.change, planned.why, planned.actions) == (NameChange.SAME, (), ())


def test_what_changed_is_shown_field_by_field() -> None:
    names = InMemoryPublicationStore()
    publication(World(named()), names, desired())

    planned = plan(World(named(dns_name="new.example", hosted_zone_id="Z2")), names, desired())

    assert planned.change is NameChange.CHANGED
    assert planned.why == (
        f"{PLAIN}: {NAME} -> new.example",
        f"dnsName: {NAME} -> new.example",
        "hostedZoneId: Z1 -> Z2",
    )


@pytest.mark.parametrize("missing", [PLAIN, DOCUMENT])
def test_of_a_pair_only_what_is_missing_is_written(missing: str) -> None:
    names = InMemoryPublicationStore()
    publication(World(named()), names, desired())
    del names.there[missing]

    planned = plan(World(named()), names, desired())

    (write,) = planned.actions
    assert isinstance(write, WriteParameters)
    assert [each.name for each in write.parameters] == [missing]
    assert (planned.change, planned.why) == (NameChange.CHANGED, (f"{missing} is missing",))


def test_a_marker_of_an_earlier_version_is_written_anew_and_is_no_change_of_the_name() -> None:
    names, world = InMemoryPublicationStore(), World(named())
    publication(world, names, ALIASED)
    world.holders["db.internal"] = Holder(subject=RESOURCE_ARN)

    planned = plan(world, names, ALIASED)

    assert kinds(planned) == [PointRecord]
    assert (planned.change, planned.why) == (NameChange.SAME, ())


def test_a_name_that_is_not_ours_is_refused_with_the_reason_and_nothing_else_is_said() -> None:
    names = InMemoryPublicationStore(**{DOCUMENT: ObservedParameter(value="mine", subject="")})

    planned = plan(World(named()), names, desired())

    assert kinds(planned) == [Refuse]
    assert (planned.change, planned.document) == (NameChange.REFUSED, None)
    assert "not Drawbridge's" in planned.why[0]


def test_a_plain_name_that_is_not_ours_leaves_the_json_to_be_written_and_the_refusal_is_last() -> None:
    names = InMemoryPublicationStore(**{PLAIN: ObservedParameter(value="mine", subject="")})

    planned = plan(World(named()), names, ALIASED)

    assert kinds(planned) == [PointRecord, WriteParameters, Refuse]
    assert planned.change is NameChange.REFUSED
    assert [why.startswith(PLAIN) for why in planned.why] == [True]


def test_a_name_of_our_own_that_is_another_s_is_refused_before_anything_is_written() -> None:
    names, world = InMemoryPublicationStore(), World(named())
    world.holders["db.internal"] = Holder(subject=OTHER_ARN, binding=ALIASED.binding)

    assert kinds(plan(world, names, ALIASED)) == [Refuse]


def test_a_name_of_our_own_that_can_not_be_is_refused() -> None:
    planned = plan(
        World(named()), InMemoryPublicationStore(), desired(resource_name="not a label", alias="{resource}.internal")
    )

    assert kinds(planned) == [Refuse]
    assert planned.path == "/drawbridge/connections/orders/not__20a__20label"


def test_of_a_resource_that_is_gone_first_the_record_then_the_name_and_the_json_last() -> None:
    names = InMemoryPublicationStore()
    before, after = children("one", "two"), children("one")
    publication(before, names, msgspec.structs.replace(GROUP, alias=ALIAS))

    planned = plan_of(after, names, GROUP)

    (gone,) = planned.taken_back
    record, parameters = gone.actions
    path = "/drawbridge/connections/orders/two"
    assert isinstance(record, RemoveRecord)
    assert isinstance(parameters, RemoveParameters)
    assert parameters.names == (f"{path}/dns-name", f"{path}/connection")
    assert (gone.change, gone.why, gone.dns_name) == (NameChange.GONE, (), "two.example")


def test_a_child_that_was_recreated_takes_the_name_over_and_nothing_is_taken_back() -> None:
    names = InMemoryPublicationStore()
    publication(children("one"), names, GROUP)
    recreated = children("one", suffix="-again")

    planned = plan_of(recreated, names, GROUP)

    assert [each.change for each in planned.names] == [NameChange.CHANGED]
    assert planned.taken_back == ()


class Dying:
    """Lets so many writes pass, and no more."""

    def __init__(self, writes: int) -> None:
        self.left = writes

    def write(self) -> None:
        if not self.left:
            raise CrashError
        self.left -= 1


@pytest.mark.parametrize("after", range(4))
def test_after_a_crash_between_any_two_writes_the_next_run_leaves_what_one_run_leaves(after: int) -> None:
    dying = Dying(after)

    class DyingNames(InMemoryPublicationStore):
        def overwrite(self, name: str, value: str, *, subject: str) -> None:
            dying.write()
            super().overwrite(name, value, subject=subject)

    class DyingWorld(World):
        def point(self, *args: Any, **kwargs: Any) -> None:
            dying.write()
            super().point(*args, **kwargs)

        def remove(self, *args: Any, **kwargs: Any) -> None:
            dying.write()
            super().remove(*args, **kwargs)

    before, names, moved = World(named()), InMemoryPublicationStore(), named(dns_name="new.example")
    publication(before, names, ALIASED)
    world, dying_names = DyingWorld(moved), DyingNames(**names.there)
    world.records, world.holders = before.records, before.holders

    with pytest.raises(CrashError):
        publication(world, dying_names, RENAMED)
    dying.left = 4
    publication(world, dying_names, RENAMED)

    assert world.records == {"other.internal": ("new.example", RESOURCE_ARN)}
    assert dying_names.there[PLAIN].value == "new.example"
    assert plan(world, dying_names, RENAMED).actions == ()


def test_what_somebody_took_since_it_was_planned_is_not_overwritten() -> None:
    class Taken(InMemoryPublicationStore):
        def create(self, name: str, value: str, *, subject: str) -> bool:
            self.there.setdefault(name, ObservedParameter(value="mine", subject=""))
            return super().create(name, value, subject=subject)

    names = Taken()

    with pytest.raises(ConflictError, match="not Drawbridge's"):
        publication(World(named()), names, desired())

    assert names.there == {PLAIN: ObservedParameter(value="mine", subject="")}


def test_what_lost_its_tag_since_it_was_planned_is_not_overwritten() -> None:
    class Losing(World):
        def point(self, *args: Any, **kwargs: Any) -> None:
            super().point(*args, **kwargs)
            names.there = {name: ObservedParameter(value=each.value, subject="") for name, each in names.there.items()}

    names = InMemoryPublicationStore()
    publication(World(named()), names, desired())
    before = {name: each.value for name, each in names.there.items()}

    with pytest.raises(ConflictError, match="not Drawbridge's"):
        publication(Losing(named()), names, ALIASED)

    assert {name: each.value for name, each in names.there.items()} == before


def children(*names: str, suffix: str = "") -> World:
    arns = {f"{RESOURCE_ARN}-{name}{suffix}": name for name in names}
    found: list[NamedResource] = [
        named(arn, group_arn=RESOURCE_ARN, dns_name=f"{name}.example") for arn, name in arns.items()
    ]

    class Only(World):
        def entity(self, arn: str) -> Any:
            return entity(arns[arn], arn, type="CHILD") if arn in arns else None

    return Only(*found)


@pytest.mark.parametrize("error", [AccessDeniedError("look for db.internal"), RefusedError("look for db.internal")])
def test_an_earlier_record_that_may_not_be_removed_is_reported_once_and_keeps_no_name_back(
    error: DrawbridgeError,
) -> None:
    class Denied(World):
        def remove(self, *args: Any, **kwargs: Any) -> None:
            raise error

    before, names = World(named()), InMemoryPublicationStore()
    publication(before, names, ALIASED)
    world = Denied(named(dns_name="new.example"))
    world.records, world.holders = before.records, before.holders

    with pytest.raises(type(error)):
        publication(world, names, RENAMED)

    assert names.there[PLAIN].value == "new.example"
    assert publication(world, names, RENAMED).dns_name == "new.example"


def test_an_earlier_record_that_may_not_be_removed_keeps_back_no_other_name_of_its_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = InMemoryPublicationStore()
    group = msgspec.structs.replace(GROUP, alias=msgspec.structs.replace(ALIAS, name="{resource}.internal"))
    before, after = children("one", "two"), children("one", "two", "three")
    publication(before, names, group)
    after.records, after.holders = before.records, before.holders
    renamed = msgspec.structs.replace(group, alias=msgspec.structs.replace(ALIAS, name="{resource}.other.internal"))
    monkeypatch.setattr(after, "remove", mock.Mock(side_effect=AccessDeniedError("look for one.internal")))

    with pytest.raises(AccessDeniedError, match=r"one\.internal"):
        publication(after, names, renamed)

    assert {name.partition(".")[2] for name in after.records} == {"internal", "other.internal"}
    assert len(names.there) == 6
    assert publication(after, names, renamed).dns_name == "one.example, three.example, two.example"


def test_a_name_that_is_taken_and_whose_earlier_record_may_not_be_removed_is_reported_with_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names, before = InMemoryPublicationStore(), World(named())
    publication(before, names, ALIASED)
    names.there[PLAIN] = ObservedParameter(value="mine", subject="")
    world = World(named(dns_name="new.example"))
    world.records, world.holders = before.records, before.holders
    monkeypatch.setattr(world, "remove", mock.Mock(side_effect=AccessDeniedError("look for db.internal")))

    with pytest.raises(ConflictError, match=r"not Drawbridge's.*; look for db\.internal"):
        publication(world, names, RENAMED)


def test_what_is_gone_keeps_its_parameters_as_long_as_its_record_may_not_be_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = InMemoryPublicationStore()
    group = msgspec.structs.replace(GROUP, alias=ALIAS)
    before, after = children("one", "two"), children("one")
    publication(before, names, group)
    after.records, after.holders = before.records, before.holders
    written = dict(names.there)
    monkeypatch.setattr(after, "remove", mock.Mock(side_effect=AccessDeniedError("look for two.internal")))

    with pytest.raises(AccessDeniedError):
        publication(after, names, group)

    assert names.there == written


def test_whatever_stops_a_group_what_was_published_of_it_before_stays_published() -> None:
    class Throttled(InMemoryPublicationStore):
        def read(self, name: str) -> ObservedParameter | None:
            if "/two/" in name:
                raise ThrottledError("slowly")
            return super().read(name)

    names = Throttled()

    with pytest.raises(ThrottledError):
        publication(children("one", "two"), names, GROUP)

    assert names.there.keys() == {
        "/drawbridge/connections/orders/one/dns-name",
        "/drawbridge/connections/orders/one/connection",
    }


def test_while_a_group_is_waited_for_nobody_asks_what_is_to_be_taken_back() -> None:
    class Unlisted(InMemoryPublicationStore):
        def below(self, path: str) -> list[tuple[str, str]]:
            raise ThrottledError("slowly")

    names = Unlisted()

    with pytest.raises(NotReadyError):
        publication(children(), names, GROUP, patient=True)
