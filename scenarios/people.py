"""People with accounts of the local AWS, and what they do with Drawbridge, through the AWS SDK alone."""

import json
import urllib.request
from typing import Any

from local_aws.testing.accounts import Account
from local_stack.stack import REPOSITORY

REGION = "us-east-1"
PROVIDER = "111111111111"
CONSUMER = "222222222222"
STRANGER = "333333333333"
CUSTOMER = "444444444444"
MANAGEMENT = "999999999999"
APPROVER = "U0ALICE"

# The local AWS takes the ARN of any load balancer: nothing of the demo flows through it.
_LOAD_BALANCER = f"arn:aws:elasticloadbalancing:{REGION}:{PROVIDER}:loadbalancer/net/orders/0123456789abcdef"


class Person(Account):
    """Somebody with full access to one account, who may have the stack there."""

    def __init__(self, url: str, account_id: str, called: str) -> None:
        super().__init__(url, account_id, called=called, region=REGION)

    def output(self, name: str) -> str:
        """Return an output of this account's Drawbridge stack."""
        return self.outputs("drawbridge")[name]

    def published(self) -> list[tuple[str, str]]:
        """Return the parameters that Drawbridge published in this account."""
        pages = self.client("ssm").get_paginator("get_parameters_by_path").paginate(Path="/drawbridge", Recursive=True)
        found = [(each["Name"], each["Value"]) for page in pages for each in page["Parameters"]]
        return sorted(each for each in found if not each[0].startswith("/drawbridge/config/"))

    def ledger(self, subject: str | None = None) -> list[dict[str, Any]]:
        """Return the ledger's rows: all, or those of one subject."""
        only = {
            "FilterExpression": "subject = :subject",
            "ExpressionAttributeValues": {":subject": {"S": subject}},
        }
        scan = self.client("dynamodb").get_paginator("scan")
        pages = scan.paginate(TableName=self.output("LedgerTableName"), **(only if subject else {}))
        return [row for page in pages for row in page["Items"]]

    def stop_sweeping(self) -> None:
        """Delete the schedules of this account's stack: it sweeps on hints alone from then on."""
        scheduler = self.client("scheduler")
        for schedule in scheduler.list_schedules()["Schedules"]:
            scheduler.delete_schedule(Name=schedule["Name"], GroupName=schedule["GroupName"])

    def hint(self, event: str) -> None:
        """Put one of the samples in ``events/`` on the queue of hints."""
        body = (REPOSITORY / "events" / f"{event}.json").read_text(encoding="utf-8")
        self.client("sqs").send_message(QueueUrl=self.output("HintsQueueUrl"), MessageBody=body)

    def lose_ledger(self) -> None:
        """Delete all rows of the ledger, as a stack that is deployed again begins with none."""
        dynamodb, table = self.client("dynamodb"), self.output("LedgerTableName")
        for row in self.ledger():
            dynamodb.delete_item(TableName=table, Key={"request_id": row["request_id"]})

    def write_policy(self, name: str, cedar: str) -> None:
        self.client("ssm").put_parameter(Name=f"/drawbridge/config/policies/{name}", Type="String", Value=cedar)

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

        It leaves shares whose name ``share`` does not match as they are, even those that are held or failed.
        """
        binding = {
            "match": {"provider": provider, "share": share, "resource": resource},
            "attach": {"mode": mode, "vpc": self.vpc()} | attach,
        }
        self.client("ssm").put_parameter(
            Name=f"/drawbridge/config/bindings/{name}", Type="String", Value=json.dumps(binding), Overwrite=True
        )

    def offer_database(self, name: str, *, port: str) -> str:
        """Put a database behind a resource gateway; return the resource configuration's ARN."""
        lattice = self.client("vpc-lattice")
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
        """Offer a database, and share it by AWS RAM; return the share's ARN."""
        configuration_arn = self.offer_database(name, port=port)
        share = self.client("ram").create_resource_share(
            name=name, resourceArns=[configuration_arn], principals=[with_account]
        )
        return str(share["resourceShare"]["resourceShareArn"])

    def offer_service(self, *, managed: bool = True, to_anybody: bool = True) -> tuple[str, str]:
        """Offer an endpoint service that requires acceptance; return its id and name."""
        tags = [{"Key": "drawbridge:managed", "Value": "true"}] if managed else [{"Key": "Name", "Value": "unmanaged"}]
        service = self.client("ec2").create_vpc_endpoint_service_configuration(
            AcceptanceRequired=True,
            NetworkLoadBalancerArns=[_LOAD_BALANCER],
            TagSpecifications=[{"ResourceType": "vpc-endpoint-service", "Tags": tags}],
        )["ServiceConfiguration"]
        if to_anybody:
            self.client("ec2").modify_vpc_endpoint_service_permissions(
                ServiceId=service["ServiceId"], AddAllowedPrincipals=["*"]
            )
        return str(service["ServiceId"]), str(service["ServiceName"])

    def allowed(self, service_id: str) -> list[str]:
        """Return whom a service of this account allows to find it."""
        ec2 = self.client("ec2")
        pages = ec2.get_paginator("describe_vpc_endpoint_service_permissions").paginate(ServiceId=service_id)
        return [str(each["Principal"]) for page in pages for each in page["AllowedPrincipals"]]

    def tell(self, what: str, **detail: Any) -> None:
        """Put an event of a sign-up service on the bus of this account's stack."""
        event = {"EventBusName": self.output("BusName"), "Source": "com.example.sign-up", "DetailType": what}
        self.client("events").put_events(Entries=[event | {"Detail": json.dumps(detail)}])

    def suspend_consumer(self, account_id: str, since: str | None) -> None:
        """Write into a consumer's entry since when it is suspended; ``None``: it is not."""
        table = self.resource("dynamodb").Table(self.output("ConsumersTableName"))
        key = {"account_id": account_id}
        if since is None:
            table.update_item(Key=key, UpdateExpression="REMOVE suspended_at")
        else:
            written = {":since": since}
            table.update_item(Key=key, UpdateExpression="SET suspended_at = :since", ExpressionAttributeValues=written)

    def register_consumer(self, account_id: str, service_id: str) -> None:
        self.client("dynamodb").put_item(
            TableName=self.output("ConsumersTableName"),
            Item={"account_id": {"S": account_id}, "tier": {"S": "gold"}, "services": {"SS": [service_id]}},
        )

    def connect(self, service_name: str) -> str:
        """Create an interface endpoint to a service; return its id."""
        endpoint = self.client("ec2").create_vpc_endpoint(
            VpcEndpointType="Interface", VpcId=self.vpc(), SubnetIds=self.subnets()[:2], ServiceName=service_name
        )
        return str(endpoint["VpcEndpoint"]["VpcEndpointId"])

    def associations(self, *endpoint_ids: str) -> list[dict[str, Any]]:
        """Return what endpoints lead to, and by which names. The SDK has no paginator for it; pages may be empty."""
        found: list[dict[str, Any]] = []
        asked: dict[str, Any] = {"VpcEndpointIds": list(endpoint_ids)}
        while endpoint_ids:
            answer = self.client("ec2").describe_vpc_endpoint_associations(**asked)
            found += answer["VpcEndpointAssociations"]
            if not answer.get("NextToken"):
                break
            asked["NextToken"] = answer["NextToken"]
        return found

    def endpoint_state(self, endpoint_id: str) -> str:
        found = self.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"][0]
        return str(found["State"])


class Approver:
    """Somebody who reads the channel of the local Slack, and clicks."""

    def __init__(self, url: str, user_id: str) -> None:
        self._slack = f"{url}/_local/slack"
        self.user_id = user_id

    def asked(self, about: str) -> dict[str, Any] | None:
        """Return the message with buttons that mentions something; ``None`` if there is none."""
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
            reply = json.load(answer)
        if reply["status"] != 200:  # noqa: PLR2004 - nothing else acknowledges
            raise RuntimeError(f"Slack's callback was not answered well: {reply}")
