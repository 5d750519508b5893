"""What the roles of the deployed stacks may do, and did: noted by each file of tests, and read together at the end."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from local_aws.testing import iam
from scenarios.people import Person

_PATIENCE = 540
"""Real seconds that the files which other workers run may still take, when everything else has been begun."""


class Noted(msgspec.Struct, frozen=True):
    """Of all stacks that one file of tests deployed; what they allow, by names that are the same in all accounts."""

    allowed: frozenset[str]
    used: frozenset[str]
    denied: tuple[tuple[str, str, str], ...]
    """Role, action and resource."""


class Permissions:
    """The notes, in a folder that all workers share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, name: str, people: Collection[Person]) -> None:
        """Note what the roles in these people's accounts did in a file's tests."""
        roles = [role for person in people for role in _roles(person)]
        things = [each for role in roles for each in role.allows()]
        denied = [need for role in roles for need in iam.needs(role.arn) if not need.allowed]
        noted = Noted(
            allowed=frozenset(what for what, _ in things),
            used=frozenset(what for what, used in things if used),
            denied=tuple((need.role_arn, need.action, need.resource) for need in denied),
        )
        self._folder.mkdir(exist_ok=True)
        unfinished = self._folder / f".{name}"
        unfinished.write_bytes(msgspec.json.encode(noted))
        unfinished.rename(self._folder / name)

    def of(self, names: Collection[str]) -> list[Noted]:
        """Return the notes of these files, once they all are there.

        Raises:
            AssertionError: some do not come.
        """
        until = time.monotonic() + _PATIENCE
        while missing := sorted(name for name in names if not (self._folder / name).exists()):
            assert time.monotonic() < until, f"never came to their end: {missing}"
            time.sleep(0.2)
        return [msgspec.json.decode((self._folder / name).read_bytes(), type=Noted) for name in sorted(names)]


@dataclass(frozen=True)
class Role:
    """A role of the stack in one account."""

    logical_id: str
    arn: str

    def allows(self) -> Iterator[tuple[str, bool]]:
        """Yield each thing that the role allows, and whether it was used."""
        for statement in iam.statements(self.arn):
            named = f"{self.logical_id} {statement.sid}"
            for action in statement.actions:
                yield f"{named} {action.value}", action.used
            # The only resource is used if an action is.
            several = statement.resources if len(statement.resources) > 1 else ()
            for place, resource in enumerate(several):
                yield f"{named} resource {place}", resource.used


def _roles(person: Person) -> Iterator[Role]:
    made = person.client("cloudformation").describe_stack_resources(StackName="drawbridge")["StackResources"]
    for each in made:
        if each["ResourceType"] == "AWS::IAM::Role":
            arn = f"arn:aws:iam::{person.account_id}:role/{each['PhysicalResourceId']}"
            yield Role(each["LogicalResourceId"], arn)
