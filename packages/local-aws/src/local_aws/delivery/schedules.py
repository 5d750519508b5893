"""Schedules that fire by the clock: those of EventBridge Scheduler and of EventBridge's rules."""

from __future__ import annotations

import functools
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.models import EventsBackend, events_backends
from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend

from local_aws.delivery import expressions, journal
from local_aws.delivery.background import in_background
from local_aws.delivery.events import BusEvent, send_to_targets
from local_aws.delivery.expressions import Expression
from local_aws.delivery.scheduled import PRINCIPAL, group_arn, run_schedule
from local_aws.functions.roles import trusts
from local_aws.time.clock import Due, clock


@dataclass
class SchedulePlan:
    """A schedule and its next time; ``counted_from`` is the time before that."""

    expression: Expression
    fire: Callable[[datetime], None]
    counted_from: datetime
    last: datetime | None = None
    window: float = 0.0
    """The seconds within which it fires, at random."""
    due: Due | None = field(default=None, repr=False)


class Schedules:
    """The plans of schedules, by ARN."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._plans: dict[str, SchedulePlan] = {}

    def begin(self, arn: str, plan: SchedulePlan) -> None:
        """Plan the next time, in place of any plan for the ARN."""
        with self._lock:
            self.end(arn)
            self._plans[arn] = plan
            self._next(arn, plan)

    def end(self, arn: str) -> None:
        with self._lock:
            plan = self._plans.pop(arn, None)
            if plan is not None and plan.due is not None:
                plan.due.cancel()

    def end_all(self) -> None:
        with self._lock:
            for arn in list(self._plans):
                self.end(arn)

    def _next(self, arn: str, plan: SchedulePlan) -> None:
        time = plan.expression.after(plan.counted_from)
        if time is None or (plan.last is not None and time > plan.last):
            self._plans.pop(arn, None)
            return
        plan.counted_from = time
        within = random.uniform(0, plan.window)  # noqa: S311 - when in a window a schedule fires is no secret
        seconds = time.timestamp() - clock.time() + within
        plan.due = clock.call_later(seconds, lambda: self._fire(arn, plan, time), background=True)

    def _fire(self, arn: str, plan: SchedulePlan, time: datetime) -> None:
        with self._lock:
            if self._plans.get(arn) is not plan:
                return
            self._next(arn, plan)
        in_background("schedules", lambda: plan.fire(time))


schedules = Schedules()
"""This process's schedules."""


def patch_schedules() -> None:
    """Patch moto's Scheduler and rules; harmless when done already."""
    for name in ("create_schedule", "update_schedule"):
        _check_and_follow(name)
    _follow_deletion()
    _follow_deletion_of_groups()
    _follow_rules()


def _check_and_follow(name: str) -> None:
    original = getattr(EventBridgeSchedulerBackend, name)
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def change(self: Any, **parameters: Any) -> Any:
        zone = parameters.get("schedule_expression_timezone") or "UTC"
        try:
            expressions.parse(parameters["schedule_expression"], zone)
        except expressions.InvalidExpressionError as error:
            raise ValidationException(
                message=f"Invalid Schedule Expression {parameters['schedule_expression']}."
            ) from error
        if not trusts(
            parameters["target"]["RoleArn"],
            PRINCIPAL,
            source_arn=group_arn(self.account_id, self.region_name, parameters.get("group_name")),
        ):
            raise ValidationException(
                message="The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
            )
        schedule = original(self, **parameters)
        follow_schedule(self, schedule)
        return schedule

    setattr(EventBridgeSchedulerBackend, name, change)


