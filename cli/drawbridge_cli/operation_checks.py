"""Checks of how the stack does: sweeps, dead letters, alarms, what is configured and kept, quotas, the clock."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from drawbridge.association.quotas import NETWORK_ENDPOINTS, RESOURCE_ENDPOINTS
from drawbridge.configuration import Broken
from drawbridge.decision.registration import Registration, check_account_id
from drawbridge.discovery.sweep_record import SweepRecord
from drawbridge.errors import InvalidInputError
from drawbridge.intake.offering.quotas import NEAR, VPC_CODES, QuotaUsage, command_for_more
from drawbridge.intake.registration.mending import mending
from drawbridge.legible import legible
from drawbridge.pacing.budget import BudgetState, Rate
from drawbridge.pacing.defaults import DEFAULTS, parameter_name
from drawbridge_cli.checks import Check, all_ok, ok, problem, warning
from drawbridge_cli.command_lines import CommandLine, command
from drawbridge_cli.consumer_screen import unreadable
from drawbridge_cli.dead_letters import DeadLetterSource
from drawbridge_cli.deployment import ListedAlarm
from drawbridge_cli.scheduled_sweeps import ScheduledSweeps, ago

_ORPHANS_EVERY = timedelta(hours=6)
_ORPHANS_LATE = timedelta(minutes=10)


def check_sweeps(scheduled: ScheduledSweeps, for_orphans: SweepRecord | None, now: datetime) -> list[Check]:
    """Check when the schedule had the last sweep made, and what came of it."""
    name, last = "sweeps", scheduled.last
    checks = []
    to_do = f"{command('sweep')} tries one; then see schedules, hints-mapping and functions here, and dead-letters"
    if last is None:
        found = "the schedule has not had one sweep made yet"
        is_late = scheduled.is_late(now)
        checks.append(problem(name, found, to_do) if is_late else warning(name, found, "check again in a while"))
    elif scheduled.is_late(now):
        checks.append(problem(name, f"the last by schedule ended {ago(last.ended_at, now)}", to_do))
    elif last.failures.count:
        checks.append(
            problem(
                name,
                f"the last by schedule, {ago(last.ended_at, now)}, could not observe or reconcile all: "
                + legible(last.failures.first[0] if last.failures.first else "", 1_000),
                f"{command('sweep')} says all that is wrong now",
            )
        )
    else:
        checks.append(ok(name, f"the last by schedule ended {ago(last.ended_at, now)}"))
    orphans_since = for_orphans.ended_at if for_orphans else scheduled.since
    if now - orphans_since > 2 * _ORPHANS_EVERY + _ORPHANS_LATE:
        what = "last" if for_orphans else "never"
        when = f" {ago(orphans_since, now)}" if for_orphans else ""
        checks.append(
            warning(
                name, f"orphans were looked for {what}{when}", f"{command('sweep', '--orphans')}; see schedules here"
            )
        )
    return checks


def check_dead_letters(counts: Mapping[DeadLetterSource, int]) -> list[Check]:
    there = (
        problem("dead-letters", f"about {count} in {source}", f"{command('redrive')} says why, and sends them again")
        for source, count in counts.items()
        if count
    )
    return all_ok("dead-letters", "none", there)


def check_alarms(
    alarms: Mapping[str, ListedAlarm | None], subscribers: Mapping[str, Collection[str] | None]
) -> list[Check]:
    """Check the stack's alarms; ``subscribers`` are those of the topics that alarms go to, by the topics' ARNs.

    Some wake nobody on purpose: they are only named.
    """
    silent = sorted(name for name, alarm in alarms.items() if alarm is not None and not alarm.actions)

    def otherwise() -> Iterator[Check]:
        for logical_id, alarm in sorted(alarms.items()):
            if alarm is None:
                yield warning("alarms", f"{logical_id} is gone", "deploy the stack again")
            elif alarm.state == "ALARM":
                yield problem("alarms", f"{logical_id} is in alarm: {alarm.reason}", alarm.description)
        if alarms and len(silent) == len(alarms):
            yield warning(
                "alarms",
                "none has any action: no topic is told of them",
                "deploy the stack with AlarmTopicArn, a topic that somebody reads",
            )
        for topic, subscribed in sorted(subscribers.items()):
            if subscribed is None:
                yield problem("alarms", f"their topic {topic} is gone", "make it, or name another")
            elif not subscribed:
                yield warning(
                    "alarms", f"nobody is subscribed to their topic {topic}", "subscribe somebody, and confirm"
                )

    but = f"all tell somebody but {', '.join(silent)}" if silent else "each tells somebody"
    return all_ok("alarms", f"none of {len(alarms)} is in alarm, and {but}", otherwise())


def check_configuration(broken: Iterable[tuple[str, Broken]], *, number: int) -> list[Check]:
    """Check policies, bindings, quotas and budgets, of which there are so many in force."""
    wrong = (
        problem(
            "configuration",
            f"{kind} {legible(each.name)}: {legible(each.reason, 1_000)}; "
            + ("no version of it is in force" if each.in_force is None else f"version {each.in_force} stays in force"),
            "correct it",
        )
        for kind, each in broken
    )
    return all_ok("configuration", f"{number} policies, bindings, quotas and budgets are in force", wrong)


def check_consumers(registered: Iterable[Registration]) -> list[Check]:
    entries = [*registered]
    wrong: list[Check] = []
    for each in entries:
        try:
            check_account_id(each.account_id)
        except InvalidInputError as error:
            wrong.append(problem("consumers", f"an entry that is of no account: {error}", "delete it from the table"))
            continue
        if fields := unreadable(each):
            found = f"the entry of {each.account_id} can't be read, and is unknown: {', '.join(fields)}"
            wrong.append(problem("consumers", found, _written_anew(each.account_id, fields)))
    return all_ok("consumers", f"{len(entries)} are registered", wrong)


def _written_anew(account_id: str, fields: Collection[str]) -> str:
    return "; ".join(f"{CommandLine(each.words)} {each.effect}" for each in mending(account_id, fields))


def check_ledger(broken: Collection[str], *, followed: int) -> list[Check]:
    rows = (problem("ledger", each, "its request stays as it is until then") for each in broken)
    return all_ok("ledger", f"all {followed} rows that are followed can be read", rows)


_TYPES = {RESOURCE_ENDPOINTS: "Resource", NETWORK_ENDPOINTS: "ServiceNetwork"}


def check_quotas(endpoints: Mapping[tuple[str, str], int], quotas: Mapping[str, int]) -> list[Check]:
    """Compare how many endpoints VPCs have, by VPC and type, with what AWS allows."""

    def near() -> Iterator[Check]:
        for quota, kind in _TYPES.items():
            limit = quotas[quota]
            for (vpc_id, _), count in sorted((key, count) for key, count in endpoints.items() if key[1] == kind):
                found = f"{vpc_id} has {count} of the {limit} {kind} endpoints that {quota} allows"
                more = command_for_more("vpc", VPC_CODES[quota], 2 * limit)
                to_do = f"ask for more: {more}; then write the new limit to config/quotas/{quota}"
                if count >= limit:
                    yield problem("quotas", found, to_do)
                elif count >= NEAR * limit:
                    yield warning("quotas", found, to_do)

    return all_ok("quotas", "no VPC is near the number of endpoints that AWS allows", near())


def check_budgets(written: Mapping[str, Rate], states: Mapping[str, BudgetState], now: datetime) -> list[Check]:
    """Tell how often what is paced is called at most, and which of it waits because AWS throttles others."""
    paused = (
        warning(
            "budgets",
            f"{name} is paused until {state.paused_until:%H:%M:%S} UTC: {legible(state.paused_by, 500)}",
            f"others in this account use up what AWS allows; if they always do, write less to "
            f"config/budgets/{parameter_name(name)}",
        )
        for name, state in sorted(states.items())
        if state.paused_until is not None and state.paused_until > now
    )
    found = "; ".join(
        f"{name}: {rate.burst} at once and {rate.per_second:.4g} a second, "
        + (f"by config/budgets/{parameter_name(name)}" if name in written else "by default")
        for name, rate in (DEFAULTS | dict(written)).items()
    )
    return [ok("budgets", found), *paused]


_MOST_SERVICES = 3


def check_offer_quotas(usages: Iterable[QuotaUsage], services: Mapping[str, tuple[int, int]]) -> list[Check]:
    """Check the quotas that offers meet, of which those are given that are near.

    ``services`` are how many principals each managed service allows, and how many connections it has: AWS publishes no
    quota of either.
    """
    name = "offer-quotas"
    near = (
        (problem if each.is_reached else warning)(name, legible(str(each), 1_000), legible(each.to_do, 1_000))
        for each in usages
    )
    fullest = sorted(services.items(), key=lambda each: (-sum(each[1]), each[0]))[:_MOST_SERVICES]
    counted = "; ".join(
        f"{service} allows {principals:,} principals and has {connections:,} connections"
        for service, (principals, connections) in fullest
    )
    of_services = f"; AWS publishes none of an endpoint service: {counted}" if counted else ""
    return all_ok(name, f"none of shares and resource configurations is near{of_services}", near)


_SKEW = timedelta(minutes=1)
_REFUSED = timedelta(minutes=5)


def check_clock(aws: datetime, own: datetime) -> Check:
    """Compare the clock here with AWS's, which refuses requests that are signed five minutes too early or too late."""
    skew = own - aws
    found = f"this machine is {abs(skew.total_seconds()):.0f} s {'ahead of' if skew > timedelta() else 'behind'} AWS"
    if abs(skew) > _REFUSED:
        return problem("clock", found, "set this machine's clock, by NTP")
    if abs(skew) > _SKEW:
        return warning("clock", found, "set this machine's clock, by NTP")
    return ok("clock", found)
