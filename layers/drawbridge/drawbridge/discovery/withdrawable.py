"""What can be had withdrawn by a command: requests of which something is connected, or may be soon."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from drawbridge.decision.facts import ConnectionFacts
from drawbridge.decision.let_in import LetIn
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.request import EndpointConnectionRequest
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.status import Status
from drawbridge.withdrawal import ConnectedRecord


class CommandedRows(Protocol):
    """The ledger, as far as withdrawals are commanded in it."""

    def followed(self) -> list[LedgerRow]:
        """Return the rows that AWS should still list."""
        ...

    def rows(self, request_ids: Collection[str]) -> Mapping[str, LedgerRow]:
        """Return the rows of requests, read consistently."""
        ...

    def with_decision_records(self, rows: Collection[LedgerRow]) -> Mapping[str, LedgerRow]:
        """Return rows with what their decisions rested on, by their requests' ids."""
        ...

    def connected(self, request_id: str) -> ConnectedRecord:
        """Return what was made and published for a request."""
        ...

    def command_withdrawal(self, row: LedgerRow, command: WithdrawalCommand) -> bool:
        """Note a command; ``False`` if the row is not any longer as it was read."""
        ...


class RequestStanding(StrEnum):
    """What a command to withdraw would do to a request."""

    CONNECTED = "connected"
    UNDER_WAY = "under-way"
    """It is taken down once its attempt has settled."""
    COMMANDED = "commanded-already"
    ASKED = "asked"
    """A person is asked whether it is let in at all."""
    DELAYED = "delayed"
    """It is permitted, and kept out instead of let in later."""
    NOT_CONNECTED = "not-connected"
    NOT_MANAGED = "not-managed"
    """Its service is not managed any longer: Drawbridge leaves it as it is, and may not reject it."""

    @property
    def can_go(self) -> bool:
        return self in {RequestStanding.CONNECTED, RequestStanding.UNDER_WAY, RequestStanding.DELAYED}


ManagedServices = Callable[[], Collection[str]]
"""Returns the ids of the services that Drawbridge looks after; it is asked only where that matters."""


def request_standing_of(row: LedgerRow, managed: ManagedServices) -> RequestStanding:
    """Return what a command to withdraw would do to the request."""
    if row.commanded is not None and not (row.settled and row.status is Status.WITHDRAWN):
        return RequestStanding.COMMANDED
    standing = _if_managed(row)
    if not standing.can_go or not isinstance(row.request, EndpointConnectionRequest):
        return standing
    return standing if row.request.service_id in managed() else RequestStanding.NOT_MANAGED


def _if_managed(row: LedgerRow) -> RequestStanding:
    if row.settled:
        if row.is_delayed:
            return RequestStanding.DELAYED
        return RequestStanding.CONNECTED if row.is_connected else RequestStanding.NOT_CONNECTED
    return RequestStanding.ASKED if row.waits_for_approval and not _was_let_in(row) else RequestStanding.UNDER_WAY


class Withdrawable(Struct, frozen=True, kw_only=True):
    """A request, and what was made and published for it."""

    row: LedgerRow
    made: ConnectedRecord
    standing: RequestStanding

    @property
    def is_connection(self) -> bool:
        """Whether it is a consumer's endpoint, which is rejected for good."""
        return isinstance(self.row.request, EndpointConnectionRequest)


class ConsumerConnections(Struct, frozen=True, kw_only=True):
    """The connections of one account's endpoints."""

    going: tuple[Withdrawable, ...]
    """What is connected, or may be by an attempt that is under way, and goes by a command."""
    commanded: tuple[LedgerRow, ...]
    """What goes already."""
    undecided: tuple[LedgerRow, ...]
    """What is not let in yet, and may be."""
    unmanaged: tuple[LedgerRow, ...]
    """What is connected with a service that is not managed any longer, and stays."""


def withdrawable(
    ledger: CommandedRows, rows: Iterable[LedgerRow], managed: ManagedServices
) -> tuple[Withdrawable, ...]:
    """Return requests with what was made and published for them."""
    return tuple(
        Withdrawable(row=row, made=ledger.connected(row.request_id), standing=request_standing_of(row, managed))
        for row in rows
    )


def connections_of(ledger: CommandedRows, account_id: str, managed: ManagedServices) -> ConsumerConnections:
    """Return the connections of an account, read consistently once they are found."""
    ids = [row.request_id for row in ledger.followed() if _is_of_consumer(row, account_id)]
    rows = sorted(ledger.rows(ids).values(), key=lambda row: row.request_id)
    open_rows = [row for row in rows if row.commanded is None]
    standings = {row.request_id: request_standing_of(row, managed) for row in rows}
    # An attempt that is under way may have been decided before its account was removed.
    going = [row for row in open_rows if standings[row.request_id].can_go]
    unmanaged = [
        row for row in open_rows if _was_let_in(row) and standings[row.request_id] is RequestStanding.NOT_MANAGED
    ]
    return ConsumerConnections(
        going=withdrawable(ledger, going, managed),
        commanded=tuple(row for row in rows if standings[row.request_id] is RequestStanding.COMMANDED),
        undecided=tuple(row for row in open_rows if not row.settled and row not in (*going, *unmanaged)),
        unmanaged=tuple(unmanaged),
    )


class AccountConnections:
    """The connections of accounts' endpoints, as they are withdrawn when a consumer is removed."""

    def __init__(self, ledger: CommandedRows, managed: ManagedServices) -> None:
        self._ledger = ledger
        self._managed = managed

    def going(self, account_id: str) -> Sequence[LedgerRow]:
        """Return what is connected or under way, and not commanded to be withdrawn yet."""
        return [each.row for each in connections_of(self._ledger, account_id, self._managed).going]

    def of_registered(self, going: Sequence[LedgerRow]) -> Sequence[LedgerRow]:
        """Return those of them that were decided on as connections of a registered consumer."""
        registered = of_registered(self._ledger, going)
        return [row for row in going if row.request_id in registered]

    def command(self, going: Sequence[LedgerRow], command: WithdrawalCommand) -> Sequence[LedgerRow]:
        """Command that all be withdrawn; return those that are: the others have changed meanwhile."""
        return [row for row in going if self._ledger.command_withdrawal(row, command)]


def of_registered(ledger: CommandedRows, rows: Collection[LedgerRow]) -> frozenset[str]:
    """Return the ids of those connections that were decided on as those of a registered consumer."""
    found = ledger.with_decision_records(rows)
    return frozenset(name for name, row in found.items() if _is_of_registered(row))


def _is_of_registered(row: LedgerRow) -> bool:
    record = row.decision_record
    if record is None or not isinstance(record.facts, ConnectionFacts):
        return False
    return record.facts.requester.consumer is not None


def _was_let_in(row: LedgerRow) -> bool:
    """Whether it was let in: an attempt that is under way may have connected it, or an earlier one did."""
    return row.is_connected or isinstance(row.let_in, LetIn)


def _is_of_consumer(row: LedgerRow, account_id: str) -> bool:
    return isinstance(row.request, EndpointConnectionRequest) and row.account_id == account_id
