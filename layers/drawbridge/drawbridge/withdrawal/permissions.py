"""Whether policies permit what is connected, decided on facts that are gathered now."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.association.plan import Planner
from drawbridge.decision import AlreadyResolved
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.gather import Gatherer
from drawbridge.decision.lapse import Permission, permission_of, permission_to_associate
from drawbridge.request import Request


class PermissionPorts(Struct, frozen=True, kw_only=True):
    """The ports of deciding whether something is permitted; what people configure is read anew each time."""

    gatherer: Gatherer
    policies: Callable[[], PolicySet]
    planner: Callable[[], Planner]
    evaluation_time: Callable[[], EvaluationTime]


def permission_now(request: Request, ports: PermissionPorts) -> Permission | AlreadyResolved:
    """Decide whether the request would be let in now.

    Raises:
        NotReadyError: AWS does not show all of it.
    """
    now, policies = ports.evaluation_time(), ports.policies()
    facts = ports.gatherer.gather(request, now.now)
    if isinstance(facts, AlreadyResolved):
        return facts
    return permission_of(facts, policies, now)


def permissions_to_associate_now(share_arn: str, ports: PermissionPorts) -> Mapping[tuple[str, str], Permission]:
    """Decide whether each binding may have what it matches in the share, by the binding and the resource's ARN.

    Raises:
        NotReadyError: the share is not visible.
    """
    now, policies = ports.evaluation_time(), ports.policies()
    requester = ports.gatherer.requester(Arn.parse(share_arn).account_id)
    asked = ports.planner().asked(share_arn, requester)
    return {(each.binding, each.arn): permission_to_associate(each, policies, now) for each in asked}
