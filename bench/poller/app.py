"""As peers poll: each minute one page of what is pending, accepted in one list, then two parameters for each.

What AWS throttles after the SDK's standard retries is logged and left: the next poll does not find it any more.
"""

import os
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

_CONFIG = Config(retries={"mode": "standard"})
_ec2: Any = boto3.client("ec2", config=_CONFIG)
_ssm = boto3.client("ssm", config=_CONFIG)


def lambda_handler(_: object, __: object) -> None:
    service = os.environ["SERVICE_ID"]
    filters = [
        {"Name": "service-id", "Values": [service]},
        {"Name": "vpc-endpoint-state", "Values": ["pendingAcceptance"]},
    ]
    page = _ec2.describe_vpc_endpoint_connections(Filters=filters)["VpcEndpointConnections"]
    pending = [each["VpcEndpointId"] for each in page]
    if not pending:
        return
    _ec2.accept_vpc_endpoint_connections(ServiceId=service, VpcEndpointIds=pending)
    for endpoint in pending:
        try:
            for name in ("dns-name", "connection"):
                _ssm.put_parameter(Name=f"/naive/{endpoint}/{name}", Value=endpoint, Type="String", Overwrite=True)
        except ClientError as error:
            print(f"{endpoint}: {error}")
