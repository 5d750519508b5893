"""The objects of ``tell_approvers``, besides approvals and Slack."""

from functools import cache

from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.bootstrap.approvals import environment, now
from drawbridge.bootstrap.clients import table


@cache
def ledger() -> LedgerTable:
    return LedgerTable(table(environment().ledger_table), now=now)
