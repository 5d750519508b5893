"""Hosted zones on the local AWS: rules for records and zones, and permissions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local_aws.services.privatelink.endpoint_store import ZONE_OF_INTERFACE
from local_aws_tests.accounts import REGION, Person, person, refusal
from local_aws_tests.people import assume
from local_aws_tests.sharing import first_vpc, pass_time
from local_aws_tests.waiting import clock_at_rest
from local_aws_tests.zones import alias, change, private_zone, put, record, records

ENDPOINT = "vpce-1-2.vpce-svc-3.eu-west-1.vpce.amazonaws.com"
OLD = record("db.example.com", "A", "10.0.0.1", "10.0.0.2")


def refused(owner: Person, zone_id: str, *changes: tuple[str, dict[str, Any]]) -> tuple[str, str]:
    """Send a batch that is refused; return the error's code and message."""
    with pytest.raises(ClientError) as raised:
        change(owner, zone_id, *changes)
    return str(raised.value.response["Error"]["Code"]), str(raised.value.response["Error"]["Message"])


def test_a_zone_s_id_is_of_aws_s_form() -> None:
    assert re.fullmatch("Z[A-Z0-9]{10,31}", private_zone(person()))


def test_records_are_created_replaced_and_deleted() -> None:
    owner = person()
    zone_id = private_zone(owner)

    change(owner, zone_id, ("CREATE", OLD), ("UPSERT", record("api.example.com", "CNAME", "db.example.com")))
    created = records(owner, zone_id)
    change(owner, zone_id, ("DELETE", OLD), ("CREATE", alias("DB.example.com.", ENDPOINT)))
    replaced = records(owner, zone_id)

    assert [(each["Name"], each["Type"]) for each in created] == [
        ("api.example.com.", "CNAME"),
        ("db.example.com.", "A"),
    ]
    assert replaced[1] == {
        "Name": "db.example.com.",
        "Type": "A",
        "AliasTarget": {
            "HostedZoneId": ZONE_OF_INTERFACE,
            "DNSName": f"{ENDPOINT}.",
            "EvaluateTargetHealth": False,
        },
    }


def test_upsert_creates_and_replaces_the_one_record() -> None:
    owner = person()
    zone_id = private_zone(owner)

    put(owner, zone_id, OLD)
    put(owner, zone_id, {**OLD, "TTL": 5})

    assert [each["TTL"] for each in records(owner, zone_id)] == [5]


def test_a_deletion_needs_the_same_values_in_any_order() -> None:
    owner = person()
    zone_id = private_zone(owner)
    put(owner, zone_id, OLD)

    change(owner, zone_id, ("DELETE", record("DB.example.com.", "A", "10.0.0.2", "10.0.0.1")))

    assert records(owner, zone_id) == []


