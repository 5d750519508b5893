"""How fast time passes for accounts with the stack: days would be thousands of sweeps."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from local_aws.testing.clock import fast_forward
from scenarios.people import Person

DAY = 24 * 3600.0

_MINUTES = "minutes"
"""In the rate of the schedule that sweeps, and of no other."""

_KEPT = ("Name", "GroupName", "FlexibleTimeWindow", "Target", "State")


def let_days_pass(people: Iterable[Person], seconds: float, *, patience: float = 60.0) -> None:
    """Let days pass in which the stacks sweep and look for orphans once a day, and then as before."""
    with _slowed(people, "rate(24 hours)"):
        fast_forward(seconds, patience=patience)


@contextmanager
def sweeping_seldom(people: Iterable[Person], *, minutes: int) -> Iterator[None]:
    """Have the stacks sweep that seldom in the block, in which hours pass and nothing is to be done.

    Orphans are looked for as often as before.
    """
    with _slowed(people, f"rate({minutes} minutes)", only=_MINUTES):
        yield


@contextmanager
def _slowed(people: Iterable[Person], to: str, only: str = "") -> Iterator[None]:
    rates = [(person, name, rate) for person in people for name, rate in _schedules(person) if only in rate]
    for person, name, _ in rates:
        _set(person, name, to)
    try:
        yield
    finally:
        for person, name, rate in rates:
            _set(person, name, rate)


def _schedules(person: Person) -> list[tuple[str, str]]:
    scheduler = person.client("scheduler")
    names = [each["Name"] for each in scheduler.list_schedules()["Schedules"]]
    return [(name, scheduler.get_schedule(Name=name)["ScheduleExpression"]) for name in names]


def _set(person: Person, name: str, rate: str) -> None:
    scheduler = person.client("scheduler")
    schedule = scheduler.get_schedule(Name=name)
    scheduler.update_schedule(**{key: schedule[key] for key in _KEPT if key in schedule}, ScheduleExpression=rate)
