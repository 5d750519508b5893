"""The messages in Slack, one of each kind, made as they are in operation: of facts, decisions, answers and marks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from drawbridge.approval import Approval, Approved, Denied, Question, Reconsider, TimedOut
from drawbridge.approval.alarm_message import AlarmChange, AlarmState, StateReached, alarm_message
from drawbridge.approval.announcement_message import AnnouncedRequest, announcement_message, announcement_of
from drawbridge.approval.ask import AskingPorts, ask
from drawbridge.approval.live import lines_of_live
from drawbridge.approval.message import SlackMessage, message, reminder
from drawbridge.approval.notify import notify
from drawbridge.approval.question import effects_of, options_of, question_of
from drawbridge.approval.settle import apply_approval
from drawbridge.association.parse_binding import parse_binding
from drawbridge.decision import AskApprover
from drawbridge.decision.facts import (
    ConnectionFacts,
    Consumer,
    Facts,
    Membership,
    OrganizationPlace,
    Requester,
    Service,
)
from drawbridge.decision.let_in import LetIn
from drawbridge.parsing import read_value
from drawbridge.request.status_reached import StatusReached
from drawbridge.status import Reason, Status
from tests.builders import (
    CONNECTION,
    NOW,
    PROVIDER,
    RESOURCE_ARN,
    SERVICE_ID,
    SHARE,
    SHARE_ARN,
    SUBNET,
    approval_record,
    connection_facts,
    content,
    execution_input,
    sample,
    share_facts,
)
from tests.fakes.approvals import InMemoryApprovals
from tests.fakes.callback import InMemoryCallback
from tests.fakes.messenger import InMemoryMessenger
from tests.unit.announcing import mark
from tests.unit.approvals import ALICE

_OPERATOR = f"arn:aws:sts::{PROVIDER}:assumed-role/Approver/carol"
_ACCOUNT = "333333333333"
_LINK = "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/arn:aws:states:x"
_ASK = Reason("policy", "Whatever is not let in or turned away otherwise, a person decides.", source="ask-for-the-rest")
_BY_TWO = Reason("policy", "Production is approved by two.", source="ask-for-production")
_BINDINGS = (
    parse_binding(
        "orders",
        f'match: {{provider: "{PROVIDER}", resource: "orders-*"}}\n'
        "attach: {mode: resource-endpoint, vpc: vpc-0123456789abcdef0}",
    ),
)
_PAYMENTS = Service(
    id=SERVICE_ID,
    name=f"com.amazonaws.vpce.us-east-1.{SERVICE_ID}",
    acceptance_required=True,
    tags={"Name": "payments", "drawbridge:managed": "true", "drawbridge:tier": "gold"},
)
_OUTSIDE = OrganizationPlace(membership=Membership.OUTSIDER)
_INSIDE = OrganizationPlace(
    membership=Membership.MEMBER,
    organization_id="o-a1b2c3d4e5",
    units=("ou-a1b2-workloads", "ou-a1b2-production"),
    name="orders-production",
    tags={"team": "orders", "data": "confidential"},
)
_ACME = Consumer(
    name="Acme", tier="gold", services=frozenset({"vpce-svc-0fedcba9876543210"}), notes="contract until 2027-06"
)
_UNKNOWN = connection_facts(Requester(account_id=_ACCOUNT, place=_OUTSIDE), service=_PAYMENTS)
_REGISTERED = connection_facts(
    Requester(account_id=_ACCOUNT, place=_OUTSIDE, consumer=_ACME),
    service=_PAYMENTS,
    connections=3,
    connections_to_service=1,
)
_OTHERS = Requester(account_id=PROVIDER, place=_OUTSIDE)
_ONE = share_facts(_OTHERS, deadline=NOW + timedelta(hours=11))
_LARGE = share_facts(
    _OTHERS,
    deadline=NOW + timedelta(hours=11),
    contents=(*(content(f"{RESOURCE_ARN[:-3]}{number:03}") for number in range(198)), SUBNET, content("arn:x", "")),
)
_OURS = share_facts(Requester(account_id=PROVIDER, place=_INSIDE), deadline=None, share_tags={"env": "production"})
_HOSTILE = share_facts(
    Requester(account_id=PROVIDER, place=msgspec.structs.replace(_OUTSIDE, name="ours” (222222222222)")),
    share_name="<!channel> *orders*\u202e\u200b\nAccount: ours" + " " * 20 + "https://evil.example :tada:",
    share_tags={"a": "<@U0ALICE>"},
)
_GROWN = share_facts(
    Requester(account_id=PROVIDER, place=_INSIDE),
    deadline=None,
    contents=(content(), content(f"{RESOURCE_ARN[:-1]}b")),
)
_LET_IN = LetIn(
    at=NOW, because=(Reason("approved", "", source="U0ALICE"),), contents_fingerprint="", arns=(RESOURCE_ARN,)
)


def _asked(facts: Facts, *why: Reason, words: str = "", let_in: LetIn | None = None) -> Question:
    """Make a question as deciding makes it."""
    return question_of(
        execution_input(CONNECTION if isinstance(facts, ConnectionFacts) else SHARE),
        facts,
        AskApprover(why or (_ASK,)),
        effects_of(facts, _BINDINGS, "drawbridge"),
        options=options_of([frozenset(words.split())]),
        now=NOW,
        wait=timedelta(hours=24),
        live=lines_of_live(facts, let_in),
    )


def _open(question: Question, *, approved_by: tuple[str, ...] = (), void: tuple[str, ...] = ()) -> SlackMessage:
    return message(question, link=_LINK, approved_by=approved_by, void=void)


def _again(facts: Facts, before: Approval, void: tuple[str, ...] = ()) -> Question:
    question = _asked(facts)
    _, again = apply_approval(AskApprover(question.why), question, before, NOW, void=void)
    assert again is not None
    return again


def _ended(question: Question, approval: Approval | None, status: Status, *reasons: Reason) -> SlackMessage:
    """Return the message once the request has come to a status."""
    kept = InMemoryApprovals(approval_record(question=question, link=_LINK, approval=approval))
    slack = InMemoryMessenger()
    notify(StatusReached(request_id=question.request_id, status=status, attempt=1, reasons=reasons), kept, slack)
    ((_, what),) = slack.updates
    return what


def _void(question: Question, again: Question) -> SlackMessage:
    """Return the message of an open question once another is asked."""
    slack = InMemoryMessenger()
    kept = InMemoryApprovals(approval_record(question=question, link=_LINK))
    ports = AskingPorts(channel="C0APPROVALS", approvals=kept, messenger=slack, callback=InMemoryCallback())
    ask(again, "a token", _LINK, ports)
    ((_, what),) = slack.updates
    return what


def _announced(ending: str = "") -> SlackMessage:
    about = AnnouncedRequest(
        request_id=SHARE.request_id,
        kind="resource-share",
        subject=SHARE_ARN,
        account_id=PROVIDER,
        account_name="orders-production",
        name="orders",
    )
    return announcement_message(announcement_of(about, [mark(), mark("reporting")]), ending)


_ALARM = read_value(sample("alarm-state-change")["detail"], AlarmChange)
_FIRST = _asked(_ONE)
_CHANGED = msgspec.structs.replace(_ONE, share_name="orders and billing", contents=(content(), SUBNET))
_SECOND = _again(_CHANGED, Reconsider(asked=_FIRST.asked))
_OVER = msgspec.structs.replace(_ALARM, state=StateReached(AlarmState.OK, "", _ALARM.state.timestamp))
_BY_BOTH = _asked(_REGISTERED, _BY_TWO, words="two-person")

MESSAGES: Mapping[str, SlackMessage] = {
    "connection-of-an-unknown-account": _open(_asked(_UNKNOWN)),
    "connection-of-a-registered-consumer": _open(_asked(_REGISTERED)),
    "connection-that-is-live": _open(_asked(msgspec.structs.replace(_REGISTERED, live=True, asked_at=NOW))),
    "share-with-one-resource": _open(_FIRST),
    "share-with-200-resources": _open(_asked(_LARGE)),
    "share-inside-the-organization": _open(_asked(_OURS)),
    "share-that-has-grown": _open(_asked(_GROWN, let_in=_LET_IN)),
    "share-named-by-an-attacker": _open(_asked(_HOSTILE)),
    "asked-again": _open(_SECOND),
    "asked-again-as-an-approval-is-void": _open(_again(_ONE, Approved(asked=_FIRST.asked, by=ALICE), void=ALICE)),
    "two-person": _open(_BY_BOTH),
    "two-person-approved-once": _open(_BY_BOTH, approved_by=ALICE, void=("U0BOB",)),
    "sensitive": _open(_asked(_REGISTERED, _BY_TWO, words="sensitive")),
    "approved": _ended(_BY_BOTH, Approved(asked=_BY_BOTH.asked, by=("U0ALICE", _OPERATOR)), Status.AVAILABLE),
    "denied-with-a-reason": _ended(
        _FIRST, Denied(asked=_FIRST.asked, by=ALICE, reason="Not before the audit."), Status.REJECTED
    ),
    "timed-out": _ended(_FIRST, TimedOut(asked=_FIRST.asked), Status.HELD),
    "held": _ended(_FIRST, None, Status.HELD, Reason("policy", "No databases of this provider.")),
    "void": _void(_FIRST, _SECOND),
    "of-an-earlier-version": _open(msgspec.structs.replace(_FIRST, sentence="", about=(), on_denial="")),
    "reminder": reminder(_FIRST, "S0NETADMINS"),
    "withdrawal-announced": _announced(),
    "withdrawal-called-off": _announced("Called off: permitted again."),
    "alarm": alarm_message(_ALARM),
    "alarm-over": alarm_message(_OVER),
}
"""By what they are about."""
