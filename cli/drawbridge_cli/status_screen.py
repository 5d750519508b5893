"""Printing the status of requests: the most urgent first, each with its reason, whose turn it is and what they run."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby

from msgspec import Struct

from drawbridge.discovery.sweep_record import Mentioned, SweepRecord
from drawbridge.intake.offering.quotas import QuotaUsage
from drawbridge.legible import legible
from drawbridge.status import Status
from drawbridge_cli.command_lines import command
from drawbridge_cli.reason_screen import reason_text
from drawbridge_cli.request_status import RequestStatus, Until
from drawbridge_cli.scheduled_sweeps import ScheduledSweeps, SweepsUnknown, ago
from drawbridge_cli.screen import Line, wrapped
from drawbridge_cli.turns import WhoseTurn
from drawbridge_cli.urgency import Urgency

_LONGEST = 1000
"""Of an error."""

_MOST_OFFERS = 5
"""Of one concern, named."""

TURNS: Mapping[WhoseTurn, str] = {
    WhoseTurn.AWS: "AWS's turn",
    WhoseTurn.APPROVER: "an approver's turn",
    WhoseTurn.OTHER_SIDE: "the other side's turn",
    WhoseTurn.OPERATOR: "your turn",
    WhoseTurn.DRAWBRIDGE: "Drawbridge's turn",
}

TITLES: Mapping[Urgency, str] = {
    Urgency.WITHDRAWAL_CAPPED: "Held back: too much would go at once",
    Urgency.EXPIRING: "Expiring",
    Urgency.FAILED: "Failed",
    Urgency.ANNOUNCED: "Announced to be taken down",
    Urgency.WAITING_FOR_APPROVAL: "Waiting for approval",
    Urgency.HELD: "Held",
    Urgency.IN_PART: "Connected, and refused in part",
    Urgency.DRIFTING: "Drifting",
    Urgency.STUCK: "Stuck",
    Urgency.KEPT: "Connected, and would not be let in now",
    Urgency.UNDER_WAY: "Under way",
    Urgency.CONNECTED: "Connected",
    Urgency.ACCEPTED_ONLY: "Accepted, and no binding wants it",
    Urgency.OVER: "Over",
}

_STANDS: Mapping[Urgency, tuple[str, str]] = {
    Urgency.WITHDRAWAL_CAPPED: ("is held back by the cap", "are held back by the cap"),
    Urgency.EXPIRING: ("is expiring", "are expiring"),
    Urgency.FAILED: ("has failed", "have failed"),
    Urgency.ANNOUNCED: ("is announced to be taken down", "are announced to be taken down"),
    Urgency.WAITING_FOR_APPROVAL: ("waits for a person", "wait for a person"),
    Urgency.HELD: ("is held", "are held"),
    Urgency.IN_PART: ("is connected, and refused in part", "are connected, and refused in part"),
    Urgency.DRIFTING: ("is drifting", "are drifting"),
    Urgency.STUCK: ("is stuck", "are stuck"),
    Urgency.KEPT: ("is connected, and would not be let in now", "are connected, and would not be let in now"),
    Urgency.UNDER_WAY: ("is under way", "are under way"),
    Urgency.CONNECTED: ("is connected", "are connected"),
    Urgency.ACCEPTED_ONLY: ("is accepted, and no binding wants it", "are accepted, and no binding wants them"),
    Urgency.OVER: ("is over", "are over"),
}
"""How one request stands, and several do, in a sentence."""

MARKS: Mapping[Urgency, str] = {
    Urgency.WITHDRAWAL_CAPPED: "bad",
    Urgency.EXPIRING: "bad",
    Urgency.FAILED: "bad",
    Urgency.CONNECTED: "good",
    Urgency.UNDER_WAY: "aside",
    Urgency.ACCEPTED_ONLY: "aside",
    Urgency.OVER: "aside",
}
"""Of titles; what is not here is doubtful."""

SINCE: Mapping[Urgency, str] = {
    Urgency.WITHDRAWAL_CAPPED: "and to go since {}",
    Urgency.ANNOUNCED: "announced at {}",
}
"""How it is told since when, where that is not since when it has its status."""

UNTIL: Mapping[Until, tuple[str, str]] = {
    Until.EXPIRES: ("its invitation expires at {}", "its invitation expired at {}"),
    Until.ANSWER_BY: ("to be answered by {}", "to be answered by {}, which is over"),
    Until.TAKEN_DOWN: ("taken down from {} on", "taken down by the next sweep"),
    Until.LET_IN: ("let in from {} on", "let in by the next sweep"),
    Until.TRIED_AGAIN: ("tried again from {} on", "tried again by the next sweep"),
}
"""What is said of a time to come, and of one that has."""

_STANDS_UNTIL: Mapping[tuple[Urgency, Until], tuple[str, str]] = {
    (Urgency.ANNOUNCED, Until.TAKEN_DOWN): (" from {} on", " by the next sweep"),
    (Urgency.WAITING_FOR_APPROVAL, Until.ANSWER_BY): (" until {}", " until {}, which is over"),
}
"""The same where it goes on the sentence that says how a request stands."""

_COUNTED: Mapping[Urgency, str] = {
    Urgency.CONNECTED: "{} connected",
    Urgency.UNDER_WAY: "{} under way",
    Urgency.ACCEPTED_ONLY: "{} accepted that no binding wants",
}
"""What is told of those that need nobody."""


def by_urgency(statuses: Collection[RequestStatus]) -> list[RequestStatus]:
    """Return them in the order in which they are shown: the most urgent first, then what ends first."""
    places = {urgency: place for place, urgency in enumerate(Urgency)}
    never = datetime.max.replace(tzinfo=UTC)
    return sorted(statuses, key=lambda each: (places[each.urgency], each.until or never, each.since, each.request_id))


def standing(status: RequestStatus, now: datetime) -> str:
    """Return how a request stands, and until when, as a sentence goes on after its name."""
    is_being_taken_down = status.urgency is Urgency.UNDER_WAY and status.status is Status.WITHDRAWING
    stands = "is being taken down" if is_being_taken_down else _STANDS[status.urgency][0]
    if status.until is not None and (words := _STANDS_UNTIL.get((status.urgency, status.until_what))) is not None:
        return f"{stands}{_of_time(words, status.until, now)}"
    return "; ".join(filter(None, (stands, _until_text(status, now))))


def number_standing(number: int, urgency: Urgency) -> str:
    """Return how many requests stand so."""
    return f"{number} {_STANDS[urgency][number != 1]}"


def since_text(status: RequestStatus) -> str:
    """Return the status of a request, and since when."""
    since = _time(status.since)
    of_mark = SINCE.get(status.urgency)
    return f"{status.status}, {of_mark.format(since)}" if of_mark else f"{status.status} since {since}"


def reason_texts(status: RequestStatus) -> tuple[str, ...]:
    """Return the first reason, whole, and how many more there are; nothing where there is no reason."""
    more = len(status.reasons) - 1
    others = f"and {more} more {'reason' if more == 1 else 'reasons'}"
    return tuple(map(reason_text, status.reasons[:1])) + ((others,) if more > 0 else ())


def turn_text(status: RequestStatus) -> str:
    """Return whose turn it is, and what they do; empty if it is nobody's."""
    return "" if status.waiting_for is WhoseTurn.NOBODY else f"{TURNS[status.waiting_for]}: {status.to_do}"


