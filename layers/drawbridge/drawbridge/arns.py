"""Amazon Resource Names, taken apart."""

import re
from typing import Annotated, Self

from msgspec import Meta, Struct

from drawbridge.errors import InvalidInputError

# Not "\\d", which takes the digits of any script, nor "$", which leaves room for a line break.
AccountId = Annotated[str, Meta(pattern=r"^[0-9]{12}\Z")]
ArnText = Annotated[str, Meta(pattern=r"^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12}|):.")]

_ARN = re.compile(r"arn:([a-z-]+):([a-z0-9-]+):([a-z0-9-]*):([0-9]{12}|):(.+)")


class Arn(Struct, frozen=True):
    """``arn:partition:service:region:account:resource``, where region and account may be empty."""

    partition: str
    service: str
    region: str
    account_id: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take ``text`` apart.

        Raises:
            InvalidInputError: it is no ARN.
        """
        found = _ARN.fullmatch(text)
        if found is None:
            raise InvalidInputError(f"{text[:200]!r} is no ARN (arn:partition:service:region:account:resource)")
        return cls(*found.groups())

    @property
    def resource_id(self) -> str:
        """What follows the resource's type: ``resource-share/ID`` gives ``ID``."""
        return self.resource.rpartition("/")[2]


def is_of(arn: str, account_id: str) -> bool:
    """Return whether the ARN belongs to the account; what is no ARN belongs to none."""
    return arn.split(":")[4:5] == [account_id]


_CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}


def console_of(partition: str, region: str) -> str:
    """Return the address of the console of a partition and Region."""
    return f"https://{region}.{_CONSOLES.get(partition, 'console.aws.amazon.com')}"


def console_link(execution_arn: str) -> str:
    """Return the address at which the console of its partition and Region shows an execution of Step Functions."""
    arn = Arn.parse(execution_arn)
    console = console_of(arn.partition, arn.region)
    return f"{console}/states/home?region={arn.region}#/v2/executions/details/{execution_arn}"
