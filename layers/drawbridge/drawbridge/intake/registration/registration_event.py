"""Events of a sign-up service: a consumer is registered, or removed.

They are the only events whose contents are acted on; so they are read strictly, and a broken one is nobody's.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from drawbridge.decision.facts import AwareDatetime
from drawbridge.decision.registration import CLOCKS_AHEAD, Registration, check_account_id, registration
from drawbridge.errors import InvalidInputError
from drawbridge.parsing import UnreadableError, read_json, read_value

REGISTERED = "Consumer Registered"
REMOVED = "Consumer Removed"

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

_LONGEST_SOURCE = 256


class ConsumerRegistered(Struct, frozen=True, kw_only=True):
    """An account has signed up, or what it signed up for has changed."""

    entry: Registration
    at: datetime
    by: str
    """Which event of whom it was, as it is told to people."""

    @property
    def account_id(self) -> str:
        return self.entry.account_id


class ConsumerRemoved(Struct, frozen=True, kw_only=True):
    """An account is a consumer no longer."""

    account_id: str
    at: datetime
    by: str


RegistrationEvent = ConsumerRegistered | ConsumerRemoved


AccountIdText = Annotated[str, Meta(pattern="^[0-9]{12}$", description="A text: as a number it loses leading zeros.")]
Texts = list[str] | str
"""Several texts, or one with commas between."""


class RegisteredDetail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an event says of an account that is registered. What it leaves out but tier and services stays as it is."""

    account_id: AccountIdText
    tier: str = ""
    services: Texts = []
    """Ids of endpoint services, or ``*``; those that are tagged with the tier need not be named."""
    name: str | None = None
    notes: str | None = None
    principals: Texts | None = None
    """ARNs of the account's roles and users that services are offered to, instead of to the account as a whole."""
    proof_required: bool | None = None
    """Whether it has to prove that it is who it says; no event takes that back, and no removal by an event either."""


class RemovedDetail(Struct, frozen=True, kw_only=True):
    """What an event says of an account that is removed; whatever else is in it says nothing."""

    account_id: AccountIdText


class RegisteredEvent(Struct, frozen=True, kw_only=True):
    """The event as EventBridge delivers it; of its envelope nothing else is read."""

    source: str
    detail_type: Literal["Consumer Registered"] = msgspec.field(name="detail-type")
    time: AwareDatetime
    """Of two events about an account the later counts, whichever arrives first."""
    detail: RegisteredDetail


class RemovedEvent(Struct, frozen=True, kw_only=True):
    """The event as EventBridge delivers it; of its envelope nothing else is read."""

    source: str
    detail_type: Literal["Consumer Removed"] = msgspec.field(name="detail-type")
    time: AwareDatetime
    """Of two events about an account the later counts, and of two at once the removal."""
    detail: RemovedDetail


class _Envelope(Struct, frozen=True, kw_only=True):
    source: str
    detail_type: str = msgspec.field(name="detail-type")
    time: AwareDatetime
    detail: dict[str, Any] = {}


_CAMEL = {"accountId": "account_id", "proofRequired": "proof_required"}

_NOT_FOR_EVENTS = frozenset(
    {"since", "suspended_at", "proved_at", "proved_by", "challenge", "changed_at"}
    | {"suspendedAt", "provedAt", "provedBy", "changedAt"}
)
"""Beside the others in what ``consumers show --json`` prints: an event may repeat it, and changes none of it."""


