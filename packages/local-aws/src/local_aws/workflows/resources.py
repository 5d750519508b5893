"""A Task's Resource, parsed."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

import botocore.loaders
from botocore.model import OperationModel, ServiceModel

from local_aws.workflows.sdk_names import botocore_service

# Step Functions' optimized integrations, with the operation behind each action.
_OPTIMIZED = {
    ("lambda", "invoke"): ("lambda", "Invoke"),
    ("sqs", "sendMessage"): ("sqs", "SendMessage"),
    ("sns", "publish"): ("sns", "Publish"),
    ("events", "putEvents"): ("events", "PutEvents"),
    ("dynamodb", "getItem"): ("dynamodb", "GetItem"),
    ("dynamodb", "putItem"): ("dynamodb", "PutItem"),
    ("dynamodb", "updateItem"): ("dynamodb", "UpdateItem"),
    ("dynamodb", "deleteItem"): ("dynamodb", "DeleteItem"),
    ("states", "startExecution"): ("stepfunctions", "StartExecution"),
}
_PATTERNS = {
    "lambda": {"", "waitForTaskToken"},
    "sqs": {"", "waitForTaskToken"},
    "sns": {"", "waitForTaskToken"},
    "events": {"", "waitForTaskToken"},
    "dynamodb": {""},
    "states": {"", "sync", "sync:2", "waitForTaskToken"},
    "aws-sdk": {"", "waitForTaskToken"},
}
_SERVICE = re.compile(
    r"arn:[a-z-]+:states:::(?P<sdk>aws-sdk:)?(?P<service>[a-z0-9]+):(?P<action>[A-Za-z0-9]+)(\.(?P<pattern>[A-Za-z:0-9]+))?"
)
_FUNCTION = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:.+")


class UnknownResource(Exception):  # noqa: N818 - it says what the resource is
    """Step Functions would refuse the Resource."""


@dataclass(frozen=True)
class Resource:
    """An API action that a Task calls, and its integration pattern."""

    arn: str
    service: str
    action: str
    pattern: str = ""
    """Empty for request and response, waitForTaskToken, sync or sync:2."""
    sdk: bool = False
    function: bool = False
    """Whether the Resource is a Lambda function's own ARN."""
    botocore_service: str = "lambda"
    operation: str = "Invoke"

    @property
    def kind(self) -> str:
        """The ``resourceType`` in the history's events."""
        return f"aws-sdk:{self.service}" if self.sdk else self.service

    @property
    def name(self) -> str:
        """The ``resource`` in the history's events."""
        return f"{self.action}.{self.pattern}" if self.pattern else self.action

    @property
    def model(self) -> OperationModel:
        return service_model(self.botocore_service).operation_model(self.operation)


@functools.cache
def service_model(service: str) -> ServiceModel:
    loader = botocore.loaders.create_loader()
    return ServiceModel(loader.load_service_model(service, "service-2"), service)


@functools.cache
def resource(arn: str) -> Resource:
    """Parse a Resource; raise UnknownResource."""
    if _FUNCTION.fullmatch(arn):
        return Resource(arn, "lambda", "invoke", function=True)
    match = _SERVICE.fullmatch(arn)
    if match is None:
        raise UnknownResource
    service, action, pattern = match["service"], match["action"], match["pattern"] or ""
    if pattern not in _PATTERNS.get("aws-sdk" if match["sdk"] else service, set()):
        raise UnknownResource
    if not match["sdk"]:
        behind = _OPTIMIZED.get((service, action))
        if behind is None:
            raise UnknownResource
        return Resource(arn, service, action, pattern, botocore_service=behind[0], operation=behind[1])
    botocore_name = botocore_service(service)
    operation = action[0].upper() + action[1:]
    if (
        botocore_name is None
        or not action[0].islower()
        or operation not in service_model(botocore_name).operation_names
    ):
        raise UnknownResource
    return Resource(arn, service, action, pattern, sdk=True, botocore_service=botocore_name, operation=operation)
