"""Rows of a stack's ledger, and waiting for a status."""

from typing import Any

from scenarios.people import Person
from tests.system.conftest import until


def row_of(person: Person, subject: str) -> dict[str, Any] | None:
    return next(iter(person.ledger(subject)), None)


def settled(person: Person, subject: str, status: str) -> dict[str, Any]:
    def check() -> dict[str, Any] | None:
        row = row_of(person, subject)
        return row if row and row["settled"]["BOOL"] and row["status"]["S"] == status else None

    found: dict[str, Any] = until(check, lambda: f"{subject} is {status}; it is {row_of(person, subject)}")
    return found


def statuses(row: dict[str, Any]) -> list[str]:
    return [entry["M"]["status"]["S"] for entry in row["history"]["L"]]


def reasons(row: dict[str, Any]) -> list[str]:
    return [reason["M"]["code"]["S"] for reason in row["reasons"]["L"]]
