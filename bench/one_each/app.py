"""A straightforward handler: told of a connection, it looks, accepts it, and writes two parameters, a call for each.

The SDK's standard retries, and Lambda's own two of an event that failed.
"""

import os
import re
from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(retries={"mode": "standard"})
_ec2: Any = boto3.client("ec2", config=_CONFIG)
_ssm = boto3.client("ssm", config=_CONFIG)


def lambda_handler(event: dict[str, Any], _: object) -> None:
    service = os.environ["SERVICE_ID"]
    # AWS documents no form of the message, and sends one as a test.
    told = " ".join(record["Sns"]["Message"] for record in event["Records"])
    for endpoint in sorted(set(re.findall(r"\bvpce-[0-9a-f]{8,17}\b", told))):
        found = _ec2.describe_vpc_endpoint_connections(
            Filters=[{"Name": "service-id", "Values": [service]}, {"Name": "vpc-endpoint-id", "Values": [endpoint]}]
        )["VpcEndpointConnections"]
        if any(each["VpcEndpointState"] == "pendingAcceptance" for each in found):
            _ec2.accept_vpc_endpoint_connections(ServiceId=service, VpcEndpointIds=[endpoint])
        for name in ("dns-name", "connection"):
            _ssm.put_parameter(Name=f"/naive/{endpoint}/{name}", Value=endpoint, Type="String", Overwrite=True)
