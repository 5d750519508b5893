"""Operations that moto lacks or gets wrong, added to moto's response classes by botocore's model."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.core import errors as moto_errors
from moto.core import responses as moto_responses
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, get_service_model, method_names_from_class

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.tables import lock

_UNKNOWN_OPERATION = {"ec2": "InvalidAction"}
_REST = frozenset({"ram", "vpc-lattice"})


@dataclass(frozen=True)
class ServiceCall:
    """The caller, operation and place of a call."""

    service: str
    operation: str
    account_id: str
    region: str
    partition: str
    access_key_id: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"


Answer = Callable[[ServiceCall, dict[str, Any]], dict[str, Any] | None]
Proceed = Callable[[], Any]
Around = Callable[[ServiceCall, dict[str, Any], Proceed], Any]


def add_operation(service: str, operation: str, answer: Answer) -> None:
    """Make ``answer`` return the operation's result (members named as in botocore's model) in place of moto.

    The parameters are parsed by the model, to which the middleware held them. The services' lock is held meanwhile.
    """
    response_class = _response_class(service)
    model = get_service_model(service).operation_model(operation)

    def method(self: Any) -> ActionResult:
        params = _params(self, model)
        with lock:
            return ActionResult(answer(_call(self, service, operation), params) or {})

    _hang_in(response_class, operation, method)


def extend_operation(service: str, operation: str, around: Around) -> None:
    """Wrap moto's operation: ``around`` gets moto's answer as a function, its third argument.

    It returns moto's answer, or one of its own as in ``add_operation``.
    """
    response_class = _response_class(service)
    model = get_service_model(service).operation_model(operation)
    original = getattr(response_class, camelcase_to_underscores(operation))

    def method(self: Any) -> Any:
        params = _params(self, model)
        with lock:
            answer = around(_call(self, service, operation), params, lambda: original(self))
        return ActionResult(answer) if isinstance(answer, dict) else answer

    _hang_in(response_class, operation, method)


def refuse_unknown_operations(service: str) -> None:
    """Answer an unknown operation with an AWS error that names it; moto answers with a page of HTML."""
    response_class = _response_class(service)
    if getattr(response_class.call_action, "refuses", False):
        return
    original = response_class.call_action
    code = _UNKNOWN_OPERATION.get(service, "UnknownOperationException")
    if code not in moto_errors.COMMON_ERROR_CODES:
        # moto warns about a code that a service's model does not have.
        moto_errors.COMMON_ERROR_CODES.append(code)

    @functools.wraps(original)
    def call_action(self: Any) -> Any:
        operation, why = self._get_action(), ""
        try:
            if operation:
                return original(self)
        except NotImplementedError as error:
            # moto raises it for whole operations and for parts of them.
            why = str(error)
        message = f"The local AWS does not have {service}:{operation or f'{self.method} {self.path}'}. {why}".strip()
        return self.serialized(ActionResult(AwsError(code, message)))

    call_action.refuses = True  # type: ignore[attr-defined] # a mark, so that it is done once
    response_class.call_action = call_action
    if service in _REST:
        _route_all(service)


def list_methods_once() -> None:
    """Keep the names of a response class's methods: moto lists them for each call, which takes longer than most do."""
    moto_responses.method_names_from_class = _method_names


def _response_class(service: str) -> Any:
    urls = importlib.import_module(f"moto.{service.replace('-', '')}.urls")
    dispatch = next(handler for handler in urls.url_paths.values() if handler.__name__ == "dispatch")
    return dispatch.__self__


def _route_all(service: str) -> None:
    """Route every path of a REST service to its response class, which finds the operation by botocore's model."""
    urls = importlib.import_module(f"moto.{service.replace('-', '')}.urls")
    # A named group, since moto's server makes a Flask path of it that must take the slashes of ARNs.
    urls.url_paths.setdefault("{0}/(?P<local_aws_path>.+)$", _response_class(service).dispatch)


def _hang_in(response_class: Any, operation: str, method: Callable[[Any], Any]) -> None:
    method.__name__ = camelcase_to_underscores(operation)
    setattr(response_class, method.__name__, method)
    _method_names.cache_clear()


@functools.cache
def _method_names(response_class: type) -> frozenset[str]:
    return frozenset(method_names_from_class(response_class))


def _params(response: Any, model: Any) -> dict[str, Any]:
    if model.input_shape is None:
        return {}
    response.parse_parameters(response.normalized_request)
    params = {name: value for name, value in dict(response.params or {}).items() if value is not None}
    if params.get("DryRun"):
        raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
    return params


def _call(response: Any, service: str, operation: str) -> ServiceCall:
    return ServiceCall(
        service, operation, response.current_account, response.region, response.partition, response.access_key
    )


def account_in(arn: str) -> str:
    """Return the account id in an ARN; empty where the ARN has none."""
    match = re.match(r"arn:[^:]+:[^:]+:[^:]*:(\d{12}):", arn)
    return match.group(1) if match else ""
