"""The message about what is to be taken down, in Block Kit: what, from when, why, and what keeps it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from drawbridge.approval.about import label_of
from drawbridge.approval.block_kit import (
    Row,
    context,
    header,
    one_line,
    ours,
    plain,
    rows,
    sections,
    time,
    title_block,
    value,
    within,
)
from drawbridge.approval.message import SlackMessage, escaped, sourced
from drawbridge.legible import legible, name_and_id, quoted
from drawbridge.request.announced import Announced

_WHAT = 3000
_WHY = 1200
"""Characters of each part; the record of a message holds both."""
_ENDING = 1500
_LONGEST_TEXT = 3000
_LONGEST_ID = 200
"""The ledger's keys are shorter, unless somebody wrote them by hand."""


_LONGEST_IN_HEADER = 30
"""Of a name."""
_CONNECTION = "endpoint-connection"


class AnnouncedRequest(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is announced to be withdrawn."""

    request_id: str
    kind: str
    subject: str
    account_id: str
    account_name: str = ""
    """By the registry, or in our organization; empty where it has none there, and so is what follows."""
    name: str = ""
    """Of the share, or of the service that the endpoint is connected to."""
    service_id: str = ""

    @property
    def title(self) -> str:
        """Return its kind, as questions name it."""
        return "Endpoint connection" if self.kind == _CONNECTION else "Resource share"


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
    why = dict.fromkeys(f"• {sourced(reason)}" for each in ordered for reason in each.reasons)
    told_by = f"drawbridge policy explain {about.request_id[:_LONGEST_ID]}"
    return Announcement(
        about=about,
        withdraw_after=first,
        is_forbidden=any(each.forbidden for each in marks),
        what=tuple(within(_WHAT, what, told_by=told_by)),
        why=tuple(within(_WHY, why or ("• No policy permits it any longer.",), told_by=told_by)),
    )


def announcement_message(announcement: Announcement, ending: str = "") -> SlackMessage:
    """Return the message; ``ending`` says what came of it, and takes the place of what keeps it."""
    about = announcement.about
    blocks = [header(f"{'Withdrawal' if ending else 'To be withdrawn'}: {_subject(about)}")]
    blocks += rows(_rows(announcement, is_open=not ending))
    blocks += [title_block("What is taken down"), *sections(announcement.what)]
    blocks += [title_block("Why policies no longer permit it"), *sections(announcement.why)]
    if ending:
        blocks += rows([("Outcome", value(one_line(ending)[:_ENDING]))])
    else:
        keep = "change what forbids it" if announcement.is_forbidden else "have a policy permit it again"
        keeping = f"To keep it, {keep} before then, and this is called off by itself."
        blocks += [title_block("What keeps it"), plain(f"{keeping}\nOtherwise there is nothing to do.")]
    request_id = escaped(about.request_id[:_LONGEST_ID])
    blocks.append(context(f"`drawbridge why {request_id}`"))
    subject = f"{about.title} of {legible(about.account_id)}"
    at = f"{announcement.withdraw_after:%Y-%m-%d %H:%M} UTC"
    text = f"{subject}: {one_line(ending)}" if ending else f"{subject} is taken down from {at}"
    return SlackMessage(escaped(text)[:_LONGEST_TEXT], blocks)


def _subject(about: AnnouncedRequest) -> str:
    """Return what it is about in a few words; what others named stands in quotes."""
    known = f" ({quoted(about.account_name, _LONGEST_IN_HEADER)})" if about.account_name else ""
    account = f"account {legible(about.account_id)}{known}"
    name = quoted(about.name, _LONGEST_IN_HEADER) if about.name else ""
    if about.kind == _CONNECTION:
        return f"the connection of {account}{f' to {name}' if name else ''}"
    return f"what {account} shares{f' as {name}' if name else ''}"


def _rows(announcement: Announcement, *, is_open: bool) -> Iterator[Row]:
    about = announcement.about
    yield "Account", value(name_and_id(about.account_name, about.account_id))
    if about.kind == _CONNECTION:
        yield label_of(about.subject), value(legible(about.subject))
        if about.service_id:
            yield "Service", value(name_and_id(about.name, about.service_id))
    else:
        yield "Share", value(name_and_id(about.name, about.subject))
    yield "Taken down from" if is_open else "Announced for", ours(time(announcement.withdraw_after))


def _what(mark: Announced, about: AnnouncedRequest, first: datetime) -> str:
    if mark.is_whole:
        what = "the connection" if about.kind == _CONNECTION else "all that is connected of the share"
    else:
        what = f"{legible(mark.resource_arn)}, by binding {legible(mark.binding)}"
    # The message itself says when the first of it goes.
    later = "" if mark.withdraw_after == first else f", from {mark.withdraw_after:%Y-%m-%d %H:%M} UTC"
    return f"• {what}{later}"
