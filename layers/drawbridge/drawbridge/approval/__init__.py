"""Approval: a person is asked, and what they approved is exactly what is done.

A question is made of the facts, of why it is asked, and of what would happen. Its fingerprint goes with it: right
before anything is done the question is made anew, and an approval of another question approves nothing.
"""

from datetime import datetime

from msgspec import Struct

from drawbridge.legible import legible
from drawbridge.status import Reason


class Line(Struct, frozen=True):
    """A fact, as a person reads it. The text may hold what strangers chose, unescaped."""

    label: str
    text: str


HOLDS = "Holds"
"""The label of the lines that list what a share holds."""
NEW = "New"
"""The label of the lines that list what is new in a live share."""
LIVE = "Live"
IF_DENIED = "If denied"
MORE = "More"
"""The label of the line that counts those for which there was no room."""


class Options(Struct, frozen=True, kw_only=True, rename="camel"):
    """How the policies want it asked, by the words of their ``@approval``."""

    sensitive: bool = False
    """Whoever approves has to confirm it."""
    two_person: bool = False
    """Two different people have to approve."""
    self_approval: bool = False
    """Whoever speaks for the requester may approve too."""


class AskedQuestion(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which question was asked: as much of it as shows whether an answer to it also answers a later one."""

    asking: str
    """The attempt, and which of its questions this is: ``2-1``."""
    fingerprint: str
    lines: tuple[Line, ...]
    deadline: datetime
    """Until when it can be answered."""
    besides: tuple[Line, ...] = ()
    """What else was shown: why it was asked, what would happen, how it is approved. Earlier versions kept none."""

    @property
    def attempt(self) -> int:
        """The attempt that asked."""
        return int(self.asking.partition("-")[0])

    @property
    def next_asking(self) -> str:
        """The asking of the same attempt's next question."""
        attempt, _, times = self.asking.partition("-")
        return f"{attempt}-{int(times) + 1}"


class Question(Struct, frozen=True, kw_only=True, rename="camel"):
    """A question to a person."""

    request_id: str
    account_id: str
    title: str
    asked: AskedQuestion
    why: tuple[Reason, ...]
    """The policies that ask, and those against accepting without asking."""
    effects: tuple[str, ...]
    """What would happen on approval."""
    options: Options
    changed: tuple[str, ...] = ()
    """What has changed since it was last asked."""
    void: tuple[str, ...] = ()
    """Those whose approval of what was asked last does not count any more."""
    sentence: str = ""
    """What is asked, in one sentence, legible. Earlier versions kept none, nor what follows."""
    about: tuple[Line, ...] = ()
    """Who asks for what, with what is known of them, legible, names before ids: as the message shows it.

    Whether it is the same question is seen by the lines of ``asked`` and by its fingerprint.
    """
    on_denial: str = ""
    """What would happen on denial."""

    @property
    def asks(self) -> str:
        """Return what is asked, legible."""
        return self.sentence or f"Let in the {legible(self.title.lower())} of account {legible(self.account_id)}?"


class Approved(Struct, frozen=True, kw_only=True, rename="camel", tag="approved", tag_field="outcome"):
    asked: AskedQuestion
    by: tuple[str, ...]
    reason: str = ""


class Denied(Struct, frozen=True, kw_only=True, rename="camel", tag="denied", tag_field="outcome"):
    asked: AskedQuestion
    by: tuple[str, ...]
    reason: str = ""


class TimedOut(Struct, frozen=True, kw_only=True, rename="camel", tag="timed-out", tag_field="outcome"):
    """Nobody answered in time."""

    asked: AskedQuestion


class Reconsider(Struct, frozen=True, kw_only=True, rename="camel", tag="reconsider", tag_field="outcome"):
    """Nobody answered, and something changed meanwhile: it is to be decided again."""

    asked: AskedQuestion


Approval = Approved | Denied | TimedOut | Reconsider
"""How a question ended."""
