"""A function is killed right before and after each AWS call while a person is asked: no decision is lost or doubled."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from local_aws.testing.slack import APPROVALS, Message, workspace
from scenarios.people import Person
from tests.system.conftest import LONG, World
from tests.system.kills import End, end_of, killed_everywhere
from tests.system.requests_in_ledger import row_of

_APPROVER = "U0ALICE"


class ApprovedConnection:
    """A stranger's endpoint, and an approver who clicks as long as there is a button."""

    def __init__(self, home: Person, stranger: Person) -> None:
        self.home = home
        self._stranger = stranger

    def begin(self) -> str:
        _, service_name = self.home.offer_service()
        return self._stranger.connect(service_name)

    def see_to(self, subject: str) -> None:
        if _buttons(subject):
            workspace.click(_APPROVER, _buttons(subject)[-1].ts, "approve")

    def end(self, subject: str) -> End:
        """Return what came of it, and take it away: a VPC has room for fifty."""
        ec2 = self._stranger.client("ec2")
        endpoint = ec2.describe_vpc_endpoints(VpcEndpointIds=[subject])["VpcEndpoints"][0]
        names = {endpoint["DnsEntries"][0]["DnsName"]} if endpoint["State"] == "available" else set()
        path = f"/drawbridge/consumers/{self._stranger.account_id}/{subject}/"
        end = end_of(self.home, subject, path, names, made=0)
        row = row_of(self.home, subject) or {"decided_by": {"L": []}}
        by = [each["M"]["source"]["S"] for each in row["decided_by"]["L"] if each["M"]["code"]["S"] == "approved"]
        ec2.delete_vpc_endpoints(VpcEndpointIds=[subject])
        return replace(end, right=end.right and by == [_APPROVER])


def _buttons(subject: str) -> list[Message]:
    """Return the messages about it that have buttons."""
    return [
        each
        for each in workspace.messages()
        if subject in json.dumps(each.blocks) and any(block["type"] == "actions" for block in each.blocks)
    ]


@pytest.fixture
def approved_connection(world: World, deployed: Callable[..., Person]) -> ApprovedConnection:
    home = deployed("510000000024", LookEvery="rate(5 minutes)", SlackChannel=APPROVALS)
    return ApprovedConnection(home, world.person("520000000024"))


@pytest.mark.timeout(3600 if LONG else 1800)
def test_no_decision_of_a_person_is_lost_or_doubled_wherever_the_functions_are_killed(
    approved_connection: ApprovedConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    # What comes after acceptance does not know that a person was asked.
    killed_everywhere(
        [approved_connection],
        capsys,
        but=("AcceptRequest", "PublishDns"),
        by_chance=(
            # Only if a sweep comes right between an answer and the end of the task.
            ("DiscoverRequests", "states:SendTaskSuccess"),
            # The history of one that is alone in its sweep; of several it is written together.
            ("DiscoverRequests", "dynamodb:PutItem"),
            ("DiscoverRequests", "dynamodb:TransactWriteItems"),
        ),
    )
