"""Route 53's hosted zones: names of our own, each with a marker record that says whose it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError
from msgspec import Struct

from drawbridge.association import Alias
from drawbridge.association.aliases import Holder, HostedZone, MayTakeOver, taken_text
from drawbridge.aws.errors import code_of, translated
from drawbridge.errors import ConflictError, NotReadyError, RefusedError
from drawbridge.publication.named import NamedResource

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

_MARKER = "_drawbridge"
_TTL = 300

_BINDING, _VPC = "binding=", " vpc="
_MARK = re.compile(rf'"(?P<subject>[^"]*)"( "{_BINDING}(?P<binding>[^" ]+)({_VPC}(?P<vpc>[^" ]+))?")?')

_RACED = ("but it already exists", "not found", "do not match")
"""What Route 53 says where the records are not as they were a moment ago; all else stays wrong."""


class _Compared(Struct, frozen=True):
    action: str
    record: dict[str, Any] | None
    """As it is there."""
    desired: dict[str, Any]
    marker: dict[str, Any]


class HostedZones:
    """Alias records. One that is there without our marker is never touched."""

    def __init__(self, route53: Route53Client, *, owner: str) -> None:
        self._route53 = route53
        self._owner = owner

    def zone(self, zone_id: str) -> HostedZone | None:
        """Return a zone; ``None`` if this account has none of that id."""
        with translated(f"look for zone {zone_id}"):
            try:
                answer = self._route53.get_hosted_zone(Id=zone_id)["HostedZone"]
            except ClientError as error:
                if code_of(error) not in {"NoSuchHostedZone", "InvalidInput"}:
                    raise
                return None
        return HostedZone(name=_plain(answer["Name"]), private=answer.get("Config", {}).get("PrivateZone") is True)

    def holder(self, alias: Alias) -> Holder | None:
        """Return who has a name; ``None`` if nobody does, or another stack."""
        marker = self._marker(alias)
        return None if marker is None else self._holder_in(marker)

    def point(self, alias: Alias, to: NamedResource, *, holder: Holder, may_take_over: MayTakeOver) -> None:
        """Have the name lead there. Nothing is written if it does.

        Raises:
            ConflictError: there is a record of that name which is not ours, or is another's that may not be taken over.
            NotReadyError: somebody else changes the same record.
            RefusedError: the zone takes no such record, as where the name does not lie in it.
        """
        compared = self._compare(alias, to, holder, may_take_over)
        if compared is not None:
            self._change(alias, compared.action, [compared.marker, compared.desired])

    def difference(self, alias: Alias, to: NamedResource, *, holder: Holder, may_take_over: MayTakeOver) -> str | None:
        """Return how what is there differs from what the name is to lead to; ``None`` if it does not.

        The text is empty where only the marker would be written anew, as an earlier version wrote it.

        Raises:
            ConflictError: there is a record of that name which is not ours, or is another's that may not be taken over.
        """
        compared = self._compare(alias, to, holder, may_take_over)
        if compared is None:
            return None
        if compared.record == compared.desired:
            return ""
        target = (compared.record or {}).get("AliasTarget", {}).get("DNSName", "nothing")
        return f"{alias.name} in {alias.zone_id}: {target} -> {_plain(to.dns_name)}"

    def _compare(self, alias: Alias, to: NamedResource, holder: Holder, may_take_over: MayTakeOver) -> _Compared | None:
        """Return what is to be written; ``None`` if everything is as desired."""
        record, marker = self._record(alias), self._marker(alias)
        desired, desired_marker = _alias(alias, to), self._mark(alias, holder)
        if record == desired and _value_of(marker) == _value_of(desired_marker):
            return None
        if marker is None and record is not None:
            raise ConflictError(
                f"{alias.name} in {alias.zone_id} is there and not Drawbridge's; delete it, or rename it"
            )
        if marker is not None:
            self._check_holder(alias, marker, holder, may_take_over)
        return _Compared("UPSERT" if marker else "CREATE", record, desired, desired_marker)

    def _check_holder(self, alias: Alias, marker: dict[str, Any], holder: Holder, may_take_over: MayTakeOver) -> None:
        theirs = self._holder_in(marker)
        if theirs is None:
            raise ConflictError(f"{alias.name} in {alias.zone_id} is another's: {_value_of(marker)[:200]}")
        same = theirs.subject == holder.subject and theirs.binding in {"", holder.binding}
        if same or may_take_over(theirs):
            return
        if theirs.binding in {"", holder.binding}:
            raise ConflictError(f"{alias.name} in {alias.zone_id} is for {theirs.subject}, which is still shared")
        raise ConflictError(f"alias-taken: {taken_text(alias, theirs)}")

    def remove(self, alias: Alias, *, holder: Holder, dns_name: str) -> None:
        """Remove the name if it is that holder's.

        A marker that does not say whose it is counts as the holder's if the name leads where the holder's led, to
        ``dns_name``: another binding's leads elsewhere. Where the zone itself is gone, nothing is left to remove.
        """
        try:
            record, marker = self._record(alias), self._marker(alias)
        except RefusedError as error:
            if isinstance(error.__cause__, ClientError) and code_of(error.__cause__) == "NoSuchHostedZone":
                return
            raise
        theirs = None if marker is None else self._holder_in(marker)
        if theirs is None or theirs.subject != holder.subject or theirs.binding not in {"", holder.binding}:
            return
        led = (record or {}).get("AliasTarget", {}).get("DNSName", "")
        if not theirs.binding and led and led != _plain(dns_name):
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

    def _mark(self, alias: Alias, holder: Holder) -> dict[str, Any]:
        # Two texts of one value: each may have 255 characters, and the first is all that an earlier version wrote.
        whose = f"{_BINDING}{holder.binding}" + (f"{_VPC}{holder.vpc_id}" if holder.vpc_id else "")
        return {
            "Name": f"{_MARKER}.{alias.name}",
            "Type": "TXT",
            "TTL": _TTL,
            "ResourceRecords": [{"Value": f'"{self._beginning}{holder.subject}" "{whose}"'}],
        }

    def _holder_in(self, marker: dict[str, Any]) -> Holder | None:
        """Read a marker of ours; ``None`` for another's, or what nobody of ours wrote."""
        found = _MARK.fullmatch(_value_of(marker))
        if found is None or not found["subject"].startswith(self._beginning):
            return None
        subject = found["subject"].removeprefix(self._beginning)
        return Holder(subject=subject, binding=found["binding"] or "", vpc_id=found["vpc"] or "") if subject else None

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
    """Return the record with its names as we write them: in lower case, without the dot at their end."""
    answer = record | {"Name": _plain(record["Name"])}
    if "AliasTarget" in answer:
        answer["AliasTarget"] = answer["AliasTarget"] | {"DNSName": _plain(answer["AliasTarget"]["DNSName"])}
    if not answer.get("ResourceRecords", True):
        del answer["ResourceRecords"]
    return answer


def _plain(name: str) -> str:
    # Route 53 answers in octal only what is no letter, digit, hyphen or underscore: an alias's name has none of it.
    return name.rstrip(".").lower()


def _value_of(marker: dict[str, Any] | None) -> str:
    """Return what a marker says, whatever its TTL; empty if there is none."""
    return " ".join(each["Value"] for each in (marker or {}).get("ResourceRecords", ()))
