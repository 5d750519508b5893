"""What Drawbridge accepted, and when, and what it tried to take down: by the calls that the local AWS recorded."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from local_aws.testing.record import RecordedCall, record
from tests.system.model.asks import Ask
from tests.system.model.neighbours import invitations

_ACCEPTS = frozenset({"ram:AcceptResourceShareInvitation", "ec2:AcceptVpcEndpointConnections"})
_TAKES_DOWN = frozenset({"ec2:DeleteVpcEndpoints", "ec2:RejectVpcEndpointConnections", "ssm:DeleteParameters"})
_NEVER_DONE = ("Throttl", "RequestLimitExceeded", "kill-before", "timeout")
"""Errors with which AWS has done nothing; whoever got another may have lost the answer alone."""


class Acceptances:
    """Calls that may have accepted something: gathered now and then, as the local AWS keeps only the latest."""

    def __init__(self) -> None:
        self._mark = record.mark()
        self._at: defaultdict[str, list[float]] = defaultdict(list)
        self.tried_to_take_down: defaultdict[str, set[str]] = defaultdict(set)
        """Endpoints by their ids and parameters by their names, by the account: what was denied as well."""

    def gather(self) -> None:
        """Take in the calls since the last time."""
        mark = record.mark()
        try:
            made: Iterable[RecordedCall] = record.since(self._mark)
        except LookupError:
            made = record.recent()
        self._mark = mark
        for each in made:
            if each.operation in _TAKES_DOWN and each.function is not None:
                self.tried_to_take_down[each.account_id].update(_named(each))
            if each.operation in _ACCEPTS and each.function is not None and _may_be_done(each):
                for what in _named(each):
                    self._at[what].append(each.time)

    def of(self, ask: Ask) -> list[float]:
        """Return the times of the calls that may have accepted it; none if no such call is known."""
        if not ask.is_share:
            return self._at[ask.subject]
        arns = [
            each["resourceShareInvitationArn"]
            for each in invitations(ask.home)
            if each["resourceShareArn"] == ask.subject and each["status"] == "ACCEPTED"
        ]
        return [at for arn in arns for at in self._at[arn]]


def _may_be_done(made: RecordedCall) -> bool:
    return made.error is None or not any(each in made.error for each in _NEVER_DONE)


def _named(made: RecordedCall) -> Iterator[str]:
    yield from made.params.get("VpcEndpointIds", ())
    if name := made.params.get("Name"):
        yield name
    if arn := made.params.get("resourceShareInvitationArn"):
        yield arn
