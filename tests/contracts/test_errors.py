"""AWS's errors, as they are translated once."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, NoCredentialsError

from drawbridge import errors
from drawbridge.aws.errors import code_of, translated

WHAT_HAPPENS_NEXT = {
    errors.AccessDeniedError: {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedOperation",
        "OperationNotPermittedException",
    },
    errors.ThrottledError: {
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "RequestThrottled",
        "RequestThrottledException",
        "EC2ThrottledException",
        "TooManyUpdates",
        "ConcurrentModification",
    },
    errors.RefusedError: {
        "InvalidParameter",
        "InvalidParameterCombination",
        "InvalidParameterValue",
        "MissingParameter",
        "NoSuchHostedZone",
        "ValidationException",
    },
    errors.QuotaExceededError: {
        "ServiceQuotaExceededException",
        "VpcEndpointLimitExceeded",
        "ParameterLimitExceeded",
        "ParameterMaxVersionLimitExceeded",
    },
    errors.ConflictError: {
        "AWSOrganizationsNotInUseException",
        "ConflictException",
        "HierarchyTypeMismatchException",
        "IdempotentParameterMismatch",
        "IdempotentParameterMismatchException",
    },
    errors.GoneError: {
        "InvalidVpcEndpointServiceId.NotFound",
        "InvalidVpcEndpointId.NotFound",
        "InvalidVpcEndpoint.NotFound",
        "InvalidResourceConfigurationArn.NotFound",
        "InvalidServiceNetworkArn.NotFound",
        "ResourceNotFoundException",
        "ResourceShareInvitationArnNotFoundException",
        "ResourceShareInvitationAlreadyRejectedException",
        "ResourceShareInvitationExpiredException",
        "UnknownResourceException",
        "ParameterNotFound",
        "AccountNotFoundException",
    },
    errors.NotReadyError: {"VpcEndpointNotReady"},
    errors.UpstreamError: {"InternalError", "ServiceUnavailable", "ServerInternalException", ""},
}
CASES = sorted((code, error) for error, codes in WHAT_HAPPENS_NEXT.items() for code in codes)


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "AWS's words"}}, "Operation")


@pytest.mark.parametrize(("code", "error"), CASES, ids=str)
def test_a_code_says_what_happens_next(code: str, error: type[errors.DrawbridgeError]) -> None:
    with pytest.raises(errors.DrawbridgeError) as raised, translated("do it"):
        raise refused(code)

    assert type(raised.value) is error
    assert str(raised.value) == f"do it: {code}: AWS's words"


@pytest.mark.parametrize(("code", "error"), CASES, ids=str)
def test_only_what_is_not_found_is_another_error_where_it_is_a_thing_of_ours(
    code: str, error: type[errors.DrawbridgeError]
) -> None:
    with pytest.raises(errors.DrawbridgeError) as raised, translated("do it", missing=errors.UpstreamError):
        raise refused(code)

    assert type(raised.value) is (errors.UpstreamError if error is errors.GoneError else error)
    assert str(raised.value) == f"do it: {code}: AWS's words"


@pytest.mark.parametrize(
    "failure",
    [
        ConnectTimeoutError(endpoint_url="https://ec2"),
        EndpointConnectionError(endpoint_url="https://ec2"),
        NoCredentialsError(),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_aws_that_does_not_answer_may_answer_later(failure: Exception) -> None:
    with pytest.raises(errors.UpstreamError, match="do it: "), translated("do it"):
        raise failure


def test_an_answer_without_a_code_is_unknown() -> None:
    assert code_of(ClientError({}, "Operation")) == "Unknown"
    with pytest.raises(errors.UpstreamError, match="do it: Unknown: "), translated("do it"):
        raise ClientError({}, "Operation")


@pytest.mark.parametrize("failure", [errors.GoneError("gone"), KeyError("bug")], ids=ascii)
def test_what_is_not_aws_s_stays_as_it_is(failure: Exception) -> None:
    with pytest.raises(type(failure)) as raised, translated("do it"):
        raise failure

    assert raised.value is failure


@pytest.mark.parametrize(
    ("said", "after"),
    [
        ({"retryAfterSeconds": 7}, 7),
        ({"ResponseMetadata": {"HTTPHeaders": {"retry-after": "1.5"}}}, 1.5),
        ({"retryAfterSeconds": 10**9}, 900),
        ({"retryAfterSeconds": -1}, None),
        ({"retryAfterSeconds": "nan"}, None),
        ({"retryAfterSeconds": "inf"}, None),
        ({"ResponseMetadata": {"HTTPHeaders": {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}}}, None),
        ({}, None),
    ],
)
def test_aws_says_after_how_many_seconds_it_wants_to_be_asked_again(said: dict[str, Any], after: float | None) -> None:
    answer: Any = {"Error": {"Code": "ThrottlingException", "Message": "slow down"}} | said
    with (
        pytest.raises(errors.ThrottledError, match="do it: ThrottlingException: slow down") as raised,
        translated("do it"),
    ):
        raise ClientError(answer, "Operation")

    assert raised.value.after == after
