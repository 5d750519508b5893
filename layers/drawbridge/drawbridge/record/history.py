"""A request's history: what happened to it, kept longer than events, invitations, executions and questions.

Each thing that happened is an item of its own. The row keeps the last statuses too, in short, so that an item that
could not be written holds nothing up.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol, assert_never

from msgspec import Struct

from drawbridge.approval import Line, Question
from drawbridge.bounds import fitting
from drawbridge.publication import AttachmentSnapshot
from drawbridge.record import Outcome
from drawbridge.record.record import reasons_for_status
from drawbridge.request.absence import Absence
from drawbridge.request.announced import Announced
from drawbridge.request.fingerprints import fingerprint
from drawbridge.status import Reason, Status

_NAMES_BYTES = 10_000
_MADE_BYTES = 40_000
_LINES_BYTES = 20_000


class MadeObjects(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What an attempt left for one binding and resource: the ids of what AWS has of it."""

    binding: str
    resource_arn: str
    endpoint_id: str = ""
    network_arn: str = ""
    associations: tuple[str, ...] = ()


class StatusItem(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, tag="status", tag_field="what"):
    """A status that the request reached; that of a new attempt says why there is one, and which hints led there."""

    status: Status
    settled: bool
    reasons: tuple[Reason, ...] = ()
    decided_by: tuple[Reason, ...] = ()
    """The policies and people by which it was accepted or rejected."""
    published: tuple[str, ...] = ()
    taken_back: tuple[str, ...] = ()
    made: tuple[MadeObjects, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Return what it tells of by name: parameters, bindings, ids and ARNs."""
        made = (
            name
            for each in self.made
            for name in (each.binding, each.resource_arn, each.endpoint_id, each.network_arn, *each.associations)
        )
        return frozenset({*self.published, *self.taken_back, *made} - {""})


class QuestionItem(
    Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, tag="question", tag_field="what"
):
    """What people were shown when they were asked."""

    asking: str
    deadline: datetime
    lines: tuple[Line, ...]
    why: tuple[Reason, ...]
    effects: tuple[str, ...]
    changed: tuple[str, ...] = ()


class MarksItem(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="marks", tag_field="what"):
    """What was noted of it between two attempts: that something is gone or announced, or is not any longer."""

    reasons: tuple[Reason, ...]


class CommandItem(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="command", tag_field="what"):
    """What an operator commanded, or an event had done."""

    command: str
    """The command's name: ``withdraw``, ``consumers remove``, ``retry``; empty where it was an event."""
    by: str
    """The ARN of who gave it, or which event it was; empty where it is not known."""


Happened = StatusItem | QuestionItem | MarksItem | CommandItem


class HistoryItem(Struct, frozen=True, kw_only=True):
    """Something that happened to a request."""

    request_id: str
    attempt: int
    name: str
    """The same whenever it is written: a step that is run again adds nothing."""
    at: str
    """ISO 8601, UTC."""
    happened: Happened


class KeptHistory(Struct, frozen=True, kw_only=True):
    """What is kept of a request, in the order in which it happened; of much only the beginning and the end."""

    first: tuple[HistoryItem, ...] = ()
    """The beginning; empty if nothing is left out."""
    left_out: int | None = 0
    """How many items between the two are left out; ``None`` if they were too many to count."""
    last: tuple[HistoryItem, ...] = ()


class Place(Struct, frozen=True, order=True):
    """Where something stands among all that happened: by its time, and at the same time by what must come before."""

    at: datetime
    attempt: int
    step: int
    name: str


def place_of(item: HistoryItem) -> Place:
    """Return where an item stands; items are stored by attempt and name, which is not the order in which it happened.

    Raises:
        ValueError: its time is none.
    """
    return Place(datetime.fromisoformat(item.at), item.attempt, _step(item.happened), item.name)


def _step(happened: Happened) -> int:
    """Return how far an attempt is: it begins, reaches statuses, settles, and then is marked or commanded."""
    match happened:
        case StatusItem(status=Status.PENDING, settled=False):
            return 0
        case StatusItem(settled=False) | QuestionItem():
            return 1
        case StatusItem():
            return 2
        case MarksItem() | CommandItem():
            return 3
        case _:
            assert_never(happened)


class History(Protocol):
    """The kept history of requests."""

    def add(self, item: HistoryItem) -> None:
        """Keep the item, if there is none of its name. Nothing is raised: what can't be kept is reported, and lost."""
        ...


class NoHistory:
    """Keeps nothing."""

    def add(self, item: HistoryItem) -> None:
        return


class ManyKept(Protocol):
    """The kept history of requests, many items in a call."""

    def add_all(self, items: Sequence[HistoryItem]) -> None:
        """Keep the items, those of which there is one of the name excepted. Nothing is raised, as by ``add``."""
        ...


class HistoryTogether:
    """Gathers what is to be kept, and has it kept in few calls."""

    def __init__(self, history: ManyKept) -> None:
        self._history = history
        self._items: list[HistoryItem] = []

    def add(self, item: HistoryItem) -> None:
        self._items.append(item)

    def keep(self) -> None:
        """Have kept what was added."""
        items, self._items = self._items, []
        if items:
            self._history.add_all(items)


def status_item(request_id: str, attempt: int, outcome: Outcome, at: str) -> HistoryItem:
    """Return the item of a status that an attempt reached."""
    reasons = reasons_for_status(outcome.reasons)
    happened = StatusItem(
        status=outcome.status,
        settled=outcome.settled,
        reasons=reasons,
        decided_by=reasons_for_status(outcome.decided_by),
        published=fitting(outcome.published, _NAMES_BYTES),
        taken_back=fitting(outcome.taken_back, _NAMES_BYTES),
        made=fitting((_made_objects(each) for each in outcome.attachments or ()), _MADE_BYTES),
    )
    # One status may be reached twice, with other reasons: accepted, then that no binding wants it.
    begins = outcome.status is Status.PENDING and not outcome.settled
    suffix = "" if begins else f"/{fingerprint(reasons, outcome.settled)}"
    return _item(request_id, attempt, f"status/{outcome.status}{suffix}", at, happened)


def question_item(question: Question, at: str) -> HistoryItem:
    """Return the item of a question, as people are shown it."""
    asked = question.asked
    happened = QuestionItem(
        asking=asked.asking,
        deadline=asked.deadline,
        lines=fitting(asked.lines, _LINES_BYTES),
        why=reasons_for_status(question.why),
        effects=fitting(question.effects, _NAMES_BYTES),
        changed=fitting(question.changed, _NAMES_BYTES),
    )
    return _item(question.request_id, asked.attempt, f"question/{asked.asking}", at, happened)


def command_item(request_id: str, attempt: int, command: str, by: str, at: str) -> HistoryItem:
    """Return the item of an operator's command, or of what an event had done."""
    return _item(request_id, attempt, f"command/{at}", at, CommandItem(command=command, by=by))


def absence_items(
    request_id: str, attempt: int, before: tuple[Absence, ...], after: tuple[Absence, ...], *, capped: bool, at: str
) -> Iterator[HistoryItem]:
    """Yield the item of what is gone or there again, if that changed."""
    were, are = {each.of: each for each in before}, {each.of: each for each in after}
    reasons = [
        *(Reason("gone", f"AWS says that {of} is gone.", source=of) for of in are if of not in were),
        *(
            Reason("gone-confirmed", f"It is settled that {of} is gone.", source=of)
            for of, mark in are.items()
            if mark.confirmed and not (of in were and were[of].confirmed)
        ),
        *(Reason("there-again", f"{of} is there again.", source=of) for of in were if of not in are),
    ]
    yield from _marks_item(request_id, attempt, reasons, capped=capped, at=at)


def announcement_items(
    request_id: str,
    attempt: int,
    before: tuple[Announced, ...],
    after: tuple[Announced, ...],
    *,
    capped: bool,
    at: str,
) -> Iterator[HistoryItem]:
    """Yield the item of what is announced or not any longer, if that changed."""
    were, are = {each.key: each for each in before}, {each.key: each for each in after}
    reasons = [
        *(reason for key, mark in are.items() if key not in were for reason in _announced_reasons(mark)),
        *(
            Reason("let-go", f"Somebody let go {_what(mark)}, whatever else goes with it.")
            for key, mark in are.items()
            if mark.confirmed and not (key in were and were[key].confirmed)
        ),
        *(
            Reason("announced-no-longer", f"The withdrawal of {_what(mark)} is called off.")
            for key, mark in were.items()
            if key not in are
        ),
    ]
    yield from _marks_item(request_id, attempt, reasons, capped=capped, at=at)


def _announced_reasons(mark: Announced) -> tuple[Reason, ...]:
    when = f"{mark.withdraw_after:%Y-%m-%d %H:%M} UTC"
    text = f"Policies no longer permit {_what(mark)}: it is taken down after {when}, unless they permit it again."
    return Reason("announced", text), *mark.reasons


def _what(mark: Announced) -> str:
    return "it" if mark.is_whole else f"{mark.resource_arn} by binding {mark.binding}"


def _marks_item(
    request_id: str, attempt: int, reasons: Iterable[Reason], *, capped: bool, at: str
) -> Iterator[HistoryItem]:
    held_back = [Reason("held-back", "So much would go at once that none of it goes before somebody lets it.")]
    told = (*reasons, *(held_back if capped else ()))
    if told:
        # Being held back is noted by each sweep, and told once a day.
        name = f"marks/{at}" if reasons else f"marks/held-back/{at[:10]}"
        yield _item(request_id, attempt, name, at, MarksItem(reasons=reasons_for_status(told)))


def _made_objects(attachment: AttachmentSnapshot) -> MadeObjects:
    made = attachment.made
    return MadeObjects(
        binding=attachment.binding,
        resource_arn=attachment.resource_arn,
        endpoint_id=made.endpoint_id,
        network_arn=made.network_arn,
        associations=tuple(sorted({made.resource_association, made.vpc_association} - {""})),
    )


def _item(request_id: str, attempt: int, name: str, at: str, happened: Happened) -> HistoryItem:
    return HistoryItem(request_id=request_id, attempt=attempt, name=f"{attempt:07d}/{name}", at=at, happened=happened)
