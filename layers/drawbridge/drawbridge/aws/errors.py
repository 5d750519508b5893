"""AWS's errors, translated once."""

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

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

_MAY_PASS = (
    "InternalError", "InternalException", "InternalFailure", "InternalServerError", "InternalServerException",
    "InternalServiceError", "InternalServiceErrorException", "ServerInternalException", "ServiceException",
    "ServiceUnavailable", "ServiceUnavailableException", "Unavailable", "RequestTimeout",
    "InsufficientAddressCapacity", "InsufficientCapacity",
    # The next attempt signs anew; a listing that lost its place begins anew.
    "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidNextToken", "InvalidNextTokenException",
    "InvalidPaginationToken",
)  # fmt: skip # one a line is no clearer
_THROTTLED = (
    "RequestLimitExceeded", "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException",
    "ProvisionedThroughputExceededException", "RequestThrottled", "RequestThrottledException", "EC2ThrottledException",
    "KmsThrottled", "KmsThrottlingException", "OverLimit", "SlowDown",
    # Somebody else writes the same thing at the moment.
    "TooManyUpdates", "ConcurrentModification", "ConcurrentModificationException", "ConcurrentTagAccess",
    "PriorRequestNotComplete", "ReplicatedWriteConflictException", "TransactionConflictException",
)  # fmt: skip
_NOT_READY = ("VpcEndpointNotReady", "IncorrectState", "InvalidState", "InvalidVpcState")
_DENIED = (
    "AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "OperationNotPermitted",
    "OperationNotPermittedException", "KmsAccessDenied", "KmsAccessDeniedException", "KmsDisabled",
    "KmsInvalidKeyUsage", "KmsInvalidState", "KmsInvalidStateException", "KmsNotFound", "KmsOptInRequired",
    "DecryptionFailure",
    # The account, or the credentials, may not call at all.
    "AuthFailure", "Blocked", "OptInRequired", "PendingVerification", "InvalidClientTokenId", "InvalidSecurity",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "UnrecognizedClientException",
    "IncompleteSignature", "SignatureDoesNotMatch", "RegionDisabledException",
)  # fmt: skip
_REFUSED = (
    "DuplicateSubnetsInSameZone", "FilterLimitExceeded", "InsufficientFreeAddressesInSubnet", "VPCIdNotSpecified",
    "VPCResourceNotSpecified", "ZonesMismatched", "RequestResourceCountExceeded", "DefaultVpcDoesNotExist",
    "IncompatiblePolicyException", "ParameterPatternMismatchException", "ReceiptHandleIsInvalid", "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue", "StateMachineDeleting", "StateMachineDoesNotExist",
    "DisallowedForDedicatedTenancyNetwork", "DryRunOperation", "CannotDelete", "Gateway.NotAttached",
    "NetworkInterfaceNotFoundException", "NetworkLoadBalancerNotFoundException", "PackedPolicyTooLarge",
    "ValidationError", "ValidationException", "DelegationSetNotReusable",
)  # fmt: skip
_QUOTAS = ("ServiceQuotaExceededException", "ResourceCountExceeded", "TooManyTagsError")
_CONFLICTS = (
    "ConditionalCheckFailedException", "ConflictException", "DependencyViolation", "ExistingVpcEndpointConnections",
    "HierarchyTypeMismatchException", "IdempotentParameterMismatch", "IdempotentParameterMismatchException",
    "ResourceShareInvitationAlreadyAcceptedException", "ResourceInUseException",
    # The account that asks is in no organization: that says nothing of the one that is asked about.
    "AWSOrganizationsNotInUseException",
)  # fmt: skip
_GONE = (
    "InvalidVpcEndpointServiceId.NotFound", "InvalidVpcEndpointService.NotFound", "InvalidVpcEndpointId.NotFound",
    "InvalidVpcEndpoint.NotFound", "InvalidResourceConfigurationArn.NotFound", "InvalidServiceNetworkArn.NotFound",
    "ResourceNotFoundException", "ResourceShareInvitationArnNotFoundException",
    "ResourceShareInvitationAlreadyRejectedException", "ResourceShareInvitationExpiredException",
    "UnknownResourceException", "ParameterNotFound", "ParameterVersionNotFound", "AccountNotFoundException",
    "TaskDoesNotExist", "TaskTimedOut", "ExecutionDoesNotExist",
    # Systems Manager's, where something is to be tagged that is not there.
    "InvalidResourceId",
)  # fmt: skip
"""Only these say that what a request is about is gone: that a subnet or a group is, says that a binding is wrong."""

