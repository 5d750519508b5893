"""The records of Route 53's hosted zones: listed, and changed in atomic batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.route53.models import RecordSet

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.services.dns.dns_names import fault_of, in_order, normal
from local_aws.services.route53.hosted_zones import most_items, zone_of
from local_aws.services.route53.record_changes import new_change
from local_aws.services.route53.record_rules import Key, faults_in_values, faults_together

_MOST_RECORDS = 300
"""On a page."""
_MOST_VALUES = 1000
"""In a batch; the values of an UPSERT count twice."""
_LACKING = frozenset({"CidrRoutingConfig", "GeoProximityLocation", "TrafficPolicyInstanceId"})
_KEPT = {
    "NS": "A HostedZone must contain at least one NS record for the zone itself.",
    "SOA": "A HostedZone must contain exactly one SOA record.",
}
"""The messages for deleting the zone's own records."""

_MEMBERS = {
    "name": "Name",
    "type": "Type",
    "set_identifier": "SetIdentifier",
    "weight": "Weight",
    "region": "Region",
    "geo_location": "GeoLocation",
    "failover": "Failover",
    "multi_value_answer": "MultiValueAnswer",
    "ttl": "TTL",
    "alias_target": "AliasTarget",
    "health_check_id": "HealthCheckId",
}
"""moto's attributes with their names in the model."""


def install() -> None:
    add_operation("route53", "ChangeResourceRecordSets", _change)
    add_operation("route53", "ListResourceRecordSets", _list)


def described(record: Any) -> dict[str, Any]:
    """Return a moto record in the model's form."""
    description = {name: getattr(record, attribute) for attribute, name in _MEMBERS.items()}
    # moto has an SOA record's value in the model's form already.
    values = [each["Value"] if isinstance(each, Mapping) else each for each in record.records or ()]
    description["Name"] = f"{normal(record.name)}."
    description["TTL"] = None if record.ttl is None else int(record.ttl)
    description["ResourceRecords"] = [{"Value": value} for value in values] or None
    return {name: value for name, value in description.items() if value is not None}


