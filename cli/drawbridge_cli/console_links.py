"""Addresses in AWS's console, of the stack's partition and Region."""

import re
from urllib.parse import quote

from msgspec import Struct

from drawbridge.arns import Arn, console_link, console_of
from drawbridge.request import ExecutionInput

_ENDPOINT = re.compile(r"vpce-[0-9a-f]{8,17}")


class Link(Struct, frozen=True):
    """Where the console shows something."""

    of: str
    """The name or id of what it shows."""
    address: str


class ConsoleLinks(Struct, frozen=True, kw_only=True):
    """The links into the console of where the stack is."""

    onboarding: str
    """The ARN of the onboarding workflow."""
    withdrawal: str
    """The ARN of the withdrawal workflow."""

    def execution(self, execution: ExecutionInput, *, withdrawing: bool) -> Link:
        """Return the link to an execution, which Step Functions shows for 90 days after its end."""
        workflow = self.withdrawal if withdrawing else self.onboarding
        name = execution.execution_name
        return Link(name, console_link(f"{workflow.replace(':stateMachine:', ':execution:')}:{quote(name)}"))

    def endpoint(self, endpoint_id: str) -> Link | None:
        """Return the link to a VPC endpoint of the stack's account; ``None`` if that is no endpoint's id."""
        if _ENDPOINT.fullmatch(endpoint_id) is None:
            return None
        arn = Arn.parse(self.onboarding)
        console = console_of(arn.partition, arn.region)
        fragment = f"EndpointDetails:vpcEndpointId={endpoint_id}"
        return Link(endpoint_id, f"{console}/vpcconsole/home?region={arn.region}#{fragment}")
