"""The story of a request: what happened to it, in order, told from its history and its row."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import assert_never

from msgspec import Struct

from drawbridge.record.entry import Entry
from drawbridge.record.history import (
    CommandItem,
    HistoryItem,
    KeptHistory,
    MadeObjects,
    MarksItem,
    QuestionItem,
    StatusItem,
    place_of,
)
from drawbridge.request import ExecutionInput
from drawbridge.status import Reason, Status
from drawbridge_cli.console_links import ConsoleLinks, Link
from drawbridge_cli.innermost import innermost

_EXECUTIONS_KEPT = timedelta(days=90)


class StoryEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened."""

    at: str
    """ISO 8601, UTC."""
    attempt: int
    what: str
    """``attempt``, ``status``, ``question``, ``marks``, ``command``, ``repeated`` for attempts that went alike, or
    ``left-out`` for what is not told between two events."""
    text: str
    """In a sentence, or a status."""
    reasons: tuple[Reason, ...] = ()
    details: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


class Story(Struct, frozen=True, kw_only=True):
    """What happened to a request, in order."""

    events: tuple[StoryEvent, ...]
    has_earlier: bool = False
    """Whether more happened before, which is not kept any longer."""


def story_of(entry: Entry, kept: KeptHistory, *, links: ConsoleLinks, now: datetime) -> Story:
    """Tell what happened to a request.

    The row keeps the last statuses too, in short: what the history lacks, because it could not be written or is of a
    version that kept none, is told from there.
    """
    items = (*kept.first, *kept.last)
    told = {(each.attempt, each.happened.status, each.at) for each in items if isinstance(each.happened, StatusItem)}
    of_row = [item for item, of in _items_of_row(entry) if (item.attempt, of.status, item.at) not in told]
    teller = _Teller(entry, links, now)
    if not kept.first:
        events = teller.story([*kept.last, *of_row])
    else:
        # What the row has of what is left out is left out too.
        end, again = place_of(kept.first[-1]), place_of(kept.last[0])
        events = (
            *teller.story([*kept.first, *(item for item in of_row if place_of(item) < end)]),
            _left_out(kept.first[-1], kept.left_out),
            *teller.story([*kept.last, *(item for item in of_row if place_of(item) > again)]),
        )
    return Story(events=events, has_earlier=any(_follows_something(event) for event in events[:1]))


def _follows_something(first: StoryEvent) -> bool:
    """Return whether something came before the first that is told: a story begins with the first attempt."""
    return first.attempt > 1 or first.what != "attempt"


def _left_out(after: HistoryItem, number: int | None) -> StoryEvent:
    count = "some" if number is None else f"{number:,}"
    text = f"… {count} {'item' if number == 1 else 'items'} left out"
    return StoryEvent(at=after.at, attempt=after.attempt, what="left-out", text=text)


def _items_of_row(entry: Entry) -> Iterator[tuple[HistoryItem, StatusItem]]:
    for place, each in enumerate(entry.history):
        if not _is_time(each.at) or each.attempt < 1:
            # Somebody wrote it by hand.
            continue
        status = StatusItem(status=each.status, settled=False, reasons=each.reasons)
        name = f"{each.attempt:07d}/row/{place:03d}"
        yield (
            HistoryItem(request_id=entry.request_id, attempt=each.attempt, name=name, at=each.at, happened=status),
            status,
        )


def _is_time(at: str) -> bool:
    try:
        return datetime.fromisoformat(at).tzinfo is not None
    except ValueError:
        return False