def parse_registration_event(body: str, now: datetime) -> RegistrationEvent:
    """Return what the event says.

    Raises:
        InvalidInputError: it is none, or a field is wrong; the message names it, and what is right.
    """
    try:
        envelope = read_json(body, _Envelope)
    except UnreadableError as error:
        raise InvalidInputError(
            f"event: {error}; an EventBridge event with source, time and detail is needed"
        ) from error
    if envelope.detail_type not in {REGISTERED, REMOVED}:
        raise InvalidInputError(
            f"detail-type: {envelope.detail_type[:100]!r} says nothing of consumers; send {REGISTERED!r} or {REMOVED!r}"
        )
    if envelope.time < _EARLIEST:
        raise InvalidInputError(
            f"time: {envelope.time.isoformat()} is long past; send it with the time at which it happened"
        )
    if envelope.time > now + CLOCKS_AHEAD:
        raise InvalidInputError(
            f"time: {envelope.time.isoformat()} lies ahead; send it with the time at which it happened, or with none"
        )
    by = f"the event {envelope.detail_type} of {envelope.source[:_LONGEST_SOURCE]}"
    # As EventBridge tells it, and entries keep it.
    at = envelope.time.astimezone(UTC).replace(microsecond=0)
    given = _given(envelope.detail)
    if envelope.detail_type == REMOVED:
        return ConsumerRemoved(account_id=_account_id(given), at=at, by=by)
    return ConsumerRegistered(entry=_entry(given, at), at=at, by=by)


def _given(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a detail says, in snake case; what is null says nothing."""
    given: dict[str, Any] = {}
    for name, value in detail.items():
        if value is None:
            continue
        if (known := _CAMEL.get(name, name)) in given:
            raise InvalidInputError(f"detail: {known} is given twice, as {name} too; give one of them")
        given[known] = value
    return given


def _account_id(given: Mapping[str, Any]) -> str:
    account_id = given.get("account_id")
    if account_id is None:
        raise InvalidInputError("account_id: there is none; give the id of the account, as text of 12 digits")
    if not isinstance(account_id, str):
        number = " as a number an id loses its leading zeros," if isinstance(account_id, int | float) else ""
        raise InvalidInputError(
            f"account_id: a text is needed, not {_json_type(account_id)}:{number} so put its 12 digits in quotes"
        )
    check_account_id(account_id)
    return account_id


def _entry(given: Mapping[str, Any], at: datetime) -> Registration:
    _account_id(given)
    fields = {name: value for name, value in given.items() if name not in _NOT_FOR_EVENTS}
    known = RegisteredDetail.__struct_fields__
    for name in fields:
        if name not in known:
            raise InvalidInputError(f"{name[:100]!r}: there is no such field; there are {', '.join(known)}")
    for name, value in fields.items():
        _check_type(name, value)
    try:
        detail = read_value(fields, RegisteredDetail)
    except UnreadableError as error:
        raise InvalidInputError(f"detail: {error}") from error
    entry = registration(
        detail.account_id,
        tier=detail.tier,
        services=_texts(detail.services),
        name=detail.name or "",
        notes=detail.notes or "",
        since=at,
        principals=None if detail.principals is None else _texts(detail.principals),
        proof_required=detail.proof_required,
    )
    unsaid = frozenset(name for name in ("name", "notes") if getattr(detail, name) is None)
    return msgspec.structs.replace(entry, changed_at=at, unsaid=entry.unsaid | unsaid)


def _check_type(name: str, value: object) -> None:
    """Check a field's type, for a message that says what to write."""
    match name:
        case "services" | "principals":
            if isinstance(value, str):
                return
            if not isinstance(value, list):
                raise InvalidInputError(f"{name}: a list of texts is needed, not {_json_type(value)}")
            if odd := [each for each in value if not isinstance(each, str)]:
                raise InvalidInputError(f"{name}: each has to be a text, and one is {_json_type(odd[0])}")
        case "proof_required":
            if not isinstance(value, bool):
                raise InvalidInputError(f"{name}: true or false is needed, without quotes, not {_json_type(value)}")
        case _:
            if not isinstance(value, str):
                raise InvalidInputError(f"{name}: a text is needed, not {_json_type(value)}")


def _json_type(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"


def _texts(given: Texts) -> list[str]:
    """Return several texts; one with commas between stands for several, as in entries that are written by hand."""
    return given.split(",") if isinstance(given, str) else given
