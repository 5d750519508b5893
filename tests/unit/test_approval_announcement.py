"""Announcements: one message each, which says what the row says, however often and in whatever order events come."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.approval.announcement import AnnouncementRecord, AnnouncingPorts, announce
from drawbridge.approval.announcement_message import AnnouncedRequest
from drawbridge.approval.ask import Posted
from drawbridge.approval.message import SlackMessage
from drawbridge.errors import ThrottledError, UpstreamError
from drawbridge.request.announced import COMMANDED, NO_LONGER_PERMITTED, Announced
from drawbridge.request.status_reached import StatusReached
from drawbridge.status import Reason, Status
from tests.builders import NOW
from tests.fakes.announcements import InMemoryAnnouncements
from tests.fakes.messenger import InMemoryMessenger
from tests.unit.announcing import ABOUT, ID, WEEK, later, mark, marked, of_whole
from tests.unit.approvals import outcome_of, texts

CHANNEL = "C0APPROVALS"
OPEN = "Otherwise there is nothing to do."
GONE = Reason("gone", "The other side took it back.")
FORBIDDEN = Reason(NO_LONGER_PERMITTED, "Policies no longer permit it.")
COMMAND = Reason(COMMANDED, "arn:aws:iam::222222222222:user/op had it withdrawn.")


class Down(InMemoryMessenger):
    """Slack, as long as it is down."""

    is_down = True

    def post(self, channel: str, what: SlackMessage, *, below: Posted | None = None) -> Posted:
        self._fail()
        return super().post(channel, what, below=below)

    def update(self, posted: Posted, what: SlackMessage) -> None:
        self._fail()
        super().update(posted, what)

    def _fail(self) -> None:
        if self.is_down:
            raise UpstreamError("Slack is down")


class World:
    """A row, the records, and Slack."""

    def __init__(self, slack: InMemoryMessenger | None = None) -> None:
        self.at = NOW
        self.row: StatusReached | None = marked(mark())
        self.records = InMemoryAnnouncements(lambda: self.at)
        self.slack = slack or InMemoryMessenger()
        self.asked_about = 0

    def now(self) -> datetime:
        return self.at

    def about(self, request_id: str) -> AnnouncedRequest | None:
        self.asked_about += 1
        return ABOUT if request_id == ID and self.row is not None else None

    @property
    def ports(self) -> AnnouncingPorts:
        return AnnouncingPorts(
            channel=CHANNEL, announcements=self.records, messenger=self.slack, about=self.about, now=self.now
        )

    def event(self) -> str:
        """Have an event come in, whichever it is."""
        return announce(self.row, self.records.announcement(ID), self.ports)

    def becomes(self, *marks: Announced, status: Status = Status.AVAILABLE, reasons: tuple[Reason, ...] = ()) -> str:
        self.row = marked(*marks, status=status, reasons=reasons)
        return self.event()

    def messages(self) -> list[str]:
        """Return what each message says by now in its last line, the oldest first."""
        shown = {f"{number}.5": what for number, (_, what, _) in enumerate(self.slack.posts, 1)}
        for posted, what in self.slack.updates:
            assert posted.channel == CHANNEL
            shown[posted.ts] = what
        return [outcome_of(what) for what in shown.values()]


def calls(world: World) -> int:
    return len(world.slack.posts) + len(world.slack.updates)


def test_what_is_announced_is_posted_in_the_channel() -> None:
    world = World()

    assert world.event() == ""

    ((channel, what, below),) = world.slack.posts
    assert (channel, below) == (CHANNEL, None)
    assert ABOUT.subject in texts(what)
    assert world.messages() == [OPEN]


def test_the_same_is_told_once_however_often_its_event_comes() -> None:
    world = World()

    for _ in range(3):
        world.event()

    assert calls(world) == 1
    assert world.asked_about == 1


def test_of_what_was_never_announced_nothing_is_told_whatever_becomes_of_it() -> None:
    world = World()

    for status in Status:
        assert world.becomes(status=status) == ""
    world.row = None
    world.event()

    assert calls(world) == 0
    assert world.records.records == {}


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ((mark(), mark("billing", since=later(1))), "by binding billing"),
        ((mark(withdraw_after=later(1)),), "by binding orders"),
        ((mark(reasons=(Reason("policy", "Not at all.", source="never"),)),), "never: Not at all."),
    ],
    ids=["another association", "an earlier time", "another reason"],
)
def test_if_what_is_announced_changes_the_message_does(marks: tuple[Announced, ...], words: str) -> None:
    world = World()
    world.event()

    for _ in range(2):
        world.becomes(*marks)

    assert len(world.slack.posts) == 1
    ((posted, what),) = world.slack.updates
    assert posted == Posted(CHANNEL, "1.5")
    assert words in texts(what)
    assert world.messages() == [OPEN]


DUE = WEEK + timedelta(minutes=1)
TAKEN_DOWN = Reason("withdrawn", "vpce-1")


@pytest.mark.parametrize(
    ("status", "reasons", "after", "ending"),
    [
        (Status.AVAILABLE, (), timedelta(hours=1), "Called off: permitted again."),
        (Status.PENDING, (), timedelta(hours=1), "Called off: permitted again."),
        # What an earlier attempt took down says nothing before the time has come.
        (Status.AVAILABLE, (TAKEN_DOWN,), timedelta(hours=1), "Called off: permitted again."),
        (Status.AVAILABLE, (), DUE, "Called off: permitted again."),
        (Status.AVAILABLE, (TAKEN_DOWN,), DUE, "Withdrawn; the rest of it stays connected."),
        (Status.WITHDRAWING, (FORBIDDEN,), DUE, "Being withdrawn."),
        (Status.WITHDRAWN, (FORBIDDEN,), DUE, "Withdrawn."),
        (Status.WITHDRAWN, (GONE, FORBIDDEN), DUE, "Withdrawn."),
        (Status.WITHDRAWN, (), DUE, "Withdrawn."),
        (Status.WITHDRAWN, (GONE,), timedelta(hours=1), "The other side took it back."),
        (Status.WITHDRAWN, (COMMAND,), timedelta(hours=1), f"Withdrawn. {COMMAND.text}"),
        (Status.REJECTED, (), DUE, "Over: rejected."),
        (Status.EXPIRED, (), DUE, "Over: expired."),
    ],
)
def test_once_it_is_not_announced_any_more_the_message_says_what_came_of_it(
    status: Status, reasons: tuple[Reason, ...], after: timedelta, ending: str
) -> None:
    world = World()
    world.event()
    world.at += after

    assert world.becomes(status=status, reasons=reasons) == ending

    assert world.messages() == [ending]
    assert len(world.slack.posts) == 1


def test_while_it_is_taken_down_the_message_says_so_whether_the_marks_are_there_still_or_not() -> None:
    world = World()
    world.event()

    assert world.becomes(of_whole(), status=Status.WITHDRAWING) == "Being withdrawn."
    assert world.becomes(of_whole(), status=Status.WITHDRAWING) == "Being withdrawn."
    assert world.becomes(status=Status.WITHDRAWN, reasons=(FORBIDDEN,)) == "Withdrawn."
    assert world.messages() == ["Withdrawn."]


def test_a_message_that_says_it_is_being_withdrawn_says_once_it_is() -> None:
    world = World()
    world.event()
    world.becomes(status=Status.WITHDRAWING)

    world.becomes(status=Status.WITHDRAWN, reasons=(FORBIDDEN,))

    assert world.messages() == ["Withdrawn."]


def test_what_is_left_of_an_announcement_stays_in_its_message_though_it_was_added_later() -> None:
    world = World()
    world.event()
    world.becomes(mark(), mark("billing", since=later(1)))

    world.becomes(mark("billing", since=later(1)))

    assert world.messages() == [OPEN]
    assert "by binding orders" not in texts(world.slack.updates[-1][1])


def test_an_urgent_withdrawal_is_announced_although_it_has_begun() -> None:
    world = World()

    world.becomes(mark(withdraw_after=NOW), status=Status.WITHDRAWING)

    assert world.messages() == ["Being withdrawn."]


def test_a_row_that_is_over_announces_nothing_although_it_has_marks() -> None:
    world = World()

    world.becomes(mark(), status=Status.WITHDRAWN)

    assert calls(world) == 0


def test_a_message_whose_row_is_gone_says_so() -> None:
    world = World()
    world.event()
    world.row = None

    for _ in range(2):
        assert world.event() == "Over: the ledger has no such request any longer."

    assert calls(world) == 2


@pytest.mark.parametrize("status", [Status.WITHDRAWN, Status.FAILED, Status.HELD])
def test_an_ending_stays_whatever_becomes_of_the_request(status: Status) -> None:
    world = World()
    world.event()
    world.becomes()

    assert world.becomes(status=status, reasons=(GONE,)) == "Called off: permitted again."
    assert calls(world) == 2


def test_a_later_announcement_of_the_same_request_is_a_message_of_its_own() -> None:
    world = World()
    world.event()
    world.becomes()

    for _ in range(2):
        world.becomes(mark(since=later(1)))
    assert world.messages() == ["Called off: permitted again.", OPEN]

    world.becomes()
    assert world.messages() == ["Called off: permitted again."] * 2
    assert len(world.slack.posts) == 2


def test_one_that_was_called_off_and_announced_anew_between_two_events_are_two_messages() -> None:
    world = World()
    world.event()

    world.becomes(mark(since=later(1)), mark("billing", since=later(2)))

    first, second = world.messages()
    assert first.startswith("Called off: permitted again. It is announced anew")
    assert second == OPEN


def test_a_row_that_was_read_before_it_was_called_off_does_not_announce_it_again() -> None:
    world = World()
    world.event()
    stale = world.row
    world.becomes()

    announce(stale, world.records.announcement(ID), world.ports)

    assert world.messages() == ["Called off: permitted again."]


def test_whoever_read_the_record_before_somebody_else_wrote_it_tells_nothing_and_tries_again() -> None:
    world = World()
    world.event()
    read, row = world.records.announcement(ID), world.row
    assert row is not None
    world.becomes(mark(), mark("billing"))

    with pytest.raises(ThrottledError):
        announce(marked(mark(withdraw_after=later(1))), read, world.ports)

    assert len(world.slack.updates) == 1


class Meanwhile(InMemoryMessenger):
    """Another delivery comes in while Slack is called."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.others: list[StatusReached] = []
        self.failures: list[str] = []

    def post(self, channel: str, what: SlackMessage, *, below: Posted | None = None) -> Posted:
        for row in self.others:
            try:
                announce(row, self.world.records.announcement(ID), self.world.ports)
            except ThrottledError as error:
                self.failures.append(str(error))
        return super().post(channel, what, below=below)


