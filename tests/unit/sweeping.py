"""What a sweep works with, each as a test's world tells it: the sweep's own rules are what is asked about."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from drawbridge.association.made import Made
from drawbridge.association.plan_inputs import Inputs
from drawbridge.discovery.announcements import Announcements
from drawbridge.discovery.drift import Drift, Drifted
from drawbridge.discovery.endings import Endings
from drawbridge.discovery.fingerprints import Configured
from drawbridge.discovery.observation import Observer
from drawbridge.discovery.observed import Seen
from drawbridge.discovery.planned import Planned
from drawbridge.discovery.review import Review, ReviewOpen
from drawbridge.discovery.reviewer import PolicyReviewer
from drawbridge.discovery.row import Row
from drawbridge.discovery.sweep import Discoverer
from drawbridge.discovery.waiting import WaitingRequests, Waits
from drawbridge.lattice import Matchable
from drawbridge.request.connections import NONE_HELD, Held
from drawbridge.request.shares import SharedResource

if TYPE_CHECKING:
    from tests.unit.discovering import World


def discoverer_of(world: World) -> Discoverer:
    configured = ToldConfigured(world)
    return Discoverer(
        observer=Observer(world, world, configured),
        services=world,
        ledger=world,
        workflow=world,
        endings=ToldEndings(world),
        configured=configured,
        announcements=ToldAnnouncements(world),
        reviewer=ToldReviewer(world),
        waiting=ToldWaiting(world),
        drift=ToldDrift(world),
        planned=ToldPlanned(world),
        questions_at_once=5,
    )


class ToldConfigured(Configured):
    def __init__(self, world: World) -> None:
        self._world = world

    def wanted(self, provider: str, share_name: str) -> str:
        return self._world.wanted(provider, share_name)

    def matched(self, share_name: str, contents: tuple[Matchable, ...]) -> str:
        return self._world.matched(share_name, contents)

    def permitted(self, account_id: str, held: Held = NONE_HELD) -> str:
        return self._world.permitted(account_id, held)


class ToldEndings(Endings):
    def __init__(self, world: World) -> None:
        self._world = world

    def record(self, row: Row) -> bool:
        return self._world.record(row)


class ToldAnnouncements(Announcements):
    def __init__(self, world: World) -> None:
        self._world = world

    def pending(self, seen: Seen, attempt: int) -> None:
        self._world.pending(seen, attempt)

    def reviewed(self, row: Row, review: Review, *, under: str) -> None:
        self._world.reviewed(row, review, under=under)


class ToldReviewer(PolicyReviewer):
    def __init__(self, world: World) -> None:
        self._world = world

    def goes_by_the_clock(self) -> bool:
        return self._world.goes_by_the_clock()

    def decides_otherwise(self, row: Row, now: datetime) -> bool:
        return self._world.decides_otherwise(row, now)

    def review(self, row: Row, held: Collection[SharedResource]) -> Review | ReviewOpen:
        return self._world.review(row, held)


class ToldWaiting(WaitingRequests):
    def __init__(self, world: World) -> None:
        self._world = world

    def look_at(self, request_ids: Collection[str]) -> None:
        self._world.look_at(request_ids)

    def see_to(self, row: Row, now: datetime, *, reconsider: bool) -> Waits:
        return self._world.see_to(row, now, reconsider=reconsider)


class ToldDrift(Drift):
    def __init__(self, world: World) -> None:
        self._world = world

    def of(self, row: Row) -> Drifted:
        return self._world.of(row)


class ToldPlanned(Planned):
    def __init__(self, world: World) -> None:
        self._world = world

    def left(self, row: Row) -> tuple[Made, ...] | None:
        return self._world.left(row)

    def inputs(self, provider: str, share_name: str, held: Collection[SharedResource], row: Row) -> Inputs:
        return self._world.inputs(provider, share_name, held, row)
