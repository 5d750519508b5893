"""Route 53."""

from __future__ import annotations

from collections.abc import Iterator

from local_aws.iam.rules import AwsCall, Requirement, Rules, key, strings
from local_aws.policy_language.patterns import Context
from local_aws.services.dns.dns_names import normal


def _tagged(call: AwsCall) -> Iterator[Requirement]:
    kind = str(call.params.get("ResourceType") or "hostedzone")
    for each in [*strings(call.params.get("ResourceId")), *strings(call.params.get("ResourceIds"))]:
        yield call.requires(call.operation, f"arn:{call.partition}:route53:::{kind}/{each}", kind=kind)


def _keys(call: AwsCall) -> Context:
    changes = (call.params.get("ChangeBatch") or {}).get("Changes") or []
    sets = [change["ResourceRecordSet"] for change in changes]
    keys: dict[str, tuple[str, ...]] = {}
    if changes:
        keys |= key("route53:ChangeResourceRecordSetsActions", sorted({change["Action"] for change in changes}))
        keys |= key("route53:ChangeResourceRecordSetsRecordTypes", sorted({each["Type"] for each in sets}))
        keys |= key(
            "route53:ChangeResourceRecordSetsNormalizedRecordNames", sorted({normal(each["Name"]) for each in sets})
        )
    vpc = call.params.get("VPC") or call.params
    if vpc.get("VPCId"):
        keys |= key("route53:VPCs", f"VPCId={vpc['VPCId']},VPCRegion={vpc.get('VPCRegion', '')}")
    return keys


def _spell(kind: str, value: str) -> str:
    """Return an id without the API's prefix: ``/hostedzone/`` or ``/change/``."""
    return value.rpartition("/")[2]


RULES = Rules(
    names={
        "change": ("Id",),
        "delegationset": ("DelegationSetId", "Id"),
        "healthcheck": ("HealthCheckId",),
        "hostedzone": ("HostedZoneId", "Id"),
    },
    special=dict.fromkeys(("ChangeTagsForResource", "ListTagsForResource", "ListTagsForResources"), _tagged),
    keys=_keys,
    spell=_spell,
)
