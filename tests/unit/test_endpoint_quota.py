"""Endpoints that count for a quota: the same for who plans, who sweeps and who looks."""

from typing import Any

import pytest

from drawbridge.association import Mode
from drawbridge.aws.attachment_listing import AttachmentListing
from drawbridge.aws.vpc_endpoints import VpcEndpoints
from drawbridge_cli.deployment import Deployment

VPC = "vpc-1"


class Listing:
    """EC2, which lists one endpoint in each state."""

    def __init__(self, *states: str) -> None:
        self._states = states

    def get_paginator(self, _: str) -> "Listing":
        return self

    def paginate(self, **_: object) -> list[dict[str, Any]]:
        endpoints = [
            {"VpcEndpointId": f"vpce-{number}", "VpcId": VPC, "VpcEndpointType": "Resource", "State": state}
            for number, state in enumerate(self._states)
        ]
        return [{"VpcEndpoints": endpoints}]


class StackOf:
    """A stack whose account has these endpoints."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing

    def client(self, _: str) -> Listing:
        return self._listing


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        ("available", 1),
        ("Pending", 1),
        ("pendingAcceptance", 1),
        ("failed", 1),
        ("Rejected", 1),
        ("expired", 1),
        ("Partial", 1),
        ("deleting", 0),
        ("Deleted", 0),
    ],
)
def test_an_endpoint_counts_until_it_is_gone_for_whoever_counts(state: str, counts: int) -> None:
    ec2: Any = Listing(state)
    stack: Any = StackOf(ec2)

    planned = VpcEndpoints(ec2, owner="drawbridge").count(VPC, Mode.RESOURCE_ENDPOINT)
    swept = AttachmentListing(ec2, ec2).count(VPC, Mode.RESOURCE_ENDPOINT)
    examined = Deployment(stack).endpoints_by_vpc().get((VPC, "Resource"), 0)

    assert (planned, swept, examined) == (counts, counts, counts)
