"""Ledger items: how the attributes of a row are read, whichever version wrote them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec

from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.decision import Delayed
from drawbridge.decision.decision_record import AssociationDecisionRecord, DecisionRecord
from drawbridge.decision.let_in import LetIn, let_in_before
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.errors import InvalidInputError
from drawbridge.lattice import MatchAttributes
from drawbridge.parsing import UnreadableError, read_json
from drawbridge.publication import AttachmentSnapshot
from drawbridge.record.entry import Entry
from drawbridge.request.absence import Absence
from drawbridge.request.announced import Announced, WithdrawalCommand

IN_JSON: Mapping[str, tuple[Any, object]] = {
    "grounds": (DecisionRecord, None),
    "association_grounds": (AssociationDecisionRecord, None),
    "contents": (tuple[MatchAttributes, ...] | None, None),
    "ways": (tuple[AttachmentSnapshot, ...], ()),
    "inputs": (PlanInputs, PlanInputs()),
    "let_in": (LetIn | None, None),
    "absent": (tuple[Absence, ...], ()),
    "announced": (tuple[Announced, ...], ()),
    "commanded": (WithdrawalCommand | None, None),
    "delayed": (Delayed | None, None),
}
"""The attributes that hold JSON: of what kind each is, and what is read of one that another version wrote otherwise."""

LEFT_OUT = "history_left_out"
"""How many entries of a row's history were cut."""

DECISION_RECORDS = ("grounds", "association_grounds")
"""Large, and only read by reviews. The index holds them all the same: its projection can't be changed in place."""

COMPARED = ("request_id", *(name for name in LedgerRow.__struct_encode_fields__ if name not in DECISION_RECORDS))
"""What sweeps read of a row."""

SHOWN = tuple(name for name in Entry.__struct_encode_fields__ if name not in DECISION_RECORDS)
"""What people read of it."""


def read_attribute(name: str, text: str) -> Any:
    """Return what one of the attributes in ``IN_JSON`` says; what that says if it can't be read."""
    kind, otherwise = IN_JSON[name]
    try:
        return read_json(text, kind)
    except UnreadableError:
        return otherwise


@contextmanager
def _reading(item: Mapping[str, Any]) -> Iterator[None]:
    """Raise whatever is wrong with a row as one error."""
    try:
        yield
    except (LookupError, TypeError, ValueError, ArithmeticError, RecursionError, msgspec.MsgspecError) as error:
        why = f"{type(error).__name__}: {error}"
        raise InvalidInputError(
            f"the ledger's row {str(item.get('request_id'))[:200]!r} can't be read: {why[:300]}; mend or delete it"
        ) from error


def entry_of(item: dict[str, Any]) -> Entry:
    """Return a row as people read it.

    Raises:
        InvalidInputError: it can't be read.
    """
    with _reading(item):
        return _entry(item)


def _entry(item: dict[str, Any]) -> Entry:
    in_json = {
        name: read_attribute(name, item.get(name, "")) for name in IN_JSON if name in Entry.__struct_encode_fields__
    }
    numbers = {"attempt": int(item["attempt"])} | {name: int(item.get(name, 0)) for name in ("failures", LEFT_OUT)}
    history = [each | {"attempt": int(each["attempt"])} for each in item.get("history", ())]
    published = sorted(item.get("published", ()))
    entry = msgspec.convert(item | in_json | numbers | {"published": published, "history": history}, Entry)
    _check(item, entry)
    return entry


def row_of(item: dict[str, Any]) -> LedgerRow:
    """Return a row as sweeps read it.

    Raises:
        InvalidInputError: it can't be read.
    """
    with _reading(item):
        return _row(item)


def _row(item: dict[str, Any]) -> LedgerRow:
    # DynamoDB gives every number as a Decimal.
    numbers = {name: int(item[name]) for name in ("attempt", "failures")}
    # An empty text stands for what was never written.
    in_json = {name: read_attribute(name, item[name]) for name in IN_JSON if item.get(name, "") != ""}
    plain = {name: value for name, value in item.items() if name not in IN_JSON}
    row = msgspec.convert(plain | numbers | in_json, LedgerRow)
    _check(item, row)
    return row


def _check(item: Mapping[str, Any], row: LedgerRow | Entry) -> None:
    """Raise what else is wrong with a row."""
    if row.request.request_id != item["request_id"]:
        raise ValueError(f"it is about {row.request.request_id}")
    if datetime.fromisoformat(row.updated_at).tzinfo is None:
        raise ValueError("updated_at has no time zone")
    if row.commanded is None and "commanded" in item:
        # It is no claim's that knows of no command: the request would stay as it is, and nobody would be told.
        raise ValueError("commanded says neither by whom nor when; write it as drawbridge withdraw does, or remove it")


def let_in_earlier(row: LedgerRow) -> LetIn | None:
    """Return what an earlier version let in, which kept only the decision record: the next one will replace it."""
    return let_in_before(row.decision_record, row.decided_by)