def status_lines(
    statuses: Collection[RequestStatus], width: int | None, now: datetime, *, with_regions: bool = False
) -> Iterator[Line]:
    """Yield requests as lines of a width, at whose end only words are broken off, and never a name."""
    for urgency, group in groupby(by_urgency(statuses), key=lambda each: each.urgency):
        requests = [*group]
        yield f"{TITLES[urgency]} ({len(requests)})", MARKS.get(urgency, "doubtful")
        for each in requests:
            yield from wrapped(each.request_id, width, indent=2, mark="title")
            yield from _lines_of(each, width, now, with_region=with_regions)
        yield "", ""


def rest_line(rest: Mapping[Urgency, int], of: str = "") -> str:
    """Return a line about those that need nobody, of all or of those asked for; what is over is not read."""
    told = ", ".join(words.format(rest[urgency]) for urgency, words in _COUNTED.items() if rest.get(urgency))
    return f"{told or f'nothing else{of} is alive'} (what is over is not counted: --all)"


QUOTAS: Mapping[bool, Line] = {
    True: ("A quota of AWS is reached", "bad"),
    False: ("A quota of AWS is near", "doubtful"),
}
"""What is said of a quota, by whether it is reached."""


def quota_lines(
    quotas: Mapping[str, Collection[QuotaUsage]], width: int | None, *, reached: bool, with_regions: bool = False
) -> Iterator[Line]:
    """Yield the quotas of AWS that are reached, or those that are near, by Region, as lines of a width."""
    told = [(region, each) for region, some in quotas.items() for each in some if each.is_reached is reached]
    if not told:
        return
    title, mark = QUOTAS[reached]
    yield f"{title} ({len(told)})", mark
    for region, each in told:
        where = f"in {region}: " if with_regions else ""
        yield from wrapped(f"{where}{legible(str(each), _LONGEST)}", width, indent=2)
        to_do = f"ask for more, or {each.otherwise}" if each.command else each.otherwise
        yield from wrapped(f"{TURNS[WhoseTurn.OPERATOR]}: {legible(to_do, _LONGEST)}", width, indent=4)
        if each.command:
            yield from wrapped(legible(each.command, _LONGEST), width, indent=6, end=" \\")
    yield "", ""


