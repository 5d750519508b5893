"""The tag that says when something is taken down, as ``WithdrawAfterTags`` promises to set it and take it away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import pytest

from drawbridge.association.owned_object import OwnedKind
from drawbridge.aws.withdraw_after_tags import WITHDRAW_AFTER_TAG, ObjectTags
from drawbridge.discovery.permission_watch import WithdrawAfterTags
from drawbridge.errors import AccessDeniedError, GoneError, ThrottledError
from tests.builders import NETWORK_ARN
from tests.contracts.accounts import Account, refusing
from tests.contracts.owned_objects import OWNED, owned_object, service_association
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.withdraw_after_tags import InMemoryWithdrawAfterTags

Kind = Literal["endpoint", "resource association", "service association", "parameter"]
KINDS: tuple[Kind, ...] = ("endpoint", "resource association", "service association", "parameter")
every_kind = pytest.mark.parametrize("kind", KINDS)
HERE = NETWORK_ARN.rpartition(":")[0]
NOT_THERE = {
    "endpoint": "vpce-0123456789abcdef0",
    "resource association": f"{HERE}:servicenetworkresourceassociation/snra-0123456789abcdef0",
    "service association": f"{HERE}:servicenetworkserviceassociation/snsa-0123456789abcdef0",
    "parameter": "/drawbridge/consumers/222222222222/vpce-1/dns-name",
}


@dataclass(frozen=True)
class Tagging:
    """An account with things of ours."""

    tags: WithdrawAfterTags
    make: Callable[[Kind], str]
    value_of: Callable[[str], str | None]
    """Return the tag's value; ``None`` if it is not there."""
    is_owned: Callable[[str], bool]
    not_there: Mapping[str, str]
    """Something of each kind that is not there."""


def in_memory() -> Tagging:
    fake = InMemoryWithdrawAfterTags()
    fake.gone = {*NOT_THERE.values()}
    return Tagging(fake, lambda kind: f"some {kind}", fake.there.get, lambda _: True, NOT_THERE)


class OnAws:
    """Things of ours in an account of the local AWS."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._ssm = account.client("ssm")

    def make(self, kind: Kind) -> str:
        match kind:
            case "endpoint":
                return owned_object(self._account, OwnedKind.ENDPOINT).id
            case "resource association":
                return owned_object(self._account, OwnedKind.RESOURCE_ASSOCIATION).arn
            case "service association":
                return service_association(self._account, OWNED).arn
            case "parameter":
                tags = [{"Key": key, "Value": value} for key, value in OWNED.items()]
                self._ssm.put_parameter(Name="/drawbridge/name", Value="a", Type="String", Tags=tags)
                return "/drawbridge/name"

    def all_of(self, thing: str) -> dict[str, str]:
        if thing.startswith("arn:"):
            tags: dict[str, str] = self._account.lattice.list_tags_for_resource(resourceArn=thing)["tags"]
            return tags
        if thing.startswith("/"):
            listed = self._ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=thing)["TagList"]
        else:
            (endpoint,) = self._account.ec2.describe_vpc_endpoints(VpcEndpointIds=[thing])["VpcEndpoints"]
            listed = endpoint["Tags"]
        return {each["Key"]: each["Value"] for each in listed}

    def tagging(self) -> Tagging:
        return Tagging(
            object_tags(self._account),
            self.make,
            lambda thing: self.all_of(thing).get(WITHDRAW_AFTER_TAG),
            lambda thing: OWNED.items() <= self.all_of(thing).items(),
            {kind: thing.replace("222222222222", self._account.account_id) for kind, thing in NOT_THERE.items()},
        )


def object_tags(account: Account) -> ObjectTags:
    return ObjectTags(account.ec2, account.lattice, account.client("ssm"))


@pytest.fixture(params=IMPLEMENTATIONS)
def tagging(request: pytest.FixtureRequest, account: Account) -> Tagging:
    return either(request, in_memory, lambda: OnAws(account).tagging())


@every_kind
def test_what_is_tagged_says_when_and_is_tagged_again_with_another_time(tagging: Tagging, kind: Kind) -> None:
    thing = tagging.make(kind)

    values: list[str | None] = []
    for time in ("2026-11-28T12:00:00+00:00", "2026-11-28T12:00:00+00:00", "2026-11-21T12:00:00+00:00"):
        tagging.tags.tag(thing, time)
        values.append(tagging.value_of(thing))

    assert values == ["2026-11-28T12:00:00+00:00", "2026-11-28T12:00:00+00:00", "2026-11-21T12:00:00+00:00"]
    assert tagging.is_owned(thing)


@every_kind
def test_the_tag_is_taken_away_or_found_not_to_be_there_and_what_says_whose_it_is_stays(
    tagging: Tagging, kind: Kind
) -> None:
    thing = tagging.make(kind)
    tagging.tags.tag(thing, "2026-11-28T12:00:00+00:00")

    for _ in range(2):
        tagging.tags.untag(thing)
        assert tagging.value_of(thing) is None

    assert tagging.is_owned(thing)


@every_kind
def test_what_is_not_there_is_gone(tagging: Tagging, kind: Kind) -> None:
    tagging.make(kind)
    missing = tagging.not_there[kind]

    with pytest.raises(GoneError):
        tagging.tags.tag(missing, "2026-11-28T12:00:00+00:00")


@pytest.mark.parametrize("kind", [each for each in KINDS if each != "endpoint"])
def test_of_what_is_not_there_the_tag_is_not_taken_away(tagging: Tagging, kind: Kind) -> None:
    tagging.make(kind)

    with pytest.raises(GoneError):
        tagging.tags.untag(tagging.not_there[kind])


@pytest.mark.parametrize(
    ("client", "thing", "operations", "code"),
    [
        ("ec2", NOT_THERE["endpoint"], ("create_tags", "delete_tags"), "UnauthorizedOperation"),
        ("vpc-lattice", NOT_THERE["resource association"], ("tag_resource", "untag_resource"), "AccessDeniedException"),
        (
            "ssm",
            NOT_THERE["parameter"],
            ("add_tags_to_resource", "remove_tags_from_resource"),
            "AccessDeniedException",
        ),
    ],
)
def test_what_is_not_ours_any_longer_is_told_from_what_is_gone_and_from_a_throttle(
    account: Account, client: str, thing: str, operations: tuple[str, str], code: str
) -> None:
    tags = object_tags(account)

    calls: tuple[Callable[[], None], ...] = (lambda: tags.tag(thing, "now"), lambda: tags.untag(thing))
    for operation, call in zip(operations, calls, strict=True):
        with refusing(account.client(client), operation, code), pytest.raises(AccessDeniedError):
            call()
        with refusing(account.client(client), operation, "ThrottlingException"), pytest.raises(ThrottledError):
            call()
