"""How often AWS allows what is paced, and how much of that is ours: people and Terraform call too."""

import json

from msgspec import Struct

from drawbridge.configuration import InForce, Parameters, in_force
from drawbridge.errors import InvalidInputError
from drawbridge.pacing.budget import Rate
from drawbridge.parsing import UnreadableError, read_json

PATH = "budgets"

ACCEPT_CONNECTIONS = "ec2:AcceptVpcEndpointConnections"
REJECT_CONNECTIONS = "ec2:RejectVpcEndpointConnections"
CREATE_ENDPOINT = "ec2:CreateVpcEndpoint"
MODIFY_ENDPOINT = "ec2:ModifyVpcEndpoint"
DELETE_ENDPOINTS = "ec2:DeleteVpcEndpoints"
MODIFY_SERVICE_PERMISSIONS = "ec2:ModifyVpcEndpointServicePermissions"
PUT_PARAMETER = "ssm:PutParameter"
DELETE_PARAMETERS = "ssm:DeleteParameters"
"""And ``DeleteParameter``."""
LATTICE = "vpc-lattice"
RAM = "ram"
ORGANIZATIONS = "organizations"
ROUTE53 = "route53"


class AwsRate(Struct, frozen=True):
    """What AWS allows an account in a Region by default, and where it says so."""

    rate: Rate | None
    """``None`` where AWS publishes none."""
    source: str


_EC2 = 'Amazon EC2 developer guide, "Request throttling"'
_SSM = 'AWS General Reference, "AWS Systems Manager endpoints and quotas", default throughput'
_UNPUBLISHED = "AWS publishes no rate"

ALLOWED = {
    ACCEPT_CONNECTIONS: AwsRate(Rate(10, 1), _EC2),
    REJECT_CONNECTIONS: AwsRate(Rate(10, 1), _EC2),
    CREATE_ENDPOINT: AwsRate(Rate(4, 0.3), _EC2),
    MODIFY_ENDPOINT: AwsRate(Rate(4, 0.3), _EC2),
    DELETE_ENDPOINTS: AwsRate(Rate(4, 0.3), _EC2),
    MODIFY_SERVICE_PERMISSIONS: AwsRate(Rate(10, 1), _EC2),
    # It does not tell how many at once: taken for a second's.
    PUT_PARAMETER: AwsRate(Rate(3, 3), _SSM),
    DELETE_PARAMETERS: AwsRate(Rate(3, 3), _SSM),
    LATTICE: AwsRate(None, _UNPUBLISHED),
    RAM: AwsRate(None, _UNPUBLISHED),
    ORGANIZATIONS: AwsRate(None, _UNPUBLISHED),
    # Five a second for all calls of an account, people's among them, of which most only read.
    ROUTE53: AwsRate(None, 'Route 53 developer guide, "Quotas": 5 a second for all calls together'),
}
"""By class of operations, each of which has a budget of its own."""

PART = 0.9
"""Of AWS's rate that is ours, if nobody says otherwise; of its burst, one call is left."""


class _Written(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    burst: int
    per_second: float
    quota: float | None = None
    """Requests a second that AWS allows this account, where it raised them."""


_MOST_AT_ONCE = 1_000
_LEAST_PER_SECOND = 0.01
"""A task waits for hours at most."""


def parameter_name(operation: str) -> str:
    """Return the name below ``config/budgets`` that stands for a class: Parameter Store takes no colon."""
    return operation.replace(":", ".")


def part_of(allowed: Rate, part: float) -> Rate:
    """Return a part of what AWS allows, and one call less at once."""
    return Rate(burst=max(1, min(allowed.burst - 1, round(allowed.burst * part))), per_second=allowed.per_second * part)


DEFAULTS = {name: part_of(each.rate, PART) for name, each in ALLOWED.items() if each.rate}
"""The budgets of those classes that have a rate."""


def budgets_in_force(parameters: Parameters) -> InForce[tuple[str, Rate]]:
    """Read the budgets that people wrote down; of a broken one, the last good version."""
    return in_force(parameters, PATH, _parse)


def rates_in_force(budgets: InForce[tuple[str, Rate]]) -> dict[str, Rate]:
    """Return the rates of all classes that have one: what people wrote, else the default."""
    return DEFAULTS | dict(budgets.things)


_NAMES = {parameter_name(each): each for each in ALLOWED}


def _parse(name: str, text: str) -> tuple[str, Rate]:
    if (operation := _NAMES.get(name)) is None:
        raise InvalidInputError(f"budget {name[:100]!r}: there is none of that name; there are {', '.join(_NAMES)}")
    allowed = ALLOWED[operation].rate
    try:
        if not text.lstrip().startswith("{"):
            return operation, _part(name, read_json(text, float), allowed)
        written = read_json(text, _Written)
    except UnreadableError as error:
        raise InvalidInputError(f"budget {name}: {error}; {_EXPECTED}") from error
    _check(name, written, allowed)
    return operation, Rate(written.burst, written.per_second)


_EXPECTED = "a part of what AWS allows is expected, as 0.5, or " + json.dumps({"burst": 2, "perSecond": 2.5})


def _part(name: str, part: float, allowed: Rate | None) -> Rate:
    if allowed is None:
        raise InvalidInputError(f"budget {name}: AWS publishes no rate that {part} could be a part of; {_BOTH}")
    if not 0 < part <= 1 or allowed.per_second * part < _LEAST_PER_SECOND:
        raise InvalidInputError(f"budget {name}: the part is more than 0 and at most 1, not {part}")
    return part_of(allowed, part)


_BOTH = "burst and perSecond are needed"


def _check(name: str, written: _Written, allowed: Rate | None) -> None:
    if not 1 <= written.burst <= _MOST_AT_ONCE:
        raise InvalidInputError(f"budget {name}: burst is from 1 to {_MOST_AT_ONCE:,}, not {written.burst}")
    if not _LEAST_PER_SECOND <= written.per_second <= _MOST_AT_ONCE:
        raise InvalidInputError(
            f"budget {name}: perSecond is from {_LEAST_PER_SECOND} to {_MOST_AT_ONCE:,}, not {written.per_second}"
        )
    if allowed is None:
        return
    most_at_once, most = (
        (allowed.burst, allowed.per_second)
        if written.quota is None
        else (max(allowed.burst, written.quota), written.quota)
    )
    if written.per_second > most or written.burst > most_at_once:
        raise InvalidInputError(
            f"budget {name}: AWS allows {most_at_once:g} at once and {most:g} a second; if it allows this account "
            "more, quota says how many a second"
        )


def as_written(rate: Rate) -> str:
    """Return a rate in the form that people write it in."""
    return json.dumps({"burst": rate.burst, "perSecond": round(rate.per_second, 4)})
