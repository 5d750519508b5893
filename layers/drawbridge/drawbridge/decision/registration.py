"""Registering consumers: entries of the registry, checked before they are written."""

import csv
import io
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from drawbridge.decision.facts import ALL_SERVICES, Consumer
from drawbridge.errors import InvalidInputError

_ACCOUNT = re.compile(r"[0-9]{12}")
_SERVICE = re.compile(r"vpce-svc-[0-9a-f]{8,17}")
_TIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_PRINCIPAL = re.compile(r"arn:aws(?:-[a-z]+)*:iam::([0-9]{12}):(?:root|(?:role|user)/[A-Za-z0-9_+=,.@-]{1,64})")
_LONGEST = 1000
_MOST_SERVICES = 500
_MOST_PRINCIPALS = 50
"""Bounds of one entry: a hundred of them are written at once, in what DynamoDB takes of one transaction."""


CLOCKS_AHEAD = timedelta(minutes=15)
"""How far another clock may be ahead: what is from far ahead would win against all that happens until then."""


class Reader(Protocol):
    """A CSV reader: the standard library's type has no public name."""

    line_num: int

    def __next__(self) -> list[str]: ...


class Registration(Struct, frozen=True, kw_only=True):
    """An entry of the registry: an account, and what is known of it.

    What follows the consumer is on the entry, and is nothing that a decision rests on.
    """

    account_id: str
    consumer: Consumer
    changed_at: datetime | None = None
    """When a command or an event registered it last; ``None`` where that was not written down, or can't be read.

    A suspension and its end leave it as it is.
    """
    proved_by: str = ""
    """ARN of who proved that the account is who it says."""
    challenge: str = ""
    """What is to be answered to prove it; empty where nothing was asked, or it was used."""
    unreadable: tuple[str, ...] = ()
    """Those of these three that can't be read."""
    event_fingerprint: str = ""
    """Which event said what of it, of those of the second it was changed in; empty where it was none."""
    unsaid: frozenset[str] = frozenset()
    """Of an entry to be written: the fields that nothing was said of, which an entry that is there keeps."""


def as_of(entry: Registration, now: datetime) -> Registration:
    """Return an entry as it is read now: when it was changed is unreadable if a clock that is far ahead wrote it."""
    if entry.changed_at is None or entry.changed_at <= now + CLOCKS_AHEAD:
        return entry
    return replace(entry, changed_at=None, unreadable=tuple(sorted({*entry.unreadable, "changed_at"})))


class BadLine(Struct, frozen=True):
    """A line of a file that can't be registered."""

    number: int
    """Counted from 1, the header's line included; of an entry that goes over several, the first."""
    reason: str


def registration(
    account_id: str,
    *,
    tier: str,
    services: Iterable[str],
    name: str,
    notes: str,
    since: datetime,
    principals: Iterable[str] | None = None,
    proof_required: bool | None = None,
) -> Registration:
    """Return a checked entry. Of ``principals`` and ``proof_required``, ``None`` says nothing.

    Raises:
        InvalidInputError: a field is wrong; the message names it, and what is right.
    """
    check_account_id(account_id)
    if tier and _TIER.fullmatch(tier) is None:
        raise InvalidInputError(f"tier: {tier[:100]!r} is no tier (letters, digits, '-', '_' and '.', 64 at most)")
    reached = _services(services)
    if not reached and not tier:
        raise InvalidInputError(
            "services: none is given, and no tier; give ids such as vpce-svc-0123456789abcdef0, * for all, or a tier "
            "for the services that are tagged with it"
        )
    named = _principals(principals or (), account_id)
    for field, text in (("name", name), ("notes", notes)):
        if len(text) > _LONGEST:
            raise InvalidInputError(f"{field}: {len(text)} characters, {_LONGEST} at most")
    consumer = Consumer(
        tier=tier,
        services=reached,
        name=name,
        notes=notes,
        since=since,
        principals=named,
        proof_required=proof_required is True,
    )
    said = {"principals": principals is not None, "proof_required": proof_required is not None}
    unsaid = frozenset(field for field, is_said in said.items() if not is_said)
    return Registration(account_id=account_id, consumer=consumer, changed_at=since, unsaid=unsaid)


def _services(given: Iterable[str]) -> frozenset[str]:
    services = frozenset(service.strip() for service in given if service.strip())
    for service in sorted(services):
        if service != ALL_SERVICES and _SERVICE.fullmatch(service) is None:
            raise InvalidInputError(
                f"services: {service[:100]!r} is no endpoint service; give ids such as vpce-svc-0123456789abcdef0, or *"
            )
    if len(services) > _MOST_SERVICES:
        raise InvalidInputError(f"services: {len(services)}, {_MOST_SERVICES} at most; * stands for all")
    return services


def _principals(given: Iterable[str], account_id: str) -> frozenset[str]:
    principals = frozenset(principal.strip() for principal in given if principal.strip())
    for principal in sorted(principals):
        if not is_principal_of(principal, account_id):
            raise InvalidInputError(
                f"principals: {principal[:200]!r} is no role, no user and not the root of {account_id}; give ARNs such "
                f"as arn:aws:iam::{account_id}:role/NAME, without a path"
            )
    if len(principals) > _MOST_PRINCIPALS:
        raise InvalidInputError(f"principals: {len(principals)}, {_MOST_PRINCIPALS} at most")
    return principals


def account_of(principal: str) -> str | None:
    """Return the account of a role or user without a path, or of a root, by its ARN; ``None`` of anything else."""
    found = _PRINCIPAL.fullmatch(principal)
    return found.group(1) if found else None


def is_principal_of(arn: str, account_id: str) -> bool:
    """Return whether it is the ARN of a role or user of the account, without a path, or of its root."""
    return account_of(arn) == account_id


def check_account_id(account_id: str) -> None:
    """Check that it is the id of an account.

    Raises:
        InvalidInputError: it is none; the message says what is right.
    """
    if _ACCOUNT.fullmatch(account_id) is None:
        # A spreadsheet takes an account for a number, and drops its leading zeros.
        zeros = "; its leading zeros may have been lost" if re.fullmatch(r"[0-9]{9,11}", account_id) else ""
        raise InvalidInputError(f"account_id: {account_id[:100]!r} is no AWS account (12 digits){zeros}")


COLUMNS = ("account_id", "tier", "services", "name", "notes", "principals", "proof_required")
"""Of a file of consumers, in any order; ``account_id`` and ``services`` are required."""

_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_registrations(text: str, since: datetime) -> tuple[list[Registration], list[BadLine]]:
    """Read a CSV file of consumers, with a header; several services, or principals, have spaces or semicolons between.

    Where ``principals`` or ``proof_required`` is empty, nothing is said of it.

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
    principals = _listed(fields.get("principals", ""))
    return registration(
        fields["account_id"],
        tier=fields.get("tier", ""),
        services=_listed(fields["services"]),
        name=fields.get("name", ""),
        notes=fields.get("notes", ""),
        since=since,
        principals=principals or None,
        proof_required=_truth(fields.get("proof_required", "")),
    )


def _listed(text: str) -> list[str]:
    return [each for each in re.split(r"[;\s]+", text) if each]


def _truth(text: str) -> bool | None:
    if not text:
        return None
    if (truth := _TRUTHS.get(text.lower())) is None:
        raise InvalidInputError(f"proof_required: {text[:100]!r} is neither true nor false")
    return truth
