"""Route 53's private hosted zones: names of our own, each with a marker record that says whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError
from msgspec import Struct

from drawbridge.association import Alias
from drawbridge.aws.errors import code_of, translated
from drawbridge.errors import ConflictError, NotReadyError, RefusedError
from drawbridge.publication.named import NamedResource
from drawbridge.publication.parameters import MayReplace

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

_MARKER = "_drawbridge"
_TTL = 300

_RACED = ("but it already exists", "not found", "do not match")
"""What Route 53 says where the records are not as they were a moment ago; all else stays wrong."""


class _Compared(Struct, frozen=True):
    action: str
    record: dict[str, Any] | None
    """As it is there."""
    wanted: dict[str, Any]
    marker: dict[str, Any]


class PrivateZones:
    """Alias records. One that is there without our marker is never touched."""

    def __init__(self, route53: Route53Client, *, owner: str) -> None:
        self._route53 = route53
        self._owner = owner

    def point(self, alias: Alias, to: NamedResource, *, subject: str, may_replace: MayReplace) -> None:
        """Have the name lead there. Nothing is written if it does.

        Raises:
            ConflictError: there is a record of that name which is not ours, or is another's that may not be replaced.
            NotReadyError: somebody else changes the same record.
            RefusedError: the zone takes no such record, as where the name does not lie in it.
        """
        compared = self._compare(alias, to, subject, may_replace)
        if compared is not None:
            self._change(alias, compared.action, [compared.marker, compared.wanted])

    def difference(self, alias: Alias, to: NamedResource, *, subject: str, may_replace: MayReplace) -> str:
        """Say how what is there differs from what the name is to lead to; empty if it does not.

        Raises:
            ConflictError: there is a record of that name which is not ours, or is another's that may not be replaced.
        """
        compared = self._compare(alias, to, subject, may_replace)
        if compared is None:
            return ""
        target = (compared.record or {}).get("AliasTarget", {}).get("DNSName", "nothing")
        return f"{alias.name} in {alias.zone_id}: {target} -> {_plain(to.dns_name)}"

    def _compare(self, alias: Alias, to: NamedResource, subject: str, may_replace: MayReplace) -> _Compared | None:
        """Say what is to be written; ``None`` if everything is as wanted."""
        record, marker = self._record(alias), self._marker(alias)
        wanted, wanted_marker = _alias(alias, to), self._mark(alias, subject)
        if record == wanted and _said(marker) == _said(wanted_marker):
            return None
        if marker is None and record is not None:
            raise ConflictError(
                f"{alias.name} in {alias.zone_id} is there and not Drawbridge's; delete it, or rename it"
            )
        if marker is not None and _said(marker) != _said(wanted_marker):
            theirs = self._subject_of(marker)
            if not theirs or not may_replace(theirs):
                raise ConflictError(f"{alias.name} in {alias.zone_id} is another's: {_said(marker)[:200]}")
        return _Compared("UPSERT" if marker else "CREATE", record, wanted, wanted_marker)

    def remove(self, alias: Alias, *, subject: str) -> None:
        """Remove the name if it is ours and of that subject."""
        record, marker = self._record(alias), self._marker(alias)
        if _said(marker) != _said(self._mark(alias, subject)):
            return
        self._change(alias, "DELETE", [each for each in (record, marker) if each is not None])

    def _change(self, alias: Alias, action: str, records: list[dict[str, Any]]) -> None:
        """Change both records or neither."""
        changes: Any = [{"Action": action, "ResourceRecordSet": each} for each in records]
        with translated(f"change {alias.name} in {alias.zone_id}"):
            try:
                self._route53.change_resource_record_sets(
                    HostedZoneId=alias.zone_id,
                    ChangeBatch={"Comment": f"Drawbridge ({self._owner})", "Changes": changes},
                )
            except ClientError as error:
                if code_of(error) not in {"InvalidChangeBatch", "PriorRequestNotComplete"}:
                    raise
                words = error.response["Error"].get("Message", "")
                raced = code_of(error) == "PriorRequestNotComplete" or any(each in words for each in _RACED)
                failure = NotReadyError if raced else RefusedError
                raise failure(f"change {alias.name} in {alias.zone_id}: {words}") from error

    def _record(self, alias: Alias) -> dict[str, Any] | None:
        return self._find(alias, alias.name, "A")

    def _marker(self, alias: Alias) -> dict[str, Any] | None:
        return self._find(alias, f"{_MARKER}.{alias.name}", "TXT")

    def _find(self, alias: Alias, name: str, kind: Literal["A", "TXT"]) -> dict[str, Any] | None:
        with translated(f"look for {name} in {alias.zone_id}"):
            found = self._route53.list_resource_record_sets(
                HostedZoneId=alias.zone_id,
                StartRecordName=name,
                StartRecordType=kind,
                MaxItems="1",
            )["ResourceRecordSets"]
        first: dict[str, Any] | None = dict(found[0]) if found else None
        if first is None or first["Type"] != kind or _plain(first["Name"]) != name:
            return None
        return _normal(first)

    def _mark(self, alias: Alias, subject: str) -> dict[str, Any]:
        return {
            "Name": f"{_MARKER}.{alias.name}",
            "Type": "TXT",
            "TTL": _TTL,
            "ResourceRecords": [{"Value": f'"{self._beginning}{subject}"'}],
        }

    def _subject_of(self, marker: dict[str, Any]) -> str:
        """Give the subject in a marker of ours; empty for another's."""
        said = _said(marker).strip('"')
        return said.removeprefix(self._beginning) if said.startswith(self._beginning) else ""

    @property
    def _beginning(self) -> str:
        return f"owner={self._owner} subject="


def _alias(alias: Alias, to: NamedResource) -> dict[str, Any]:
    return {
        "Name": alias.name,
        "Type": "A",
        "AliasTarget": {
            "HostedZoneId": to.hosted_zone_id,
            "DNSName": _plain(to.dns_name),
            "EvaluateTargetHealth": False,
        },
    }


def _normal(record: dict[str, Any]) -> dict[str, Any]:
    """Give names as they are written, without the dot at their end."""
    told = record | {"Name": _plain(record["Name"])}
    if "AliasTarget" in told:
        told["AliasTarget"] = told["AliasTarget"] | {"DNSName": _plain(told["AliasTarget"]["DNSName"])}
    if not told.get("ResourceRecords", True):
        del told["ResourceRecords"]
    return told


def _plain(name: str) -> str:
    # Route 53 answers in octal only what is no letter, digit, hyphen or underscore: an alias's name has none of it.
    return name.rstrip(".").lower()


def _said(marker: dict[str, Any] | None) -> str:
    """Give what a marker says, whatever its TTL; empty if there is none."""
    return " ".join(each["Value"] for each in (marker or {}).get("ResourceRecords", ()))
