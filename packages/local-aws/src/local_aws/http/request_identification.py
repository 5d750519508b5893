"""Identification of an HTTP request as an AWS call, by botocore's models."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import Any
from urllib.parse import parse_qsl

import botocore.session
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition
from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import get_input_stream

from local_aws.http.access_keys import account_of_key

Environ = dict[str, Any]

_SCOPE = re.compile(r"Credential=(?P<key>[^/,\s]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")

# IAM's prefixes of services that have another signing name.
_IAM_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag", "email": "ses"}

# Several services have one signing name: a request's version or path decides between them.
_PREFERRED = {"ses": "ses", "elasticloadbalancing": "elbv2", "s3": "s3", "lambda": "lambda", "dynamodb": "dynamodb"}

_SECOND_VERSIONS = {"apigateway": "apigatewayv2", "ses": "sesv2"}


@dataclass(frozen=True)
class Principal:
    """A caller; ``role_arn`` is the assumed role, if any, which need not exist in the account."""

    account_id: str
    arn: str
    role_arn: str | None


@dataclass(frozen=True)
class IdentifiedCall:
    """One AWS call. ``role_name`` is None for a person: a caller without a role that exists in the account."""

    account_id: str
    region: str
    service: str
    """IAM's prefix: ``ec2``, ``states``, ``vpc-lattice``, ``cloudwatch``."""
    operation: str
    """The API's name: ``AcceptVpcEndpointConnections``, and for Lambda ``Invoke``."""
    principal_arn: str
    role_arn: str | None
    role_name: str | None
    model: str
    """botocore's name of the service: ``stepfunctions`` for ``states``."""
    protocol: str
    parse: Callable[[], dict[str, Any]] = field(repr=False, compare=False)
    access_key_id: str = ""
    modelled: Any = field(default=None, repr=False, compare=False)
    """botocore's model of the operation; None if there is none."""
    request: Request | None = field(default=None, repr=False, compare=False)
    presigned: bool = False
    """Whether the signature is in the query."""

    @property
    def name(self) -> str:
        """``service:Operation``, as faults and records name it."""
        return f"{self.service}:{self.operation}"

    @cached_property
    def params(self) -> dict[str, Any]:
        """Return the call's parameters in botocore's shape; {} if they can't be read."""
        return self._reading[0]

    @property
    def unreadable(self) -> str | None:
        """Return why the parameters can't be read, if they can't."""
        return self._reading[1]

    @property
    def is_json(self) -> bool:
        """Return whether the request and its answer are JSON, rather than XML, or a query with an answer in XML."""
        return self.protocol in {"json", "rest-json"}

    @property
    def body(self) -> bytes:
        return bytes(self.request.get_data()) if self.request else b""

    def names(self) -> Iterable[str]:
        """Return the names of a query request's parameters, unchanged."""
        return self.request.values.keys() if self.request else ()

    @cached_property
    def _reading(self) -> tuple[dict[str, Any], str | None]:
        try:
            return self.parse(), None
        except Exception as problem:  # noqa: BLE001 - moto's parsers fail with any exception
            return {}, str(problem) or repr(problem)


def identify(environ: Environ) -> IdentifiedCall | None:
    """Return the call of a request; None if it is not signed.

    The body stays readable: it is read from the connection and replaced by a buffer.
    """
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    presigned = "" if authorization else _presigned_for_sts(environ)
    scope = _SCOPE.search(authorization or presigned)
    if scope is None:
        return None
    if presigned:
        # moto reads who calls, and which service, from a header alone.
        environ["HTTP_AUTHORIZATION"] = presigned
    _buffer_body(environ)
    signed_for = scope["service"].lower()
    model = _botocore_name(signed_for, environ)
    principal = principal_of(scope["key"], scope["region"])
    request = _request_of(environ)
    matched = _match(model, request)
    return IdentifiedCall(
        account_id=principal.account_id,
        region=scope["region"],
        service=_IAM_PREFIXES.get(signed_for, signed_for),
        operation=matched.operation,
        principal_arn=principal.arn,
        role_arn=principal.role_arn,
        role_name=existing_role(principal, scope["region"]),
        model=model or signed_for,
        protocol=matched.protocol,
        parse=matched.parse,
        modelled=matched.modelled,
        access_key_id=scope["key"],
        request=request,
        presigned=bool(presigned),
    )


def _presigned_for_sts(environ: Environ) -> str:
    """Return the header that a pre-signed call of STS would have; empty for any other, such as an object's link."""
    query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    key_id, date, region, service = (query.get("X-Amz-Credential", "") + "////").split("/")[:4]
    if "X-Amz-Signature" not in query or not (service == "sts" or environ.get("HTTP_HOST", "").startswith("sts.")):
        return ""
    # Whatever service it was signed for: STS is where it was sent to, and refuses it itself.
    return f"AWS4-HMAC-SHA256 Credential={key_id}/{date}/{region}/sts/aws4_request, SignedHeaders=host, Signature=query"


def existing_role(principal: Principal, region: str) -> str | None:
    """Return the name of the caller's role; None if it does not exist in the account."""
    if principal.role_arn is None:
        return None
    roles = iam_backends[principal.account_id][get_partition(region)].roles
    return next((role.name for role in list(roles.values()) if role.arn == principal.role_arn), None)