def follow_schedule(backend: Any, schedule: Any) -> None:
    """Plan the next time of moto's schedule as it is now."""
    if schedule.state == "DISABLED":
        schedules.end(schedule.arn)
        return
    start = _parsed_date(schedule.start_date)
    now = clock.now()
    window = schedule.flexible_time_window or {}
    expression = expressions.parse(schedule.schedule_expression, schedule.schedule_expression_timezone)
    # The start date may itself be the first time.
    counted_from = start - timedelta(microseconds=1) if start and start > now else now
    plan = SchedulePlan(
        expression,
        lambda time: _run(backend, schedule, time),
        counted_from=counted_from,
        last=_parsed_date(schedule.end_date),
        window=float(window.get("MaximumWindowInMinutes") or 0) * 60 if window.get("Mode") == "FLEXIBLE" else 0.0,
    )
    schedules.begin(schedule.arn, plan)


def _run(backend: Any, schedule: Any, time: datetime) -> None:
    run_schedule(schedule, time)
    is_once = schedule.schedule_expression.startswith("at(")
    if is_once and schedule.action_after_completion == "DELETE":
        backend.delete_schedule(schedule.group_name, schedule.name)


def _parsed_date(date: Any) -> datetime | None:
    if date is None:
        return None
    if isinstance(date, str):
        time = datetime.fromisoformat(date)
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(date), UTC)


def _follow_deletion() -> None:
    original = EventBridgeSchedulerBackend.delete_schedule
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def delete_schedule(self: Any, group_name: str | None, name: str) -> None:
        schedules.end(self.get_schedule(group_name, name).arn)
        original(self, group_name, name)

    EventBridgeSchedulerBackend.delete_schedule = delete_schedule


def _follow_deletion_of_groups() -> None:
    original = EventBridgeSchedulerBackend.delete_schedule_group
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def delete_schedule_group(self: Any, name: str | None) -> None:
        for schedule in self.get_schedule_group(name).schedules.values():
            schedules.end(schedule.arn)
        original(self, name)

    EventBridgeSchedulerBackend.delete_schedule_group = delete_schedule_group


def _follow_rules() -> None:
    for name in ("put_rule", "enable_rule", "disable_rule", "delete_rule"):
        _follow_rule_after(name)


def _follow_rule_after(operation: str) -> None:
    original = getattr(EventsBackend, operation)
    if getattr(original, "follows_schedules", False):
        return

    @functools.wraps(original)
    def change(self: Any, name: str, *positional: Any, **parameters: Any) -> Any:
        text = parameters.get("scheduled_expression")
        if text and not _is_for_rules(text):
            raise JsonRESTError("ValidationException", "Parameter ScheduleExpression is not valid.")
        result = original(self, name, *positional, **parameters)
        # Only the default bus has rules with schedules.
        _follow_rule(self, name)
        return result

    change.follows_schedules = True  # type: ignore[attr-defined]  # marks the function, so that it is patched once
    setattr(EventsBackend, operation, change)


def _is_for_rules(text: str) -> bool:
    try:
        return not isinstance(expressions.parse(text), expressions.At)
    except expressions.InvalidExpressionError:
        return False


def _follow_rule(backend: Any, name: str) -> None:
    """Plan the next time of moto's rule as it is now, if it exists and has a schedule."""
    rule = backend.event_buses["default"].rules.get(name)
    arn = f"{backend.account_id}/{backend.region_name}/{name}"
    if rule is None or not rule.scheduled_expression or rule.state == "DISABLED":
        schedules.end(arn)
        return
    plan = SchedulePlan(expressions.parse(rule.scheduled_expression), lambda time: _run_rule(rule, time), clock.now())
    schedules.begin(arn, plan)


def _run_rule(rule: Any, time: datetime) -> None:
    current = events_backends[rule.account_id][rule.region_name].event_buses["default"].rules.get(rule.name)
    if current is None:
        return
    event = BusEvent(
        rule.account_id,
        rule.region_name,
        "aws.events",
        "Scheduled Event",
        {},
        resources=(rule.arn,),
        time=time.timestamp(),
    )
    send_to_targets(current, event, journal.emitted(event.envelope(), current.event_bus_name))