@pytest.mark.parametrize(
    ("action", "record_set", "why"),
    [
        pytest.param("CREATE", OLD, "but it already exists", id="created twice"),
        pytest.param("CREATE", record("db.example.com", "A", "10.0.0.9"), "but it already exists", id="other values"),
        pytest.param(
            "DELETE", record("db.example.com", "A", "10.0.0.1"), "values provided do not match", id="one value of two"
        ),
        pytest.param("DELETE", {**OLD, "TTL": 61}, "values provided do not match", id="another TTL"),
        pytest.param("DELETE", alias("db.example.com", ENDPOINT), "values provided do not match", id="no alias"),
        pytest.param("DELETE", record("x.example.com", "A", "10.0.0.1"), "but it was not found", id="deleted in vain"),
        pytest.param(
            "UPSERT", record("db.other.com", "A", "10.0.0.1"), "is not permitted in zone", id="another domain"
        ),
        pytest.param(
            "UPSERT",
            record("notexample.com", "A", "10.0.0.1"),
            "is not permitted in zone",
            id="an ending like the domain",
        ),
        pytest.param(
            "UPSERT",
            record("example.com", "CNAME", "a.b"),
            "not permitted at apex",
            id="a CNAME at the zone's own name",
        ),
        pytest.param(
            "UPSERT", record("db.example.com", "CNAME", "a.b"), "conflicts with other records", id="a CNAME with an A"
        ),
        pytest.param(
            "UPSERT",
            record("www.example.com", "TXT", '"x"'),
            "conflicting RRSet of type CNAME",
            id="a TXT with a CNAME",
        ),
        pytest.param("UPSERT", record("x.example.com", "CNAME", "a.b", "c.d"), "more than one value", id="two CNAMEs"),
        pytest.param("UPSERT", record("x.example.com", "A", "10.0.0"), "ARRDATAIllegalIPv4Address", id="no address"),
        pytest.param("UPSERT", record("x.example.com", "AAAA", "10.0.0.1"), "IllegalIPv6Address", id="no v6 address"),
        pytest.param("UPSERT", record("x.example.com", "TXT", "x"), "enclosed in quotation marks", id="a bare text"),
        pytest.param(
            "UPSERT",
            record("x.example.com", "A", "10.0.0.1", "10.0.0.1"),
            "Duplicate Resource Record",
            id="a value twice",
        ),
        pytest.param("UPSERT", record("a b.example.com", "A", "10.0.0.1"), "UnsupportedCharacter", id="a blank"),
        pytest.param("UPSERT", record("a..example.com", "A", "10.0.0.1"), "DomainLabelEmpty", id="an empty label"),
        pytest.param(
            "UPSERT", record(f"{'a' * 64}.example.com", "A", "10.0.0.1"), "DomainLabelTooLong", id="a long label"
        ),
        pytest.param(
            "UPSERT",
            alias("x.example.com", "db.example.com", ZONE_OF_INTERFACE),
            "does not lie within the target zone",
            id="an alias into a zone of AWS's that is another",
        ),
    ],
)
def test_a_change_that_does_not_fit_is_an_invalid_batch(action: str, record_set: dict[str, Any], why: str) -> None:
    owner = person()
    zone_id = private_zone(owner)
    put(owner, zone_id, OLD, record("www.example.com", "CNAME", "db.example.com"))

    code, message = refused(owner, zone_id, (action, record_set))

    assert code == "InvalidChangeBatch"
    assert why in message


def test_a_batch_is_atomic_and_all_its_faults_are_reported() -> None:
    owner = person()
    zone_id = private_zone(owner)
    put(owner, zone_id, OLD)

    code, message = refused(
        owner,
        zone_id,
        ("CREATE", record("new.example.com", "A", "10.0.0.1")),
        ("DELETE", OLD),
        ("CREATE", record("x.other.com", "A", "10.0.0.1")),
        ("DELETE", record("gone.example.com", "A", "10.0.0.1")),
    )

    assert code == "InvalidChangeBatch"
    assert "x.other.com. is not permitted" in message
    assert "gone.example.com.', type='A'] but it was not found" in message
    assert [each["Name"] for each in records(owner, zone_id)] == ["db.example.com."]


def test_a_record_is_changed_once_in_a_batch_unless_it_is_deleted_first() -> None:
    owner = person()
    zone_id = private_zone(owner)
    put(owner, zone_id, OLD)
    new = record("db.example.com", "A", "10.0.0.9")

    code, message = refused(owner, zone_id, ("UPSERT", new), ("UPSERT", OLD))
    change(owner, zone_id, ("DELETE", OLD), ("CREATE", new))

    assert (code, "invalid set of changes" in message) == ("InvalidChangeBatch", True)
    assert [each["ResourceRecords"] for each in records(owner, zone_id)] == [[{"Value": "10.0.0.9"}]]


