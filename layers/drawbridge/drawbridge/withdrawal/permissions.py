"""Whether policies permit what is connected, decided on facts that are gathered now."""

from collections.abc import Callable, Mapping
from typing import Protocol

from drawbridge.arns import Arn
from drawbridge.association.plan import Planner
from drawbridge.decision import AlreadyResolved
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.gather import Gatherer
from drawbridge.decision.lapse import permission_of, permission_to_associate
from drawbridge.decision.let_in import LetInRecords
from drawbridge.decision.permission import Permission
from drawbridge.request import ExecutionInput


class Permissions(Protocol):
    """What policies say of what is connected."""

    def of_request(self, execution: ExecutionInput) -> Permission | AlreadyResolved:
        """Return whether a request that was let in would be let in now.

        Raises:
            NotReadyError: AWS does not show all of it.
        """
        ...

    def to_associate(self, share_arn: str) -> Mapping[tuple[str, str], Permission]:
        """Return whether each binding may have what it matches in a share, by the binding and the resource's ARN.

        Raises:
            NotReadyError: the share is not visible.
        """
        ...


class PermissionsNow:
    """Gathers the facts and asks the policies; what people configure is read anew each time."""

    def __init__(
        self,
        gatherer: Gatherer,
        ledger: LetInRecords,
        policies: Callable[[], PolicySet],
        planner: Callable[[], Planner],
        evaluation_time: Callable[[], EvaluationTime],
    ) -> None:
        self._gatherer = gatherer
        self._ledger = ledger
        self._policies = policies
        self._planner = planner
        self._evaluation_time = evaluation_time

    def of_request(self, execution: ExecutionInput) -> Permission | AlreadyResolved:
        now, policies = self._evaluation_time(), self._policies()
        facts = self._gatherer.gather(execution.request, now.now)
        if isinstance(facts, AlreadyResolved):
            return facts
        return permission_of(facts, self._ledger.let_in(execution.request_id), policies, now)

    def to_associate(self, share_arn: str) -> Mapping[tuple[str, str], Permission]:
        now, policies = self._evaluation_time(), self._policies()
        requester = self._gatherer.requester(Arn.parse(share_arn).account_id)
        asked = self._planner().asked(share_arn, requester)
        return {(each.binding, each.arn): permission_to_associate(each, policies, now) for each in asked}