@lru_cache(maxsize=10_000)
def principal_of(access_key_id: str, region: str) -> Principal:
    """Return the owner of an access key; an unknown key stands for a person in moto's default account."""
    partition = get_partition(region)
    account_id = account_of_key(access_key_id)
    key = iam_backends[account_id][partition].access_keys.get(access_key_id)
    if key is None:
        return Principal(account_id, f"arn:{partition}:iam::{account_id}:root", None)
    if key.role_arn is None:
        return Principal(account_id, f"arn:{partition}:iam::{account_id}:user/{key.user_name}", None)
    assumed = sts_backends[account_id][partition].get_assumed_role_from_access_key(access_key_id)
    session = assumed.session_name if assumed else "unknown"
    role = key.role_arn.rsplit("/", 1)[-1]
    return Principal(account_id, f"arn:{partition}:sts::{account_id}:assumed-role/{role}/{session}", key.role_arn)


def _buffer_body(environ: Environ) -> None:
    body = get_input_stream(environ, safe_fallback=True).read()
    compressed = environ.get("HTTP_CONTENT_ENCODING", "").lower() == "gzip"
    if compressed and "HTTP_X_AMZ_TARGET" in environ:
        with suppress(OSError, EOFError, zlib.error):
            # A body that is no gzip stays unchanged, and is found unreadable later.
            body = gzip.decompress(body)
            del environ["HTTP_CONTENT_ENCODING"]
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("wsgi.input_terminated", None)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)


@dataclass(frozen=True)
class _Match:
    """The operation, the protocol of the call, a parser of its parameters, and botocore's model."""

    operation: str
    protocol: str
    parse: Callable[[], dict[str, Any]] = dict
    modelled: Any = None


def _match(model: str | None, request: Request) -> _Match:
    if model is None:
        return _Match(_operation_name(request), "json" if "X-Amz-Target" in request.headers else "rest-json")
    service = get_service_model(model)
    try:
        protocol = determine_request_protocol(service, request.content_type)
        operation, uri = get_service_router(model).match(request)
    except (HTTPException, NotImplementedError, ValueError):
        return _Match(_operation_name(request), _answer_protocol(service, request))

    def parse() -> dict[str, Any]:
        parser = PROTOCOL_PARSERS[protocol](operation)
        parts = {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.get_data(),
            "url_path": request.path,
            "url_params": uri,
        }
        return dict(parser.parse(parts) or {})

    return _Match(operation.name, protocol, parse, operation)


def _answer_protocol(service: Any, request: Request) -> str:
    """Return the protocol of the answer: the request's if the service supports it, else the service's own."""
    try:
        return str(determine_request_protocol(service, request.content_type))
    except NotImplementedError:
        return str(service.protocol)


def _operation_name(request: Request) -> str:
    """Return the name, as far as it is known, of an operation that the model does not have."""
    target = request.headers.get("X-Amz-Target")
    if target:
        return str(target).rsplit(".", 1)[-1]
    return str(request.values.get("Action") or "") or f"{request.method} {request.path}"


def _request_of(environ: Environ) -> Request:
    """Return a separate request with a copy of the body, so that moto's own input stays unread."""
    body = environ["wsgi.input"].getvalue()
    return Request({**environ, "wsgi.input": io.BytesIO(body), "werkzeug.request": None})


def _botocore_name(signed_for: str, environ: Environ) -> str | None:
    candidates = _models_by_signing_name().get(signed_for, ())
    if not candidates:
        return None
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        prefix = target.rsplit(".", 1)[0]
        for name in candidates:
            if get_service_model(name).metadata.get("targetPrefix") == prefix:
                return name
    if environ["PATH_INFO"].startswith("/v2/") and signed_for in _SECOND_VERSIONS:
        return _SECOND_VERSIONS[signed_for]
    preferred = _PREFERRED.get(signed_for, signed_for)
    return preferred if preferred in candidates else candidates[0]


def models_of(service: str) -> tuple[str, ...]:
    """Return botocore's models of a service that IAM names so; none if there is no such service."""
    signing_name = next((name for name, prefix in _IAM_PREFIXES.items() if prefix == service), service)
    models = _models_by_signing_name().get(signing_name, ())
    second = _SECOND_VERSIONS.get(service)
    return (*models, second) if second is not None and second not in models else models


@cache
def _models_by_signing_name() -> dict[str, tuple[str, ...]]:
    """Return botocore's services by signing name, without loading models: most have their own name."""
    names = botocore.session.get_session().get_available_services()
    found: dict[str, tuple[str, ...]] = {name: (name,) for name in names}
    found.update(
        {
            "servicequotas": ("service-quotas",),
            "states": ("stepfunctions",),
            "monitoring": ("cloudwatch",),
            "tagging": ("resourcegroupstaggingapi",),
            "elasticloadbalancing": ("elbv2", "elb"),
            "email": ("ses",),
            "ses": ("sesv2", "ses"),
            "dynamodb": ("dynamodb", "dynamodbstreams"),
            "execute-api": ("apigatewaymanagementapi",),
            "kinesisanalytics": ("kinesisanalyticsv2", "kinesisanalytics"),
            "aps": ("amp",),
            "cloudhsm": ("cloudhsmv2",),
        }
    )
    return found
