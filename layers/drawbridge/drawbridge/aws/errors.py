"""AWS's errors, translated once."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from drawbridge.errors import (
    AccessDeniedError,
    ConflictError,
    DrawbridgeError,
    GoneError,
    NotReadyError,
    QuotaExceededError,
    RefusedError,
    ThrottledError,
    UpstreamError,
)

_BY_CODE: dict[str, type[DrawbridgeError]] = {
    "AccessDenied": AccessDeniedError,
    "AccessDeniedException": AccessDeniedError,
    "AuthorizationError": AccessDeniedError,
    "UnauthorizedOperation": AccessDeniedError,
    "OperationNotPermittedException": AccessDeniedError,
    "RequestLimitExceeded": ThrottledError,
    "Throttling": ThrottledError,
    "ThrottlingException": ThrottledError,
    "ThrottledException": ThrottledError,
    "TooManyRequestsException": ThrottledError,
    "ProvisionedThroughputExceededException": ThrottledError,
    "RequestThrottled": ThrottledError,
    "RequestThrottledException": ThrottledError,
    "EC2ThrottledException": ThrottledError,
    # Somebody else writes the same parameter at the moment.
    "TooManyUpdates": ThrottledError,
    "ConcurrentModification": ThrottledError,
    "InvalidParameter": RefusedError,
    "InvalidParameterCombination": RefusedError,
    "InvalidParameterValue": RefusedError,
    "MissingParameter": RefusedError,
    "NoSuchHostedZone": RefusedError,
    "ValidationException": RefusedError,
    "ServiceQuotaExceededException": QuotaExceededError,
    "VpcEndpointLimitExceeded": QuotaExceededError,
    "ParameterLimitExceeded": QuotaExceededError,
    "ParameterMaxVersionLimitExceeded": QuotaExceededError,
    "ConflictException": ConflictError,
    "HierarchyTypeMismatchException": ConflictError,
    "IdempotentParameterMismatch": ConflictError,
    "IdempotentParameterMismatchException": ConflictError,
    "InvalidVpcEndpointServiceId.NotFound": GoneError,
    "InvalidVpcEndpointId.NotFound": GoneError,
    "InvalidVpcEndpoint.NotFound": GoneError,
    "InvalidResourceConfigurationArn.NotFound": GoneError,
    "InvalidServiceNetworkArn.NotFound": GoneError,
    "ResourceNotFoundException": GoneError,
    "ResourceShareInvitationArnNotFoundException": GoneError,
    "ResourceShareInvitationAlreadyRejectedException": GoneError,
    "ResourceShareInvitationExpiredException": GoneError,
    "UnknownResourceException": GoneError,
    "ParameterNotFound": GoneError,
    "AccountNotFoundException": GoneError,
    # The account that asks is in no organization: that says nothing of the one that is asked about.
    "AWSOrganizationsNotInUseException": ConflictError,
    "VpcEndpointNotReady": NotReadyError,
}


_DENIED_ACTION = re.compile(r"not authorized to perform: ([A-Za-z0-9-]+:[A-Za-z0-9]+)")


def denied_action(words: str) -> str:
    """Give the action that AWS's refusal names; empty if it names none.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html: most services' refusals do.
    """
    found = _DENIED_ACTION.search(words)
    return found[1] if found else ""


def code_of(error: ClientError) -> str:
    """Give AWS's code of the error."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def error_for(code: str) -> type[DrawbridgeError]:
    """Give the error of ours that an AWS code stands for; what is unknown may pass."""
    return _BY_CODE.get(code, UpstreamError)


@contextmanager
def translated(doing: str, *, missing: type[DrawbridgeError] = GoneError) -> Iterator[None]:
    """Raise what AWS answers as an error of ours, with AWS's code and words; what is unknown is ``UpstreamError``.

    ``missing`` is raised where AWS does not find what is asked for: that the other side's share is gone says something
    of the request, that a table of ours is gone does not.
    """
    try:
        yield
    except ClientError as error:
        words = error.response.get("Error", {}).get("Message", "")
        raised = error_for(code_of(error))
        raise (missing if raised is GoneError else raised)(f"{doing}: {code_of(error)}: {words}") from error
    except BotoCoreError as error:
        raise UpstreamError(f"{doing}: {error}") from error
