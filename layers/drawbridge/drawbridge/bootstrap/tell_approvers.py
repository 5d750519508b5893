"""The objects of ``tell_approvers``, besides approvals and Slack."""

from functools import cache

from drawbridge.approval.announcement_message import AnnouncedRequest
from drawbridge.aws.announcement_items import AnnouncementItems
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.bootstrap.approvals import environment, now
from drawbridge.bootstrap.clients import table
from drawbridge.decision.facts import ConnectionFacts, ShareFacts


@cache
def ledger() -> LedgerTable:
    return LedgerTable(table(environment().ledger_table), now=now)


@cache
def announcements() -> AnnouncementItems:
    return AnnouncementItems(table(environment().approvals_table), now=now)


def slack_channel() -> str:
    """Return the channel that withdrawals are announced in; empty where they are not."""
    return environment().slack_channel


def about(request_id: str) -> AnnouncedRequest | None:
    """Return what a request is about, as the ledger has it."""
    entry = ledger().entry(request_id)
    if entry is None:
        return None
    facts = entry.decision_record.facts if entry.decision_record else None
    service = facts.service if isinstance(facts, ConnectionFacts) else None
    name = service.tagged_name if service else facts.share_name if isinstance(facts, ShareFacts) else ""
    return AnnouncedRequest(
        request_id=entry.request_id,
        kind=entry.kind,
        subject=entry.subject,
        account_id=entry.account_id,
        account_name=facts.requester.known_name if facts else "",
        name=name,
        service_id=service.id if service else "",
    )
