"""An account that asks approvers in Slack about strangers, and approvers who come and go."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from local_aws.testing.clock import clock
from local_aws.testing.slack import TEAM_ID, Message, send, workspace
from scenarios.people import Person
from tests.system.model.acceptances import Acceptances
from tests.system.model.asks import GRACE, LATE, Ask
from tests.system.model.homes import Home
from tests.system.model.spans import Spans

APPROVERS = ("U0ALICE", "U0BOB", "U0CAROL")
NOBODY = "U0MALLORY"
"""Who is on no list."""

_LIST = "/drawbridge/config/approvers"
_PATIENCE = 60.0
"""Real seconds: what Slack's three are enough for, the bench measures."""


@dataclass(frozen=True)
class Click:
    """What somebody clicked, and when: the answer came at the end."""

    user: str
    approve: bool
    since: float
    until: float


@dataclass
class ApprovalAccount:
    """The account: its home has no bindings and no shares, only connections that it is asked about."""

    home: Home
    on_list: defaultdict[str, Spans] = field(default_factory=lambda: defaultdict(Spans))
    asks: list[Ask] = field(default_factory=list)
    clicks: defaultdict[str, list[Click]] = field(default_factory=lambda: defaultdict(list))
    two_people: defaultdict[str, Spans] = field(default_factory=lambda: defaultdict(Spans))
    """By requester, when two people had to approve."""
    service_name: str = ""

    def __post_init__(self) -> None:
        _, self.service_name = self.home.person.offer_service()
        for user in APPROVERS:
            self.on_list[user].note(clock.time(), so=True)
        self._write_list()

    # ---- what people do

    def ask_for_approval(self, requester: Person) -> Ask:
        ask = Ask(requester.connect(self.service_name), requester, self.home)
        ask.note()
        self.asks.append(ask)
        return ask

    def require_two_people(self, account_id: str) -> None:
        """Have policies require two approvals for an account."""
        if not self.two_people[account_id].is_so:
            them = f'principal == Account::"{account_id}"'
            rule = f'@approval("two-person") permit({them}, action == Action::"askApprover", resource);'
            self.home.person.write_policy(f"two-{account_id}", rule)
            self.two_people[account_id].note(clock.time(), so=True)

    def change_list(self, user: str) -> None:
        """Take an approver off the list, or put them back."""
        spans = self.on_list[user]
        # Whoever reads the list while it is written may find either.
        if not spans.is_so:
            spans.note(clock.time(), so=True)
            self._write_list()
        else:
            self._write_list(but=user)
            spans.note(clock.time(), so=False)

    def click(self, ask: Ask, user: str, *, approve: bool) -> None:
        """Click below the newest question about it, if there is one."""
        message = self.question(ask)
        if message is None:
            return
        since = clock.time()
        payload = workspace.block_actions(user, message.ts, "approve" if approve else "deny")
        send(workspace.signed(self.home.account_id, payload), within=_PATIENCE)
        if not approve and (views := workspace.views(user)):
            workspace.submit(user, views[-1].view_id, {"reason": {"reason": "Nobody knows them."}})
        self.clicks[ask.subject].append(Click(user, approve, since, clock.time()))

    def question(self, ask: Ask) -> Message | None:
        """Find the newest message that has buttons and is about it."""
        found = [
            each
            for each in workspace.messages(self.home.account_id)
            if any(block["type"] == "actions" for block in each.blocks) and ask.subject in json.dumps(each.blocks)
        ]
        return found[-1] if found else None

    def asked(self) -> list[Ask]:
        """Return what is asked about right now."""
        return [ask for ask in self.asks if self.question(ask) is not None]

    def _write_list(self, but: str = "") -> None:
        document = {
            "teamId": TEAM_ID,
            "userIds": [each for each in APPROVERS if self.on_list[each].is_so and each != but],
        }
        self.home.person.client("ssm").put_parameter(
            Name=_LIST, Type="String", Value=json.dumps(document), Overwrite=True
        )

    # ---- what must be so

    def judge(self, accepted: Acceptances) -> Iterator[str]:
        """Yield what is wrong."""
        rows = {row["subject"]["S"]: row for row in self.home.person.ledger()}
        for ask in self.asks:
            state = ask.requester.endpoint_state(ask.subject)
            times = accepted.of(ask)
            if state == "available" and times and not any(self._may_be_accepted(ask, at) for at in times):
                listed = {user: spans.spans for user, spans in self.on_list.items()}
                yield f"{ask.subject} was accepted at {times}; clicks: {self.clicks[ask.subject]}; list: {listed}"
            if state == "rejected" and not any(
                self._counts(each, each.until, approve=False) for each in self.clicks[ask.subject]
            ):
                yield f"{ask.subject} was rejected, and nobody denied it who might"
            status = rows[ask.subject]["status"]["S"] if ask.subject in rows else None
            if state == "pendingAcceptance" and status not in {"WAITING_FOR_APPROVAL", "HELD"}:
                yield f"{ask.subject} waits, and nobody is asked: it is {status}"
            if state == "available" and status != "AVAILABLE":
                yield f"{ask.subject} is available, and the ledger says {status}"

    def at_rest(self) -> bool:
        return all(
            row["settled"]["BOOL"] or row["status"]["S"] == "WAITING_FOR_APPROVAL" for row in self.home.person.ledger()
        )

    def _may_be_accepted(self, ask: Ask, at: float) -> bool:
        by = {each.user for each in self.clicks[ask.subject] if self._counts(each, at, approve=True)}
        two = self.two_people[ask.requester.account_id].throughout(at - GRACE - LATE, at)
        return len(by) >= (2 if two else 1)

    def _counts(self, click: Click, used: float, *, approve: bool) -> bool:
        """Return whether the click is one of an approver: when they clicked, and when it was used."""
        spans = self.on_list[click.user]
        return (
            click.approve is approve
            and click.since <= used
            and spans.within(click.since, click.until)
            and spans.within(used - GRACE - LATE, used)
        )