def test_an_alias_within_its_zone_needs_an_existing_target() -> None:
    owner = person()
    zone_id, other_id = private_zone(owner), private_zone(owner, "example.org")
    put(owner, zone_id, OLD)
    put(owner, other_id, record("db.example.org", "A", "10.0.0.1"))

    put(owner, zone_id, alias("a.example.com", "db.example.com", zone_id))
    in_vain = refused(owner, zone_id, ("UPSERT", alias("b.example.com", "none.example.com", zone_id)))
    elsewhere = refused(owner, zone_id, ("UPSERT", alias("b.example.com", "db.example.org", other_id)))

    assert "that target was not found" in in_vain[1]
    assert "that target was not found" in elsewhere[1]


@pytest.mark.parametrize(
    ("record_set", "found"),
    [
        ({"Name": "db.example.com", "Type": "A"}, "none"),
        ({"Name": "db.example.com", "Type": "A", "TTL": 60}, "none"),
        ({"Name": "db.example.com", "Type": "A", "ResourceRecords": [{"Value": "10.0.0.1"}]}, "none"),
        ({**OLD, **alias("db.example.com", ENDPOINT)}, "more than one"),
    ],
)
def test_a_record_is_an_alias_or_has_values(record_set: dict[str, Any], found: str) -> None:
    owner = person()
    zone_id = private_zone(owner)

    code, message = refused(owner, zone_id, ("UPSERT", record_set))

    assert code == "InvalidInput"
    assert f"but found {found} in Change with [Action=UPSERT, Name=db.example.com" in message


def test_an_alias_needs_its_three_members() -> None:
    owner = person()
    zone_id = private_zone(owner)
    client = owner.client("route53")
    body = (
        "<ChangeResourceRecordSetsRequest xmlns='https://route53.amazonaws.com/doc/2013-04-01/'><ChangeBatch><Changes>"
        "<Change><Action>UPSERT</Action><ResourceRecordSet><Name>db.example.com</Name><Type>A</Type><AliasTarget>"
        f"<DNSName>{ENDPOINT}</DNSName></AliasTarget></ResourceRecordSet></Change></Changes>"
        "</ChangeBatch></ChangeResourceRecordSetsRequest>"
    )
    client.meta.events.register_last(
        "before-call.route53.ChangeResourceRecordSets", lambda params, **_: params.update(body=body.encode())
    )

    code, message = refused(owner, zone_id, ("UPSERT", alias("db.example.com", ENDPOINT)))

    assert code == "InvalidInput"
    assert "aliasTarget.hostedZoneId" in message
    assert "aliasTarget.evaluateTargetHealth" in message


def test_a_zones_own_records_stay() -> None:
    owner = person()
    zone_id = private_zone(owner)
    own = owner.client("route53").list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]

    messages = [refused(owner, zone_id, ("DELETE", each))[1] for each in own]

    assert [each["Type"] for each in own] == ["NS", "SOA"]
    assert "at least one NS record" in messages[0]
    assert "exactly one SOA record" in messages[1]


def test_a_missing_zone_is_no_such_hosted_zone() -> None:
    owner, other = person(), person()
    others_zone = private_zone(other)
    route53 = owner.client("route53")

    for zone_id in ("Z0123456789", others_zone):
        assert refused(owner, zone_id, ("UPSERT", OLD))[0] == "NoSuchHostedZone"
        assert refusal(lambda i=zone_id: route53.list_resource_record_sets(HostedZoneId=i)) == "NoSuchHostedZone"  # type: ignore[misc] # a default binds the loop's value
        assert refusal(lambda i=zone_id: route53.get_hosted_zone(Id=i)) == "NoSuchHostedZone"  # type: ignore[misc] # as above