_BY_CODE: dict[str, type[DrawbridgeError]] = {
    code: error
    for error, codes in (
        (UpstreamError, _MAY_PASS),
        (ThrottledError, _THROTTLED),
        (NotReadyError, _NOT_READY),
        (AccessDeniedError, _DENIED),
        (RefusedError, _REFUSED),
        (QuotaExceededError, _QUOTAS),
        (ConflictError, _CONFLICTS),
        (GoneError, _GONE),
    )
    for code in codes
}

_BY_FAMILY: tuple[tuple[re.Pattern[str], type[DrawbridgeError]], ...] = (
    (re.compile(r"(UnauthorizedOperation|AuthFailure|InvalidSecurity)\..+"), AccessDeniedError),
    (re.compile(r".*Throttl(ed|ing)(Exception)?"), ThrottledError),
    (re.compile(r".*(Limit|Quota|LimitPer\w+)Exceeded(Exception)?"), QuotaExceededError),
    (re.compile(r".*(Already(Exists|Associated|Assigned)\w*|\.?Duplicate\w*|\.?InUse\w*|Conflict)"), ConflictError),
    (re.compile(r"Duplicate.+"), ConflictError),
    (re.compile(r".*Malformed(Exception)?|(Invalid|Malformed|Missing|NoSuch|Unsupported).*|Unknown.+"), RefusedError),
    (re.compile(r".*(\.NotFound|NotSupported(Exception)?|\.Unsupported)"), RefusedError),
)
"""How AWS forms its codes; the first that fits counts (Amazon EC2 API Reference, "Error codes")."""


_DENIED_ACTION = re.compile(r"not authorized to perform: ([A-Za-z0-9-]+:[A-Za-z0-9]+)")


def denied_action(words: str) -> str:
    """Return the action that AWS's refusal names; empty if it names none.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html: most services' refusals do.
    """
    found = _DENIED_ACTION.search(words)
    return found[1] if found else ""


_CALLERS_OWN = re.compile(r"(identity-based|service control|resource control|session) policy|permissions boundary")


def is_denied_to_caller(words: str) -> bool:
    """Return whether AWS's refusal says that the caller's own policies do not allow the call.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html: a resource that is not shared any
    longer is refused because no resource-based policy allows it, or without a reason.
    """
    return _CALLERS_OWN.search(words) is not None


def code_of(error: ClientError) -> str:
    """Return AWS's code of the error."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def error_for(code: str) -> type[DrawbridgeError]:
    """Return the error of ours that an AWS code stands for; what is unknown may pass."""
    return known_error_for(code) or UpstreamError


def known_error_for(code: str) -> type[DrawbridgeError] | None:
    """Return the error of ours that an AWS code stands for; ``None`` if neither it nor its family is known."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    return next((error for family, error in _BY_FAMILY if family.fullmatch(code)), None)


_LONGEST_WAIT = 900.0
"""Seconds: what says more is not believed."""


def retry_after(error: ClientError) -> float | None:
    """Return how many seconds AWS wants to be left alone; ``None`` if it does not say, or not in seconds.

    VPC Lattice says so in a member of its errors, which comes as the header ``Retry-After``.
    """
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    for said in (error.response.get("retryAfterSeconds"), headers.get("retry-after")):
        try:
            seconds = float(str(said))
        except ValueError:
            continue
        if 0 < seconds < math.inf:
            return min(seconds, _LONGEST_WAIT)
    return None


_throttled: list[str] = []


def take_throttled() -> list[str]:
    """Return the calls that AWS throttled since this was asked last, each with AWS's code.

    Those that the SDK repeated with success are not among them.
    """
    taken = [*_throttled]
    _throttled.clear()
    return taken


@contextmanager
def translated(
    doing: str,
    *,
    missing: type[DrawbridgeError] = GoneError,
    instead: Mapping[str, type[DrawbridgeError]] = MappingProxyType({}),
) -> Iterator[None]:
    """Raise what AWS answers as an error of ours, with AWS's code and words; what is unknown is ``UpstreamError``.

    ``missing`` is raised where AWS does not find what is asked for: that the other side's share is gone says something
    of the request, that a table of ours is gone does not. ``instead`` are codes that mean something else of this call.
    """
    try:
        yield
    except ClientError as error:
        words = error.response.get("Error", {}).get("Message", "")
        raised = instead.get(code_of(error)) or error_for(code_of(error))
        if raised is ThrottledError:
            _throttled.append(f"{doing}: {code_of(error)}")
            raise ThrottledError(f"{doing}: {code_of(error)}: {words}", retry_after(error)) from error
        raise (missing if raised is GoneError else raised)(f"{doing}: {code_of(error)}: {words}") from error
    except BotoCoreError as error:
        raise UpstreamError(f"{doing}: {error}") from error