class OfferConcern(Struct, frozen=True, kw_only=True):
    """Something of offers that needs somebody."""

    name: str
    title: str
    of: Mentioned
    to_do: str


def offer_concerns(record: SweepRecord) -> tuple[OfferConcern, ...]:
    """Return what of offers needs somebody, as a sweep found it, also where it is nothing."""
    refused = record.offers_refused, record.offers_refused_before
    return (
        OfferConcern(
            name="refused",
            title="AWS refuses offers",
            of=Mentioned(sum(each.count for each in refused), tuple(text for each in refused for text in each.first)),
            to_do="mend what AWS says; it is tried again by itself, within a day",
        ),
        OfferConcern(
            name="held_back",
            title="Held back in shares: too many accounts would leave at once",
            of=record.accounts_held_back,
            to_do=f"look at them, then let them go: {command('withdraw', '--confirm')}",
        ),
        OfferConcern(
            name="still_associated",
            title="Out of shares, and still associated",
            of=record.still_associated,
            to_do="the reason is beside each; where it can't go by itself, delete it, or have its account do so",
        ),
    )


def offer_lines(concerns: Collection[OfferConcern], width: int | None, *, region: str = "") -> Iterator[Line]:
    """Yield what of offers needs somebody as lines of a width."""
    for each in concerns:
        if not each.of.count:
            continue
        shown = each.of.first[:_MOST_OFFERS]
        yield f"{each.title}{f', in {region}' if region else ''} ({each.of.count})", "bad"
        for text in shown:
            yield from wrapped(legible(text, _LONGEST), width, indent=2)
        if each.of.count > len(shown):
            yield f"  and {each.of.count - len(shown)} more", "aside"
        yield from wrapped(f"{TURNS[WhoseTurn.OPERATOR]}: {each.to_do}", width, indent=4)
        yield "", ""


def quota_document(usage: QuotaUsage) -> dict[str, object]:
    """Return how much of a quota is used, as ``--json`` prints it."""
    return {
        "of": usage.of,
        "counted": usage.counted,
        "used": usage.used,
        "called_for": usage.called_for,
        "limit": usage.limit,
        "quota_code": usage.code or None,
        "is_reached": usage.is_reached,
        "found": str(usage),
        "to_do": usage.to_do,
    }


def sweeps_line(sweeps: ScheduledSweeps | SweepsUnknown, now: datetime) -> Line:
    """Return a line about the schedule's sweeps: what all the rest is as old as."""
    if isinstance(sweeps, SweepsUnknown):
        return f"when the last sweep was is not known: {legible(sweeps.because, _LONGEST)}", "doubtful"
    last, is_late, doctor = sweeps.last, sweeps.is_late(now), command("doctor")
    if last is None:
        none = "the schedule has not had one sweep made"
        return (f"{none}: {doctor} says why", "bad") if is_late else (f"{none} yet", "aside")
    when = ago(last.ended_at, now)
    if is_late:
        none = f"the schedule has had no sweep made since {_time(last.ended_at)}, {when}"
        return f"{none}: what is here may be as old, and {doctor} says why", "bad"
    if last.failures.count or last.observed is None:
        return f"the last sweep, {when}, could not observe or reconcile all: {doctor} says what", "doubtful"
    observed = f"{last.observed} {'request' if last.observed == 1 else 'requests'}"
    started = f"{last.started.count or 'no'} {'attempt' if last.started.count == 1 else 'attempts'}"
    return f"the last sweep, {when}, observed {observed} and started {started}", "aside"


def _lines_of(status: RequestStatus, width: int | None, now: datetime, *, with_region: bool) -> Iterator[Line]:
    where = f", in {status.region}" if with_region else ""
    when = "; ".join(filter(None, (since_text(status), _until_text(status, now))))
    yield from wrapped(f"{when}; of account {legible(status.account_id)}{where}", width, indent=4)
    for place, text in enumerate(reason_texts(status)):
        yield from wrapped(f"{text}: --json" if place else text, width, indent=4, mark="aside" if place else "")
    if turn := turn_text(status):
        yield from wrapped(turn, width, indent=4)
    if status.urgency.needs_somebody and status.next:
        yield from wrapped(status.next, width, indent=6, end=" \\")


def _until_text(status: RequestStatus, now: datetime) -> str:
    if status.until is None:
        return ""
    return _of_time(UNTIL[status.until_what], status.until, now)


def _of_time(words: tuple[str, str], moment: datetime, now: datetime) -> str:
    to_come, has_come = words
    return (to_come if moment > now else has_come).format(_time(moment))


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