def test_of_deliveries_at_the_same_time_one_posts_and_only_what_says_something_else_is_tried_again() -> None:
    world = World()
    world.slack = meanwhile = Meanwhile(world)
    meanwhile.others = [marked(mark()), marked(mark()), marked(mark(), mark("billing"))]

    world.event()

    assert len(world.slack.posts) == 1
    assert meanwhile.failures == [f"somebody else tells in Slack of {ID} at the moment"]
    world.becomes(mark(), mark("billing"))
    assert (len(world.slack.posts), len(world.slack.updates)) == (1, 1)


def test_two_that_both_found_no_record_post_once() -> None:
    world = World()

    announce(world.row, None, world.ports)
    announce(world.row, None, world.ports)

    assert len(world.slack.posts) == 1


@pytest.mark.parametrize("ending", [False, True])
def test_what_slack_did_not_take_is_told_by_the_next_try_at_once(ending: bool) -> None:
    slack = Down()
    slack.is_down = not ending
    world = World(slack)
    if ending:
        world.event()
        world.row, slack.is_down = marked(), True

    with pytest.raises(UpstreamError):
        world.event()
    slack.is_down = False
    world.event()

    assert world.messages() == ["Called off: permitted again." if ending else OPEN]
    assert len(slack.posts) == 1


