"""Client tokens name what exists in AWS: for the same inputs they are the same in every version."""

from __future__ import annotations

from typing import Any

import pytest

from drawbridge.association import DesiredAttachment, Mode, NetworkRef
from drawbridge.association.observed_attachment import Endpoint, State
from drawbridge.errors import ConflictError
from drawbridge.lattice import PrivateDns
from tests.associating import associate
from tests.builders import NETWORK, desired, desired_by_network
from tests.fakes.attachments import InMemoryAttachments, InMemoryEndpointOperations

MADE = NetworkRef(name="shared", create=True)
GROUPS = ("sg-0000000000000000b", "sg-0000000000000000a")
SUBNETS = ("subnet-0000000000000000b", "subnet-0000000000000000a")
LISTED: dict[str, Any] = {"private_dns": PrivateDns.LISTED, "private_domains": ("b.example", "a.example")}
EVERYTHING: dict[str, Any] = {"security_group_ids": GROUPS, **LISTED}
PLACED: dict[str, Any] = {**EVERYTHING, "subnet_ids": SUBNETS, "address_type": "dualstack"}


@pytest.mark.parametrize(
    ("what", "attempt", "tokens"),
    [
        (
            desired(),
            1,
            [
                "19b875bb02329c4f94235e9df65ffc5636de687f59d342f281b538cbcdf5da2e",
            ],
        ),
        (
            desired(),
            2,
            [
                "ee7e530b2a9703d73afd330b48c9f79ed94db3716c061e17407760af35fc04d4",
            ],
        ),
        (
            desired(**PLACED),
            1,
            [
                "14487e8d3aea3c537beb7b1cef45b54cce17310c0f06738f854f667608231c1d",
            ],
        ),
        (
            desired_by_network(network=MADE),
            1,
            [
                "af90262b447f6e8e89a7f441d554e6f469d6ccc97d6fe5d7c1d54e51fb439bfe",
                "031b6e2860d1eb2db7b420443f66e9d9dd6c3650974d70279748c931e2f98164",
                "322948d2d3069162fb7a73c40a9eb80315240b6e7cef206e2b5dfcdee47a46bd",
            ],
        ),
        (
            desired_by_network(network=MADE, vpc_id="", **LISTED),
            1,
            [
                "af90262b447f6e8e89a7f441d554e6f469d6ccc97d6fe5d7c1d54e51fb439bfe",
                "4cc401e517f3800d91939e5e1e62b0462f8709a378871580caa14c841db1aaeb",
            ],
        ),
        (
            desired_by_network(network=MADE, **EVERYTHING),
            3,
            [
                "1499ec54bb70295bb783142da24b1869f9e96ee907052a9f2777a4b26b1db416",
                "260fca9ea710780dbd5edde6008db2b52a534a7a5636b8297e4e8360c8e72da8",
                "922a104fb0262815e76ea4d9f7615b752b386f8c422a010fec33774406a5efc0",
            ],
        ),
        (
            desired_by_network(Mode.SERVICE_NETWORK_ENDPOINT, network=MADE),
            1,
            [
                "af90262b447f6e8e89a7f441d554e6f469d6ccc97d6fe5d7c1d54e51fb439bfe",
                "031b6e2860d1eb2db7b420443f66e9d9dd6c3650974d70279748c931e2f98164",
                "8b80c9a688784ef5e19855b52079706a413cf01390deb41da386d75fb8ca5449",
            ],
        ),
        (
            desired_by_network(Mode.SERVICE_NETWORK_ENDPOINT, network=MADE, **PLACED),
            2,
            [
                "0dd062dbbfe89e45e110486bb2422cc1b68604c2014d4d7b12feb06dc927112a",
                "a3b1969d078b18836088db4023bc55ce2862dc292f938cf00eba36cfece770d0",
                "8b80c9a688784ef5e19855b52079706a413cf01390deb41da386d75fb8ca5449",
            ],
        ),
    ],
)
def test_what_is_made_is_asked_for_by_the_tokens_of_every_version(
    what: DesiredAttachment, attempt: int, tokens: list[str]
) -> None:
    aws = InMemoryAttachments()

    associate(what, aws.reconciler, attempt=attempt)

    assert aws.tokens == tokens


@pytest.mark.parametrize(
    ("what", "token"),
    [
        (desired(**PLACED), "c8d4c3368eba622015ee065e080d1ad8e34c7d495e3458ba692a7684bda6b05a"),
        (
            desired_by_network(Mode.SERVICE_NETWORK_ENDPOINT, **PLACED),
            "f02f1fe9dddd8b106ab44d041b7899190bbef9eee39c8c25eb91d6c82061ef9b",
        ),
    ],
)
def test_what_was_there_before_is_in_the_token_of_every_version(what: DesiredAttachment, token: str) -> None:
    aws = InMemoryAttachments()
    aws.networks = [NETWORK]
    for gone in ("vpce-b", "vpce-a"):
        aws.have_endpoint(what, Endpoint(id=gone, state=State.TERMINATED), NETWORK)

    associate(what, aws.reconciler, attempt=1)

    assert aws.tokens[-1] == token


def test_the_second_token_of_a_network_s_endpoint_is_that_of_every_version(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = InMemoryAttachments()
    aws.networks = [NETWORK]
    create = InMemoryEndpointOperations.create

    def refusing_the_first(self: Any, *args: Any) -> Endpoint:
        made = create(self, *args)
        if len(aws.by_token) == 1:
            aws.endpoints.clear()
            raise ConflictError("the token came back with something else")
        return made

    monkeypatch.setattr(InMemoryEndpointOperations, "create", refusing_the_first)

    associate(desired_by_network(Mode.SERVICE_NETWORK_ENDPOINT, **PLACED), aws.reconciler, attempt=1)

    assert aws.tokens[1:] == [
        "07a45d5f1bba4dda14ae5d2a305ec32f276fbbd60a857da1c9acfb76169940cd",
        "8bd84642a75919fb2087e9bb8d5263004f3a51c6f059d36d96ef8aad7ba0df73",
    ]
