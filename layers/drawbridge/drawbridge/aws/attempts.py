"""What attempts work on: DynamoDB, of each attempt items for the plan and its grounds, and two for each association."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field

from drawbridge.association import Plan, PlannedAssociation
from drawbridge.association.attachment_document import AttachmentDocument, attachment_of, document_of
from drawbridge.aws.errors import translated
from drawbridge.aws.table_reads import queried
from drawbridge.decision.grounds import AssociationGrounds
from drawbridge.errors import UpstreamError
from drawbridge.record.attempt import Kept, fitted
from drawbridge.record.outcome import ItemResult
from drawbridge.request import WorkflowInput

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_KEPT_FOR = timedelta(days=30)
"""Longer than an execution runs, and than it can be redriven afterwards."""

_PLAN = "plan"
_GROUNDS = "grounds"
_ASSOCIATION = "association/"
_RESULT = "result/"


class _Head(Struct, frozen=True):
    """A plan without its associations and grounds, which have items of their own."""

    plan: Plan
    associations: int


class _Planned(Struct, frozen=True):
    """An association that was decided on, as it is kept."""

    desired: AttachmentDocument = field(name="wanted")
    at: datetime


class Attempts:
    """The items. They are named by their place in the plan, so that a step that is run again writes the same ones."""

    def __init__(self, table: Table, *, now: Callable[[], datetime]) -> None:
        self._table = table
        self._now = now

    def keep_plan(self, request: WorkflowInput, plan: Plan, at: datetime) -> tuple[int, ...]:
        """Keep a plan that was made as of that moment; give the places of its associations.

        Whatever was kept of the attempt before goes. The plan's own item is written last: there is no plan while a part
        of it is missing.
        """
        head = _Head(msgspec.structs.replace(plan, associations=(), grounds=None), len(plan.associations))
        parts: dict[str, object] = {_GROUNDS: plan.grounds} | {
            _association(place): _Planned(document_of(wanted), at) for place, wanted in enumerate(plan.associations)
        }
        before = self._items(request)
        with translated(f"keep the plan of {request.execution_name}", missing=UpstreamError):
            with self._table.batch_writer() as batch:
                # The old plan's own item first: from here on there is none.
                for name in sorted(before.keys() - parts.keys(), key=lambda name: (name != _PLAN, name)):
                    batch.delete_item(Key=_key(request, name))
                for name, part in parts.items():
                    batch.put_item(Item=self._item(request, name, part))
            self._table.put_item(Item=self._item(request, _PLAN, head))
        return tuple(range(len(plan.associations)))

    def planned(self, request: WorkflowInput, place: int) -> PlannedAssociation:
        """Give one association as it was decided on last.

        Raises:
            UpstreamError: it is not kept, or not any longer.
        """
        name = _association(place)
        with translated(f"read {name} of {request.execution_name}", missing=UpstreamError):
            item = self._table.get_item(Key=_key(request, name), ConsistentRead=True).get("Item")
        if item is None:
            raise _lost(request, name)
        planned = msgspec.json.decode(str(item["json"]), type=_Planned)
        return PlannedAssociation(wanted=attachment_of(planned.desired), at=planned.at)

    def keep_planned(self, request: WorkflowInput, place: int, planned: PlannedAssociation) -> None:
        """Keep one association as it was decided again."""
        self._put(request, _association(place), _Planned(document_of(planned.wanted), planned.at))

    def keep_result(self, request: WorkflowInput, place: int, result: ItemResult) -> None:
        """Keep what came of one association, as much of it as there is room for."""
        self._put(request, f"{_RESULT}{place}", fitted(result))

    def kept(self, request: WorkflowInput) -> Kept:
        """Give all that is kept of an attempt.

        Raises:
            UpstreamError: nothing is kept of it, or not any longer.
        """
        items = self._items(request)
        names = (_PLAN, _GROUNDS)
        if not items.keys() >= {*names}:
            raise _lost(request, _PLAN)
        head = msgspec.json.decode(items[_PLAN], type=_Head)
        places = range(head.associations)
        missing = [place for place in places if _association(place) not in items]
        if missing:
            raise _lost(request, _association(missing[0]))
        decode = msgspec.json.Decoder(_Planned).decode
        plan = msgspec.structs.replace(
            head.plan,
            associations=tuple(attachment_of(decode(items[_association(place)]).desired) for place in places),
            grounds=msgspec.json.decode(items[_GROUNDS], type=AssociationGrounds | None),
        )
        results = msgspec.json.Decoder(ItemResult)
        return Kept(
            plan=plan,
            results={
                place: results.decode(items[f"{_RESULT}{place}"]) for place in places if f"{_RESULT}{place}" in items
            },
        )

    def _items(self, request: WorkflowInput) -> dict[str, str]:
        """Read what is kept, in JSON, by the names of the items."""
        with translated(f"read what is kept of {request.execution_name}", missing=UpstreamError):
            found = queried(
                self._table,
                KeyConditionExpression="attempt = :attempt",
                ExpressionAttributeValues={":attempt": request.execution_name},
                ConsistentRead=True,
            )
            return {str(item["item"]): str(item["json"]) for item in found}

    def _put(self, request: WorkflowInput, name: str, part: object) -> None:
        with translated(f"write {name} of {request.execution_name}", missing=UpstreamError):
            self._table.put_item(Item=self._item(request, name, part))

    def _item(self, request: WorkflowInput, name: str, part: object) -> dict[str, Any]:
        return _key(request, name) | {
            "json": msgspec.json.encode(part).decode(),
            "expires_at": int((self._now() + _KEPT_FOR).timestamp()),
        }


def _association(place: int) -> str:
    return f"{_ASSOCIATION}{place}"


def _key(request: WorkflowInput, name: str) -> dict[str, str]:
    return {"attempt": request.execution_name, "item": name}


def _lost(request: WorkflowInput, name: str) -> UpstreamError:
    return UpstreamError(f"{name} of {request.execution_name} is not kept, or not any longer")
