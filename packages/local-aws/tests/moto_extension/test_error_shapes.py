"""The errors that are kept are those of the service's own model."""

from __future__ import annotations

import pytest
from moto.core.errors import ErrorLookupFactory, get_error_model
from moto.core.utils import get_service_model

from local_aws.moto_extension.error_shapes import keep_error_shapes
from local_aws.moto_extension.errors import AwsError


@pytest.fixture(autouse=True)
def _kept() -> None:
    keep_error_shapes()


def test_a_service_s_errors_are_listed_once() -> None:
    model = get_service_model("ssm")

    assert ErrorLookupFactory().for_service(model) is ErrorLookupFactory().for_service(model)


@pytest.mark.parametrize(
    ("service", "members"),
    [("vpc-lattice", {"message", "resourceId", "resourceType"}), ("lambda", {"Message", "Type"})],
)
def test_an_error_of_one_name_is_each_service_s_own(service: str, members: set[str]) -> None:
    found = get_error_model(AwsError("ResourceNotFoundException", "no"), get_service_model(service))

    assert set(found.members) == members
