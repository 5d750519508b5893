"""Challenges on the registry's entries: nothing else of them is read or written here, as IAM has it too."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from drawbridge.aws.errors import code_of, translated
from drawbridge.aws.table_reads import only
from drawbridge.aws.table_writes import Write
from drawbridge.errors import UpstreamError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class ChallengeItems:
    """The registry, as far as challenges go."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def challenge(self, account_id: str) -> str | None:
        """Return the open challenge of an account; ``None`` without one, without an entry, or if it is no text."""
        with translated("look a challenge up in the registry", missing=UpstreamError):
            found = self._table.get_item(Key={"account_id": account_id}, ConsistentRead=True, **only(["challenge"]))
        challenge = found.get("Item", {}).get("challenge")
        return challenge if isinstance(challenge, str) and challenge else None

    def ask(self, account_id: str, challenge: str) -> bool:
        """Put a challenge on an entry, in place of an earlier one; ``False`` without an entry."""
        write = Write(challenge=challenge)
        write.only_if_there("account_id")
        return self._write(account_id, write)

    def prove(self, account_id: str, challenge: str, *, by: str, at: datetime) -> bool:
        """Record who proved it, and use up the challenge; ``False`` if it is another by now, or none."""
        write = Write(proved_at=at.isoformat(timespec="seconds"), proved_by=by)
        write.remove("challenge")
        write.only_if(challenge=challenge)
        return self._write(account_id, write)

    def _write(self, account_id: str, write: Write) -> bool:
        with translated(f"write the challenge of {account_id}", missing=UpstreamError):
            try:
                self._table.update_item(Key={"account_id": account_id}, ReturnValues="NONE", **write.parameters())
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True
