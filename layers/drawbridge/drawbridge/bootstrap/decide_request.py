"""What ``decide_request`` works with."""

from datetime import UTC, datetime
from functools import cache

from drawbridge.aws.parameter_store import Configuration
from drawbridge.bootstrap.clients import client
from drawbridge.bootstrap.facts import gatherer as build_gatherer
from drawbridge.configuration import InForce
from drawbridge.decision.facts import Moment
from drawbridge.decision.gather import Gatherer
from drawbridge.decision.in_force import policies_in_force
from drawbridge.decision.policies import Policy
from drawbridge.environment import Environment


@cache
def gatherer() -> Gatherer:
    return build_gatherer(Environment())


def policies() -> InForce[Policy]:
    """Read the policies in force, anew each time: a change takes effect at once."""
    environment = Environment()
    return policies_in_force(
        Configuration(client("ssm"), prefix=environment.prefix),
        everything_is_meant=environment.everything_may_be_permitted,
    )


def moment() -> Moment:
    """Give the time, as policies read it."""
    return Moment(datetime.now(UTC), Environment().time_zone)
