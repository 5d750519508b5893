"""The message about what is to be taken down, in Block Kit: what, from when, why, and what keeps it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from drawbridge.approval.block_kit import context, header, one_line, plain, sections, within
from drawbridge.approval.message import SlackMessage, escaped, sourced
from drawbridge.legible import legible
from drawbridge.request.announced import Announced

_WHAT = 3000
_WHY = 1200
"""Characters of each part; the record of a message holds both."""
_ENDING = 1500
_LONGEST_TEXT = 3000
_LONGEST_NAME = 200
"""Of an id: the ledger's keys are shorter, unless somebody wrote them by hand."""


class AnnouncedRequest(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is announced to be withdrawn."""

    request_id: str
    kind: str
    subject: str
    account_id: str

    @property
    def title(self) -> str:
        """Return its kind, as questions name it."""
        return "Endpoint connection" if self.kind == "endpoint-connection" else "Resource share"


class Announcement(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a message announces: as much as the message has room for, and legible."""

    about: AnnouncedRequest
    withdraw_after: datetime
    """When the first of it is taken down."""
    is_forbidden: bool
    """Whether a forbid stands against some of it."""
    what: tuple[str, ...]
    why: tuple[str, ...]


def announcement_of(about: AnnouncedRequest, marks: Sequence[Announced]) -> Announcement:
    """Return what is announced by the marks of a row, in whatever order the row has them."""
    first = min(each.withdraw_after for each in marks)
    ordered = sorted(marks, key=lambda each: (not each.is_whole, each.withdraw_after, each.key))
    what = (_what(each, about, first) for each in ordered)
    # Of many associations most have the same reasons.
    why = dict.fromkeys(f"  {sourced(reason)}" for each in ordered for reason in each.reasons)
    told_by = f"drawbridge policy explain {about.request_id[:_LONGEST_NAME]}"
    return Announcement(
        about=about,
        withdraw_after=first,
        is_forbidden=any(each.forbidden for each in marks),
        what=tuple(within(_WHAT, what, told_by=told_by)),
        why=tuple(within(_WHY, why or ("  No policy permits it any longer.",), told_by=told_by)),
    )


def announcement_message(announcement: Announcement, ending: str = "") -> SlackMessage:
    """Return the message; ``ending`` says what came of it, and takes the place of what keeps it."""
    about, at = announcement.about, announcement.withdraw_after
    fallback = f"{at:%Y-%m-%d %H:%M} UTC"
    date = f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{fallback}>"
    word = "Announced for" if ending else "Taken down from"
    blocks = [header("Withdrawal announced"), *sections(_text(announcement, is_open=not ending))]
    blocks.append(context(f"{word} {date}  ·  `{escaped(about.request_id[:_LONGEST_NAME])}`"))
    if ending:
        blocks.append(plain(one_line(ending)[:_ENDING]))
    subject = f"{about.title} of {legible(about.account_id)}"
    text = f"{subject}: {one_line(ending)}" if ending else f"{subject} is taken down from {fallback}"
    return SlackMessage(escaped(text)[:_LONGEST_TEXT], blocks)


def _text(announcement: Announcement, *, is_open: bool) -> Iterator[str]:
    about = announcement.about
    yield "Policies no longer permit what is connected."
    yield f"{about.title}: {legible(about.subject)}"
    yield f"Account: {legible(about.account_id)}"
    yield "What is taken down:"
    yield from announcement.what
    yield "Because:"
    yield from announcement.why
    if is_open:
        keep = "change what forbids it" if announcement.is_forbidden else "have a policy permit it again"
        yield f"To keep it, {keep} before then, and this is called off by itself."
        yield "Otherwise there is nothing to do."


def _what(mark: Announced, about: AnnouncedRequest, first: datetime) -> str:
    if mark.is_whole:
        what = "the connection" if about.kind == "endpoint-connection" else "all that is connected of the share"
    else:
        what = f"{legible(mark.resource_arn)}, by binding {legible(mark.binding)}"
    # The message itself says when the first of it goes.
    later = "" if mark.withdraw_after == first else f", from {mark.withdraw_after:%Y-%m-%d %H:%M} UTC"
    return f"  {what}{later}"
