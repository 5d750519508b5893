"""The people of the demo, and what each of them does, by the AWS SDK alone."""

import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import boto3
from botocore.config import Config

REGION = "us-east-1"
PROVIDER = "111111111111"
CONSUMER = "222222222222"
STRANGER = "333333333333"
MANAGEMENT = "999999999999"
APPROVER = "U0ALICE"

# The local AWS takes the ARN of any load balancer: nothing of the demo flows through it.
_LOAD_BALANCER = f"arn:aws:elasticloadbalancing:{REGION}:{PROVIDER}:loadbalancer/net/orders/0123456789abcdef"

# A person is throttled like everybody, and tries again.
_PATIENT = Config(retries={"mode": "standard", "max_attempts": 10})

_making = threading.Lock()


class Person:
    """Somebody with full access to one account."""

    def __init__(self, url: str, account_id: str, called: str) -> None:
        self.account_id = account_id
        self.called = called
        anyone = boto3.client(
            "sts", endpoint_url=url, region_name=REGION, aws_access_key_id="anyone", aws_secret_access_key="anyone"
        )
        role = f"arn:aws:iam::{account_id}:role/person"
        self.credentials = anyone.assume_role(RoleArn=role, RoleSessionName=called)["Credentials"]
        self._url = url
        self._clients: dict[str, Any] = {}
        self._outputs: dict[str, str] = {}

    def aws(self, service: str) -> Any:
        """Give the SDK's client of a service."""
        # The stubs know a service by its literal name only. boto3's one session keeps the models that it has read, and
        # makes one client at a time.
        make: Any = boto3.client
        with _making:
            if service not in self._clients:
                self._clients[service] = make(
                    service,
                    endpoint_url=self._url,
                    region_name=REGION,
                    aws_access_key_id=self.credentials["AccessKeyId"],
                    aws_secret_access_key=self.credentials["SecretAccessKey"],
                    aws_session_token=self.credentials["SessionToken"],
                    config=_PATIENT,
                )
        return self._clients[service]

    def output(self, name: str) -> str:
        """Read an output of this account's Drawbridge stack, which is there once it is deployed and stays as it is."""
        if not self._outputs:
            stack = self.aws("cloudformation").describe_stacks(StackName="drawbridge")["Stacks"][0]
            self._outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        return self._outputs[name]

    def vpc(self) -> str:
        return str(self.aws("ec2").describe_vpcs()["Vpcs"][0]["VpcId"])

    def subnets(self) -> list[str]:
        in_vpc = [{"Name": "vpc-id", "Values": [self.vpc()]}]
        return [each["SubnetId"] for each in self.aws("ec2").describe_subnets(Filters=in_vpc)["Subnets"]]

    def parameter(self, name: str) -> str | None:
        ssm = self.aws("ssm")
        try:
            return str(ssm.get_parameter(Name=name)["Parameter"]["Value"])
        except ssm.exceptions.ParameterNotFound:
            return None

    def resolves(self, name: str, vpc_id: str) -> bool:
        """Ask the local AWS whether a client inside a VPC gets anywhere by a name: no API of AWS's tells."""
        asked = urllib.parse.urlencode({"vpc": vpc_id, "name": name})
        try:
            with urllib.request.urlopen(f"{self._url}/_local/resolve?{asked}"):  # noqa: S310 - our own port
                return True
        except urllib.error.HTTPError:
            return False

    def published(self) -> list[tuple[str, str]]:
        """Give the parameters that Drawbridge published in this account."""
        pages = self.aws("ssm").get_paginator("get_parameters_by_path").paginate(Path="/drawbridge", Recursive=True)
        found = [(each["Name"], each["Value"]) for page in pages for each in page["Parameters"]]
        return sorted(each for each in found if not each[0].startswith("/drawbridge/config/"))

    def ledger(self, subject: str | None = None) -> list[dict[str, Any]]:
        """Give the ledger's rows: all, or what there is of one subject."""
        only = {
            "FilterExpression": "subject = :subject",
            "ExpressionAttributeValues": {":subject": {"S": subject}},
        }
        scan = self.aws("dynamodb").get_paginator("scan")
        pages = scan.paginate(TableName=self.output("LedgerTableName"), **(only if subject else {}))
        return [row for page in pages for row in page["Items"]]

    def write_policy(self, name: str, cedar: str) -> None:
        self.aws("ssm").put_parameter(Name=f"/drawbridge/config/policies/{name}", Type="String", Value=cedar)

    def write_binding(
        self,
        name: str,
        *,
        resource: str,
        provider: str,
        share: str = "*",
        mode: str = "resource-endpoint",
        **attach: Any,
    ) -> None:
        """Write a binding, for this account's VPC unless ``attach`` names another.

        Shares by a name that ``share`` does not fit are left as they are, even where something hinders them.
        """
        binding = {
            "match": {"provider": provider, "share": share, "resource": resource},
            "attach": {"mode": mode, "vpc": self.vpc()} | attach,
        }
        self.aws("ssm").put_parameter(
            Name=f"/drawbridge/config/bindings/{name}", Type="String", Value=json.dumps(binding), Overwrite=True
        )

    def offer_database(self, name: str, *, port: str) -> str:
        """Put a database behind a resource gateway; give the resource configuration's ARN."""
        lattice = self.aws("vpc-lattice")
        gateway = lattice.create_resource_gateway(
            name=f"{name}-gateway", vpcIdentifier=self.vpc(), subnetIds=self.subnets()
        )
        configuration = lattice.create_resource_configuration(
            name=name,
            type="SINGLE",
            protocol="TCP",
            portRanges=[port],
            resourceGatewayIdentifier=gateway["id"],
            resourceConfigurationDefinition={
                "dnsResource": {"domainName": f"{name}.internal.example", "ipAddressType": "IPV4"}
            },
        )
        return str(configuration["arn"])

    def share_database(self, name: str, *, port: str, with_account: str) -> str:
        """Offer a database, and share it by AWS RAM; give the share's ARN."""
        configuration_arn = self.offer_database(name, port=port)
        share = self.aws("ram").create_resource_share(
            name=name, resourceArns=[configuration_arn], principals=[with_account]
        )
        return str(share["resourceShare"]["resourceShareArn"])

    def offer_service(self, *, managed: bool = True) -> tuple[str, str]:
        """Offer an endpoint service that wants each connection accepted; give its id and name."""
        tags = [{"Key": "drawbridge:managed", "Value": "true"}] if managed else [{"Key": "Name", "Value": "unmanaged"}]
        service = self.aws("ec2").create_vpc_endpoint_service_configuration(
            AcceptanceRequired=True,
            NetworkLoadBalancerArns=[_LOAD_BALANCER],
            TagSpecifications=[{"ResourceType": "vpc-endpoint-service", "Tags": tags}],
        )["ServiceConfiguration"]
        self.aws("ec2").modify_vpc_endpoint_service_permissions(
            ServiceId=service["ServiceId"], AddAllowedPrincipals=["*"]
        )
        return str(service["ServiceId"]), str(service["ServiceName"])

    def register_consumer(self, account_id: str, service_id: str) -> None:
        self.aws("dynamodb").put_item(
            TableName=self.output("ConsumersTableName"),
            Item={"account_id": {"S": account_id}, "tier": {"S": "gold"}, "services": {"SS": [service_id]}},
        )

    def connect(self, service_name: str) -> str:
        """Create an interface endpoint to a service; give its id."""
        endpoint = self.aws("ec2").create_vpc_endpoint(
            VpcEndpointType="Interface", VpcId=self.vpc(), SubnetIds=self.subnets()[:2], ServiceName=service_name
        )
        return str(endpoint["VpcEndpoint"]["VpcEndpointId"])

    def associations(self, *endpoint_ids: str) -> list[dict[str, Any]]:
        """Give what endpoints lead to, and by which names; the SDK has no paginator for it, and pages may be empty."""
        found: list[dict[str, Any]] = []
        asked: dict[str, Any] = {"VpcEndpointIds": list(endpoint_ids)}
        while endpoint_ids:
            answer = self.aws("ec2").describe_vpc_endpoint_associations(**asked)
            found += answer["VpcEndpointAssociations"]
            if not answer.get("NextToken"):
                break
            asked["NextToken"] = answer["NextToken"]
        return found

    def endpoint_state(self, endpoint_id: str) -> str:
        found = self.aws("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"][0]
        return str(found["State"])


class Approver:
    """Somebody who reads the channel of the local Slack, and clicks."""

    def __init__(self, url: str, user_id: str) -> None:
        self._slack = f"{url}/_local/slack"
        self.user_id = user_id

    def asked(self, about: str) -> dict[str, Any] | None:
        """Find the message with buttons that names something."""
        request = urllib.request.Request(self._slack, headers={"Accept": "application/json"})  # noqa: S310 - our own port
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own port
            messages = json.load(answer)["messages"]
        for message in messages:
            blocks = message["blocks"]
            if about in json.dumps(blocks) and any(block["type"] == "actions" for block in blocks):
                return dict(message)
        return None

    def approve(self, message: dict[str, Any]) -> None:
        """Click Approve below a message."""
        click = {"user": self.user_id, "channel": message["channel"], "ts": message["ts"], "action_id": "approve"}
        with urllib.request.urlopen(f"{self._slack}/click", json.dumps(click).encode()) as answer:  # noqa: S310 - as above
            told = json.load(answer)
        if told["status"] != 200:  # noqa: PLR2004 - nothing else acknowledges
            raise RuntimeError(f"Slack's callback was not answered well: {told}")
