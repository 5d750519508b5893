"""Ids that somebody has chosen, where AWS makes up its own: what documents write can be copied as it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock


@contextmanager
def next_vpc_id(vpc_id: str) -> Iterator[None]:
    """Have a VPC that is created meanwhile get this id, whoever creates it; the default VPC is one, too."""
    with mock.patch("moto.ec2.models.vpcs.random_vpc_id", return_value=vpc_id):
        yield


@contextmanager
def next_service_id(service_id: str) -> Iterator[None]:
    """Have an endpoint service that is created meanwhile get this id, whoever creates it."""
    with mock.patch("local_aws.services.privatelink.endpoint_services.new_id", return_value=service_id):
        yield
