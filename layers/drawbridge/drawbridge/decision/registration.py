"""Registering consumers: entries of the registry, checked before they are written."""

import csv
import io
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from drawbridge.decision.facts import Consumer
from drawbridge.errors import InvalidInputError

ALL_SERVICES = "*"

_ACCOUNT = re.compile(r"[0-9]{12}")
_SERVICE = re.compile(r"vpce-svc-[0-9a-f]{8,17}")
_TIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LONGEST = 1000


class Reader(Protocol):
    """A CSV reader: the standard library's type has no public name."""

    line_num: int

    def __next__(self) -> list[str]: ...


class Registration(Struct, frozen=True, kw_only=True):
    """An entry of the registry: an account, and what is known of it."""

    account_id: str
    consumer: Consumer


class BadLine(Struct, frozen=True):
    """A line of a file that can't be registered."""

    number: int
    """Counted from 1, the header's line included; of an entry that goes over several, the first."""
    reason: str


def registration(
    account_id: str, *, tier: str, services: Iterable[str], name: str, notes: str, since: datetime
) -> Registration:
    """Return a checked entry.

    Raises:
        InvalidInputError: a field is wrong; the message names it, and what is right.
    """
    check_account_id(account_id)
    if tier and _TIER.fullmatch(tier) is None:
        raise InvalidInputError(f"tier: {tier[:100]!r} is no tier (letters, digits, '-', '_' and '.', 64 at most)")
    reached = frozenset(service.strip() for service in services if service.strip())
    for service in sorted(reached):
        if service != ALL_SERVICES and _SERVICE.fullmatch(service) is None:
            raise InvalidInputError(
                f"services: {service[:100]!r} is no endpoint service; give ids such as vpce-svc-0123456789abcdef0, or *"
            )
    if not reached:
        raise InvalidInputError("services: none is given; give ids such as vpce-svc-0123456789abcdef0, or * for all")
    for field, text in (("name", name), ("notes", notes)):
        if len(text) > _LONGEST:
            raise InvalidInputError(f"{field}: {len(text)} characters, {_LONGEST} at most")
    consumer = Consumer(tier=tier, services=reached, name=name, notes=notes, since=since)
    return Registration(account_id=account_id, consumer=consumer)


def check_account_id(account_id: str) -> None:
    """Check that it is the id of an account.

    Raises:
        InvalidInputError: it is none; the message says what is right.
    """
    if _ACCOUNT.fullmatch(account_id) is None:
        # A spreadsheet takes an account for a number, and drops its leading zeros.
        zeros = "; its leading zeros may have been lost" if re.fullmatch(r"[0-9]{9,11}", account_id) else ""
        raise InvalidInputError(f"account_id: {account_id[:100]!r} is no AWS account (12 digits){zeros}")


COLUMNS = ("account_id", "tier", "services", "name", "notes")
"""Of a file of consumers, in any order; ``account_id`` and ``services`` are required."""


def read_registrations(text: str, since: datetime) -> tuple[list[Registration], list[BadLine]]:
    """Read a CSV file of consumers, with a header; several services are separated by spaces or semicolons.

    Raises:
        InvalidInputError: the header is missing or wrong.
    """
    # Not by splitlines, which ends lines where no spreadsheet does.
    rows: Reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    good: dict[str, Registration] = {}
    bad: list[BadLine] = []
    header: list[str] | None = None
    while (found := _next(rows, bad)) is not None:
        line, row = found
        if not any(field.strip() for field in row):
            continue
        if header is None:
            header = _header(row, line)
            continue
        try:
            entry = _entry(header, row, since)
        except InvalidInputError as error:
            bad.append(BadLine(line, str(error)))
            continue
        if entry.account_id in good:
            bad.append(BadLine(line, f"account_id: {entry.account_id} is on an earlier line already"))
        else:
            good[entry.account_id] = entry
    if header is None:
        raise InvalidInputError(f"line 1: a header is needed: {','.join(COLUMNS)}")
    return [*good.values()], bad


def _next(rows: Reader, bad: list[BadLine]) -> tuple[int, list[str]] | None:
    """Return the next row that can be parsed, with its first line; one that can't is added to ``bad``."""
    while True:
        line = rows.line_num + 1
        try:
            return line, next(rows)
        except StopIteration:
            return None
        except csv.Error as error:
            bad.append(BadLine(line, str(error)))


def _header(row: list[str], line: int) -> list[str]:
    header = [field.strip().lower() for field in row]
    unknown = sorted({*header} - {*COLUMNS})
    missing = [column for column in ("account_id", "services") if column not in header]
    twice = sorted({column for column in header if header.count(column) > 1})
    for wrong, columns in (("unknown", unknown), ("missing", missing), ("twice there", twice)):
        if columns:
            raise InvalidInputError(
                f"line {line}: {wrong}: {', '.join(columns)[:200]}; the header names the columns {', '.join(COLUMNS)}"
            )
    return header


def _entry(header: list[str], row: list[str], since: datetime) -> Registration:
    if len(row) != len(header):
        raise InvalidInputError(f"{len(row)} fields, where the header has {len(header)}; put quotes around commas")
    fields = dict(zip(header, (field.strip() for field in row), strict=True))
    return registration(
        fields["account_id"],
        tier=fields.get("tier", ""),
        services=re.split(r"[;\s]+", fields["services"]),
        name=fields.get("name", ""),
        notes=fields.get("notes", ""),
        since=since,
    )