def _change(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    zone = zone_of(call, params["HostedZoneId"])
    batch = params["ChangeBatch"]
    _check_size(batch["Changes"])
    changes = [(change["Action"], _read(change)) for change in batch["Changes"]]
    records = {_key(record): record for record in map(described, zone.rrsets)}
    wrong = _apply(changes, records, normal(zone.name))
    if not wrong:
        written = [_key(record) for action, record in changes if action != "DELETE"]
        wrong = list(faults_together(records, written, zone))
    if wrong:
        raise AwsError("InvalidChangeBatch", f"[{', '.join(wrong)}]")
    zone.rrsets = [_kept(record) for record in records.values()]
    return {"ChangeInfo": new_change(batch.get("Comment"))}


def _check_size(changes: Iterable[dict[str, Any]]) -> None:
    count = sum(
        len(change["ResourceRecordSet"].get("ResourceRecords") or ()) * (2 if change["Action"] == "UPSERT" else 1)
        for change in changes
    )
    if count > _MOST_VALUES:
        raise AwsError("InvalidChangeBatch", f"[Number of records limit of {_MOST_VALUES} exceeded.]")


def _read(change: dict[str, Any]) -> dict[str, Any]:
    """Return a change's record in normal form.

    Raises:
        AwsError: it has neither an alias nor values, or both.
        NotImplementedError: it has a member that is not supported.
    """
    record = {name: value for name, value in change["ResourceRecordSet"].items() if value is not None}
    if lacking := _LACKING & record.keys():
        raise NotImplementedError(f"Records with {min(lacking)} are not there.")
    has_values = "TTL" in record and bool(record.get("ResourceRecords"))
    if "AliasTarget" in record and ("TTL" in record or record.get("ResourceRecords")):
        raise _neither(change, "more than one")
    if "AliasTarget" not in record and not has_values:
        raise _neither(change, "none")
    if not fault_of(record["Name"]):
        record["Name"] = f"{normal(record['Name'])}."
    if alias := record.get("AliasTarget"):
        record["AliasTarget"] = {
            "HostedZoneId": alias["HostedZoneId"].removeprefix("/hostedzone/"),
            "DNSName": f"{normal(alias['DNSName'])}.",
            "EvaluateTargetHealth": alias["EvaluateTargetHealth"],
        }
    return record


def _neither(change: dict[str, Any], found: str) -> AwsError:
    record = change["ResourceRecordSet"]
    return AwsError(
        "InvalidInput",
        "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or"
        f" TrafficPolicyInstanceId], but found {found} in Change with [Action={change['Action']},"
        f" Name={record['Name']}, Type={record['Type']}, SetIdentifier={record.get('SetIdentifier') or 'null'}]",
    )


def _key(record: dict[str, Any]) -> Key:
    return record["Name"], record["Type"], record.get("SetIdentifier")


def _apply(changes: list[tuple[str, dict[str, Any]]], records: dict[Key, dict[str, Any]], domain: str) -> list[str]:
    """Apply the changes in order; return the faults of single changes, with which the records are not to be used."""
    wrong: list[str] = []
    before: dict[Key, list[str]] = {}
    for action, record in changes:
        key = _key(record)
        actions = before.setdefault(key, [])
        faults = list(faults_in_values(record, domain)) if action != "DELETE" else []
        if actions and (actions != ["DELETE"] or action == "DELETE"):
            faults.append(
                f"The request contains an invalid set of changes for a resource record set '{key[1]} {key[0]}'"
            )
        actions.append(action)
        if not faults and (fault := _action_fault(action, record, records.get(key), domain)):
            faults.append(fault)
        wrong += faults
        if action == "DELETE":
            records.pop(key, None)
        else:
            records[key] = record
    return wrong


def _action_fault(action: str, record: dict[str, Any], present: dict[str, Any] | None, domain: str) -> str | None:
    named = f"[name='{record['Name']}', type='{record['Type']}'{_identifier_text(record)}]"
    if action == "CREATE" and present is not None:
        return f"Tried to create resource record set {named} but it already exists"
    if action != "DELETE":
        return None
    if present is None:
        return f"Tried to delete resource record set {named} but it was not found"
    if _comparable(present) != _comparable(record):
        return f"Tried to delete resource record set {named} but the values provided do not match the current values"
    return _KEPT.get(record["Type"]) if record["Name"] == f"{domain}." else None


def _identifier_text(record: dict[str, Any]) -> str:
    return f", set-identifier='{record['SetIdentifier']}'" if record.get("SetIdentifier") else ""


def _comparable(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record with its values sorted."""
    return {**record, "ResourceRecords": sorted(each["Value"] for each in record.get("ResourceRecords") or ())}


def _kept(record: dict[str, Any]) -> Any:
    """Return moto's record, which has plain values."""
    values = [each["Value"] for each in record.get("ResourceRecords") or ()]
    return RecordSet({**record, "ResourceRecords": values})


def _list(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    zone = zone_of(call, params["HostedZoneId"])
    name, kind = params.get("StartRecordName"), params.get("StartRecordType")
    identifier = params.get("StartRecordIdentifier")
    if (kind and not name) or (identifier and not kind):
        raise AwsError("InvalidInput", "The input is not valid")
    if name and (fault := fault_of(name)):
        raise AwsError("InvalidInput", fault)
    rows = sorted(map(described, zone.rrsets), key=_place_in_list)
    if name:
        first = (in_order(name), kind or "", identifier or "")
        rows = [row for row in rows if _place_in_list(row) >= first]
    most = most_items(params, _MOST_RECORDS)
    answer: dict[str, Any] = {
        "ResourceRecordSets": rows[:most],
        "IsTruncated": len(rows) > most,
        "MaxItems": str(most),
    }
    for following in rows[most : most + 1]:
        answer |= {
            "NextRecordName": following["Name"],
            "NextRecordType": following["Type"],
            "NextRecordIdentifier": following.get("SetIdentifier"),
        }
    return answer


def _place_in_list(row: dict[str, Any]) -> tuple[list[str], str, str]:
    return in_order(row["Name"]), row["Type"], row.get("SetIdentifier") or ""
