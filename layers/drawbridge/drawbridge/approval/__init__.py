"""Approval: a person is asked, and what they approved is exactly what is done.

A question is made of the facts, of why it is asked, and of what would happen. Its fingerprint goes with it: right
before anything is done the question is made anew, and an approval of another question approves nothing.
"""

from datetime import datetime

from msgspec import Struct

from drawbridge.status import Reason


class Line(Struct, frozen=True):
    """A fact, as a person reads it. The text may hold what strangers chose, unescaped."""

    label: str
    text: str


class Options(Struct, frozen=True, kw_only=True, rename="camel"):
    """How the policy wants it asked: the words of its ``@approval``."""

    sensitive: bool = False
    """Whoever approves is asked once more whether they mean it."""
    two_person: bool = False
    """Two different people have to approve."""
    self_approval: bool = False
    """Who speaks for the account that asks may approve too."""


class AskedQuestion(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which question it was: what of it decides whether an answer to it is an answer to another one."""

    asking: str
    """The attempt and how often it asked: ``2-1``."""
    fingerprint: str
    lines: tuple[Line, ...]
    deadline: datetime
    """Until when there is an answer to be had."""

    @property
    def attempt(self) -> int:
        """The attempt that asked."""
        return int(self.asking.partition("-")[0])

    @property
    def next_asking(self) -> str:
        """What the same attempt's next question goes by."""
        attempt, _, times = self.asking.partition("-")
        return f"{attempt}-{int(times) + 1}"


class Question(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a person is asked."""

    request_id: str
    account_id: str
    title: str
    asked: AskedQuestion
    why: tuple[Reason, ...]
    """The policies that ask, and what stands against accepting without asking."""
    effects: tuple[str, ...]
    """What would happen on approval."""
    options: Options
    changed: tuple[str, ...] = ()
    """What is otherwise than when it was last asked and approved."""


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
    """Nobody answered, and something changed meanwhile: look and decide again."""

    asked: AskedQuestion


Approval = Approved | Denied | TimedOut | Reconsider
"""How a question ended."""