class Stopped(BaseException):
    """The function is stopped: nothing that it would do is done."""


class Stopping(InMemoryMessenger):
    """Slack takes the message, and the function is stopped before it hears so."""

    is_stopped = True

    def post(self, channel: str, what: SlackMessage, *, below: Posted | None = None) -> Posted:
        posted = super().post(channel, what, below=below)
        if self.is_stopped:
            raise Stopped
        return posted


def test_whoever_was_stopped_after_posting_posts_again_once_the_claim_has_run_out() -> None:
    slack = Stopping()
    world = World(slack)
    with pytest.raises(Stopped):
        world.event()
    slack.is_stopped = False

    world.event()
    assert len(slack.posts) == 1

    world.at += timedelta(minutes=1)
    for _ in range(3):
        world.event()
    assert len(slack.posts) == 2


def test_a_message_that_somebody_deleted_is_not_posted_again() -> None:
    """The messenger says nothing of it: so does an update of what is there."""
    world = World()
    world.event()

    world.becomes(mark(), mark("billing"))
    world.becomes()
    world.event()

    assert (len(world.slack.posts), len(world.slack.updates)) == (1, 2)


def test_a_request_whose_row_has_gone_meanwhile_is_not_announced() -> None:
    world = World()
    row, world.row = world.row, None

    assert announce(row, None, world.ports) == ""
    assert calls(world) == 0


ROWS = [
    marked(mark()),
    marked(mark(), mark("billing", since=later(1))),
    marked(),
    marked(mark(since=later(2))),
    marked(mark(since=later(2)), status=Status.WITHDRAWING),
    marked(status=Status.WITHDRAWN, reasons=(FORBIDDEN,)),
]
"""What becomes of a row, in this order."""


@given(st.lists(st.integers(0, len(ROWS) - 1), min_size=1, max_size=12).map(sorted))
def test_whichever_states_events_find_the_row_in_there_is_one_message_each_and_the_last_is_right(
    found: list[int],
) -> None:
    world = World()
    for each in found:
        world.row = ROWS[each]
        world.event()

    announced = {0, 1} & {*found}, {3, 4} & {*found}
    assert len(world.slack.posts) == sum(map(bool, announced))
    ends = {0: OPEN, 1: OPEN, 2: "Called off: permitted again.", 3: OPEN, 4: "Being withdrawn.", 5: "Withdrawn."}
    if world.slack.posts and (found[-1] != 5 or announced[1] or 2 not in found):
        assert world.messages()[-1] == ends[found[-1]]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_in_whatever_order_deliveries_read_the_row_and_tell_it_the_last_message_is_that_of_the_newest_row(
    order: tuple[int, ...],
) -> None:
    """Each has read record and row at its own time; what fails is repeated by Lambda, and reads both anew."""
    world = World()
    read: list[tuple[AnnouncementRecord | None, StatusReached]] = []
    for row in (ROWS[0], ROWS[1], ROWS[2]):
        world.row = row
        read.append((world.records.announcement(ID), row))

    for each in order:
        record, row = read[each]
        try:
            announce(row, record, world.ports)
        except ThrottledError:
            world.event()

    world.event()
    assert len(world.slack.posts) <= 1
    assert world.messages() in ([], ["Called off: permitted again."])
