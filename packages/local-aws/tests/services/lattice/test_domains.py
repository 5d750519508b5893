"""Domain verification on the local AWS."""

from __future__ import annotations

from typing import Any

from local_aws.services.dns import public_dns
from local_aws.services.quotas import lowered
from local_aws_tests.accounts import Person, person, refusal
from local_aws_tests.sharing import pass_time

DAY = 24 * 3600


def started(provider: Person, name: str = "example.com") -> dict[str, Any]:
    answer: dict[str, Any] = provider.lattice.start_domain_verification(domainName=name)
    return answer


def found(provider: Person, domain: dict[str, Any]) -> dict[str, Any]:
    request = {"domainVerificationIdentifier": domain["id"]}
    answer: dict[str, Any] = provider.lattice.get_domain_verification(**request)
    return answer


def write_record(owner: Person, zone: str, record: dict[str, str], *, private: bool = False) -> None:
    """Put the TXT record into a hosted zone of Route 53."""
    route53 = owner.client("route53")
    vpc = owner.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    inside = {"HostedZoneConfig": {"PrivateZone": True}, "VPC": {"VPCRegion": "eu-west-1", "VPCId": vpc}}
    request = {"Name": zone, "CallerReference": f"{zone}-{private}", **(inside if private else {})}
    zone_id = route53.create_hosted_zone(**request)["HostedZone"]["Id"]
    written = {
        "Name": record["name"],
        "Type": "TXT",
        "TTL": 60,
        "ResourceRecords": [{"Value": f'"{record["value"]}"'}],
    }
    change = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": written}]}
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=change)


def test_a_domain_is_pending_until_its_record_is_in_a_public_zone() -> None:
    provider, zone_owner = person(), person()
    domain = started(provider)
    record = domain["txtMethodConfig"]

    write_record(provider, "example.com", record, private=True)
    pass_time(3600)
    private = found(provider, domain)["status"]
    write_record(zone_owner, "example.com", record)
    pass_time(3600)
    public = found(provider, domain)

    assert record["name"].startswith("_")
    assert record["value"].startswith("vpc-lattice:")
    assert (private, public["status"]) == ("PENDING", "VERIFIED")
    assert public["lastVerifiedTime"] > public["createdAt"]


def test_a_verification_times_out() -> None:
    provider = person()
    domain = started(provider)

    pass_time(4 * DAY)
    public_dns.publish(domain["txtMethodConfig"]["name"], domain["txtMethodConfig"]["value"])
    pass_time(DAY)

    assert found(provider, domain)["status"] == "VERIFICATION_TIMED_OUT"


def test_a_domain_is_started_once_and_five_at_most() -> None:
    """Trap 18."""
    provider = person()
    domain = started(provider)

    assert refusal(lambda: started(provider, "EXAMPLE.com")) == "ConflictException"
    assert refusal(lambda: started(provider, "no name")) == "ValidationException"
    with lowered(domain_verifications=1):
        assert refusal(lambda: started(provider, "example.org")) == "ServiceQuotaExceededException"
    provider.lattice.delete_domain_verification(domainVerificationIdentifier=domain["id"])
    assert started(provider)["id"] != domain["id"]


def test_a_verification_has_tags() -> None:
    provider = person()
    domain = started(provider)

    provider.lattice.tag_resource(resourceArn=domain["arn"], tags={"team": "orders"})

    assert provider.lattice.list_tags_for_resource(resourceArn=domain["arn"])["tags"] == {"team": "orders"}
    assert found(provider, domain)["tags"] == {"team": "orders"}