class _Teller:
    """Tells of a request's items."""

    def __init__(self, entry: Entry, links: ConsoleLinks, now: datetime) -> None:
        self._entry = entry
        self._links = links
        self._now = now

    def story(self, items: Iterable[HistoryItem]) -> tuple[StoryEvent, ...]:
        """Return the events of items, in order, those that went alike told once."""
        in_order = sorted(items, key=place_of)
        attempts = [
            (attempt, tuple(self.events(group))) for attempt, group in groupby(in_order, key=lambda each: each.attempt)
        ]
        return tuple(_shortened(attempts))

    def events(self, items: Iterable[HistoryItem]) -> Iterator[StoryEvent]:
        """Yield the events of one attempt's items."""
        began = False
        for item in items:
            match item.happened:
                case StatusItem() as reached:
                    begins = not began and reached.status in {Status.PENDING, Status.WITHDRAWING}
                    began = began or begins
                    yield self._attempt(item, reached) if begins else self._status(item, reached)
                case QuestionItem() as question:
                    yield _question(item, question)
                case MarksItem(reasons=reasons):
                    yield StoryEvent(
                        at=item.at, attempt=item.attempt, what="marks", text=reasons[0].text, reasons=reasons[1:]
                    )
                case CommandItem(command=command, by=by):
                    # Without a name, an event had it withdrawn.
                    what = f"drawbridge {command}" if command else "commanded to be withdrawn"
                    text = f"{what}, by {by or 'somebody'}"
                    yield StoryEvent(at=item.at, attempt=item.attempt, what="command", text=text)
                case _:
                    assert_never(item.happened)

    def _attempt(self, item: HistoryItem, begun: StatusItem) -> StoryEvent:
        withdrawing = begun.status is Status.WITHDRAWING
        text = f"attempt {item.attempt}{', of the withdrawal,' if withdrawing else ''} began"
        links: tuple[Link, ...] = ()
        if self._now - datetime.fromisoformat(item.at) < _EXECUTIONS_KEPT:
            execution = ExecutionInput(
                request=self._entry.request, request_id=self._entry.request_id, attempt=item.attempt
            )
            links = (self._links.execution(execution, withdrawing=withdrawing),)
        return StoryEvent(
            at=item.at, attempt=item.attempt, what="attempt", text=text, reasons=begun.reasons, links=links
        )

    def _status(self, item: HistoryItem, reached: StatusItem) -> StoryEvent:
        decided = tuple(each for each in reached.decided_by if each not in reached.reasons)
        details = (
            *(f"published {name}" for name in reached.published),
            *(f"taken back {name}" for name in reached.taken_back),
            *(_made_text(each) for each in reached.made),
        )
        links = (self._links.endpoint(each.endpoint_id) for each in reached.made)
        return StoryEvent(
            at=item.at,
            attempt=item.attempt,
            what="status",
            text=str(reached.status),
            reasons=tuple(map(innermost, (*reached.reasons, *decided))),
            details=details,
            links=tuple(dict.fromkeys(link for link in links if link is not None)),
        )


def _question(item: HistoryItem, question: QuestionItem) -> StoryEvent:
    until = f"{question.deadline:%Y-%m-%d %H:%M} UTC"
    return StoryEvent(
        at=item.at,
        attempt=item.attempt,
        what="question",
        text=f"people were asked, until {until}, and shown",
        reasons=question.why,
        details=(
            *(f"changed: {each}" for each in question.changed),
            *(f"{line.label}: {line.text}" for line in question.lines),
            *(f"on approval: {effect}" for effect in question.effects),
        ),
    )


def _made_text(made: MadeObjects) -> str:
    ids = (made.endpoint_id, *made.associations, made.network_arn)
    return f"{made.binding}: {made.resource_arn} by {', '.join(filter(None, ids))}"


def _shortened(attempts: Sequence[tuple[int, tuple[StoryEvent, ...]]]) -> Iterator[StoryEvent]:
    """Yield the events; of attempts that went like the one before, only how many there were, and until when."""
    for _, alike in groupby(attempts, key=lambda attempt: [_signature(event) for event in attempt[1]]):
        first, *others = alike
        yield from first[1]
        if not others:
            continue
        if len(others) == 1:
            yield from others[0][1]
            continue
        attempt, events = others[-1]
        text = f"{len(others)} more attempts, up to attempt {attempt}, went the same way"
        yield StoryEvent(at=events[-1].at, attempt=attempt, what="repeated", text=text)


def _signature(event: StoryEvent) -> tuple[object, ...]:
    """Return what two events have in common that are alike: not their times, nor what carries the attempt's number."""
    return event.what, event.text.replace(str(event.attempt), "#"), event.reasons, event.details