def test_a_change_is_pending_at_first() -> None:
    owner = person()
    zone_id = private_zone(owner)
    route53 = owner.client("route53")

    made = change(owner, zone_id, ("CREATE", OLD))["ChangeInfo"]
    pass_time(60)

    assert made["Status"] == "PENDING"
    assert route53.get_change(Id=made["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    assert refusal(lambda: route53.get_change(Id="C0")) == "NoSuchChange"


def test_records_come_in_pages_sorted_from_the_end_of_their_names() -> None:
    owner = person()
    zone_id = private_zone(owner)
    names = ["z.example.com", "b.a.example.com", "a.example.com", "*.example.com"]
    put(owner, zone_id, *(record(name, "A", "10.0.0.1") for name in names))
    route53 = owner.client("route53")

    pages = route53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone_id, PaginationConfig={"PageSize": 2}
    )
    listed = [[each["Name"] for each in page["ResourceRecordSets"]] for page in pages]
    begun = route53.list_resource_record_sets(HostedZoneId=zone_id, StartRecordName="B.a.example.com", MaxItems="1")

    assert listed == [
        ["example.com.", "example.com."],
        ["\\052.example.com.", "a.example.com."],
        ["b.a.example.com.", "z.example.com."],
    ]
    assert begun["ResourceRecordSets"][0]["Name"] == "b.a.example.com."
    assert (begun["IsTruncated"], begun["NextRecordName"]) == (True, "z.example.com.")


def test_zones_are_listed_from_a_name_on() -> None:
    owner = person()
    made = {name: private_zone(owner, name) for name in ("example.org", "example.com", "sub.example.com")}
    route53 = owner.client("route53")

    first = route53.list_hosted_zones_by_name(DNSName="sub.example.com", MaxItems="1")
    following = route53.list_hosted_zones_by_name(DNSName=first["NextDNSName"], HostedZoneId=first["NextHostedZoneId"])
    unheard = route53.list_hosted_zones_by_name(DNSName="f.com")

    assert [zone["Name"] for zone in first["HostedZones"]] == ["sub.example.com."]
    assert (first["IsTruncated"], first["NextHostedZoneId"]) == (True, made["example.org"])
    assert [zone["Name"] for zone in following["HostedZones"]] == ["example.org."]
    assert [zone["Name"] for zone in unheard["HostedZones"]] == ["example.org."]


def test_a_zone_with_a_vpc_is_private_and_found_by_it() -> None:
    owner = person()
    first, second = first_vpc(owner)[0], owner.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    zone_id = private_zone(owner, "Example.COM")
    route53 = owner.client("route53")

    route53.associate_vpc_with_hosted_zone(HostedZoneId=zone_id, VPC={"VPCRegion": REGION, "VPCId": second})

    answer = route53.get_hosted_zone(Id=zone_id)
    found = route53.list_hosted_zones_by_vpc(VPCId=second, VPCRegion=REGION)["HostedZoneSummaries"]
    assert answer["HostedZone"]["Name"] == "example.com."
    assert answer["HostedZone"]["Config"]["PrivateZone"] is True
    assert {vpc["VPCId"] for vpc in answer["VPCs"]} == {first, second}
    assert found == [{"HostedZoneId": zone_id, "Name": "example.com.", "Owner": {"OwningAccount": owner.account_id}}]


def test_invalid_zones_are_refused_with_awss_errors() -> None:
    owner, other = person(), person()
    foreign = first_vpc(other)[0]
    zone_id = private_zone(owner)
    route53 = owner.client("route53")
    public = route53.create_hosted_zone(Name="example.com", CallerReference="public")["HostedZone"]["Id"]
    own = {"VPCRegion": REGION, "VPCId": first_vpc(owner)[0]}

    def create_error(**params: Any) -> str:
        return refusal(
            lambda: route53.create_hosted_zone(**{"Name": "example.net", "CallerReference": "new", **params})
        )

    assert create_error(CallerReference="public") == "HostedZoneAlreadyExists"
    assert create_error(HostedZoneConfig={"PrivateZone": True}) == "InvalidInput"
    assert create_error(Name="exam ple.net") == "InvalidDomainName"
    assert create_error(VPC={"VPCRegion": REGION, "VPCId": "vpc-01234567"}) == "InvalidVPCId"
    assert create_error(VPC={**own, "VPCRegion": "us-east-1"}) == "InvalidVPCId"
    assert create_error(VPC={"VPCRegion": REGION, "VPCId": foreign}) == "NotAuthorizedException"
    assert create_error(Name="example.com", VPC=own) == "ConflictingDomainExists"

    def vpc_error(operation: str, zone: str, vpc_id: str) -> str:
        vpc = {"VPCRegion": REGION, "VPCId": vpc_id}
        return refusal(lambda: getattr(route53, operation)(HostedZoneId=zone, VPC=vpc))

    associate, leave = "associate_vpc_with_hosted_zone", "disassociate_vpc_from_hosted_zone"
    assert vpc_error(associate, public, own["VPCId"]) == "PublicZoneVPCAssociation"
    assert vpc_error(associate, zone_id, own["VPCId"]) == "ConflictingDomainExists"
    assert vpc_error(associate, zone_id, foreign) == "NotAuthorizedException"
    assert vpc_error(leave, zone_id, foreign) == "VPCAssociationNotFound"
    assert vpc_error(leave, zone_id, own["VPCId"]) == "LastVPCAssociation"
    assert refusal(lambda: route53.list_hosted_zones_by_vpc(VPCId=foreign, VPCRegion=REGION)) == "InvalidInput"
    put(owner, zone_id, OLD)
    assert refusal(lambda: route53.delete_hosted_zone(Id=zone_id)) == "HostedZoneNotEmpty"


def test_a_role_changes_the_zones_that_it_may(person: Callable[[str], boto3.Session]) -> None:
    me = person("613000000001")
    vpc_id = me.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    route53 = me.client("route53")

    def zone(name: str) -> str:
        vpc: Any = {"VPCRegion": "us-east-1", "VPCId": vpc_id}
        made = route53.create_hosted_zone(Name=name, CallerReference=name, VPC=vpc)
        return str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")

    own, others = zone("mine.example"), zone("others.example")
    types = {"ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": ["A"]}}
    writer = role(
        me,
        {
            "Effect": "Allow",
            "Action": "route53:ChangeResourceRecordSets",
            "Resource": f"arn:aws:route53:::hostedzone/{own}",
            "Condition": types,
        },
    )

    def outcome(zone_id: str, record_set: dict[str, Any]) -> str:
        batch: Any = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record_set}]}
        try:
            writer.client("route53").change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=batch)
        except ClientError as error:
            assert f"hostedzone/{zone_id}" in error.response["Error"]["Message"]
            return str(error.response["Error"]["Code"])
        return "done"

    assert outcome(own, record("db.mine.example", "A", "10.0.0.1")) == "done"
    assert outcome(own, record("db.mine.example", "TXT", '"x"')) == "AccessDenied"
    assert outcome(others, record("db.others.example", "A", "10.0.0.1")) == "AccessDenied"


def test_route_53_takes_five_requests_a_second_of_an_account(person: Callable[..., boto3.Session]) -> None:
    impatient = Config(retries={"total_max_attempts": 1})
    clients = [person("613000000002", region).client("route53", config=impatient) for region in ("us-east-1", REGION)]

    def call_often() -> None:
        for _ in range(10):
            for client in clients:
                client.list_hosted_zones_by_name()

    with clock_at_rest(), pytest.raises(ClientError, match="Rate exceeded") as raised:
        call_often()

    assert raised.value.response["Error"]["Code"] == "Throttling"


def role(owner: boto3.Session, statement: dict[str, Any]) -> boto3.Session:
    """Create a role with this one statement and return its session."""
    iam = owner.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    made = iam.create_role(RoleName="writer", AssumeRolePolicyDocument=_document(trust))
    iam.put_role_policy(RoleName="writer", PolicyName="all", PolicyDocument=_document(statement))
    return assume(str(iam.meta.endpoint_url), made["Role"]["Arn"])


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
