"""Registration of the local AWS's own resource types with moto's CloudFormation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError
from moto.core.common_models import CloudFormationModel
from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

from local_aws.deployment import clients
from local_aws.deployment.failure import DeploymentError


@dataclass(frozen=True)
class TemplateResource:
    """A resource of a template, with all references resolved; ``name`` is a property's or generated."""

    logical_id: str
    name: str
    properties: Mapping[str, Any]
    account_id: str
    region: str
    stack_id: str

    def client(self, service: str) -> Any:
        return clients.client(service, self.account_id, self.region)

    def only(self, *names: str) -> dict[str, Any]:
        """Return those of the properties that the template has."""
        return {name: self.properties[name] for name in names if name in self.properties}


@dataclass
class CreatedResource:
    """A resource that exists: the values of ``Ref`` and ``Fn::GetAtt``, and how it is deleted.

    moto writes ``cf_resource_type`` and ``logical_resource_id`` on it.
    """

    physical_resource_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    undo: Callable[[], Any] | None = None
    cf_resource_type: str = ""
    logical_resource_id: str = ""

    def get_cfn_attribute(self, name: str) -> str:
        try:
            return self.attributes[name]
        except KeyError:
            raise UnformattedGetAttTemplateException from None

    def is_created(self) -> bool:
        return True

    def delete(self, account_id: str, region_name: str) -> None:
        if self.undo is not None:
            self.undo()


Create = Callable[[TemplateResource], Any]

_added: set[str] = set()


def add_type(cfn_type: str, create: Create, *, named_by: str = "", attributes: tuple[str, ...] | None = None) -> None:
    """Have CloudFormation make resources of this type by ``create``, instead of by moto's code if it has any.

    ``named_by`` is the property that holds the resource's name; ``attributes`` are all that Fn::GetAtt may name,
    None to leave that to moto's own object.
    """
    if cfn_type in _added:
        return
    _added.add(cfn_type)

    def create_from_cloudformation_json(
        resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **options: Any
    ) -> Any:
        properties = cloudformation_json.get("Properties", {})
        # moto looks for the name under the property of its own class of the type, if it has one.
        name = str(properties.get(named_by, resource_name))
        resource = TemplateResource(options["LogicalId"], name, properties, account_id, region_name, options["StackId"])
        try:
            return create(resource)
        except (BotoCoreError, ClientError, ServiceException, HTTPException, KeyError, DeploymentError) as failure:
            raise ValidationError(message=f"{resource.logical_id} ({cfn_type}): {_reason(failure)}") from failure

    # moto finds its types among the direct subclasses; of two with one name, the later one counts.
    added = type(
        cfn_type.replace("::", ""),
        (CloudFormationModel,),
        {
            "__module__": __name__,
            "cloudformation_type": staticmethod(lambda: cfn_type),
            "cloudformation_name_type": staticmethod(lambda: named_by),
            "has_cfn_attr": staticmethod(lambda name: attributes is None or name in attributes),
            "create_from_cloudformation_json": staticmethod(create_from_cloudformation_json),
        },
    )
    _classes.append(added)
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()


def _reason(failure: Exception) -> str:
    return f"the property {failure} is missing" if isinstance(failure, KeyError) else str(failure)


_classes: list[type] = []
"""References that keep the classes alive: Python drops a subclass that nothing refers to."""


def moto_type(cfn_type: str) -> Any:
    """Return moto's own class of a type, to build on."""
    own = [cls for cls in CloudFormationModel.__subclasses__() if cls not in _classes]
    return next(cls for cls in own if cls.cloudformation_type() == cfn_type)


class _Refusing:
    """A logger for moto that refuses, as AWS does, what moto would warn of before it reports CREATE_COMPLETE."""

    def warning(self, message: str, *arguments: Any) -> None:
        raise ValidationError(message=message % arguments if arguments else message)


def refuse_what_is_unsupported() -> None:
    """Make an unsupported type or attribute an error of the stack."""
    parsing.logger = _Refusing()


def leave_out_no_value() -> None:
    """Have ``AWS::NoValue`` leave an element out of a list, as it does a property; moto puts null in its place."""
    resolve = parsing.clean_json
    if getattr(resolve, "leaves_out", False):
        return

    def resolve_lists_too(value: Any, resources: Any) -> Any:
        resolved = resolve(value, resources)
        return [element for element in resolved if element is not None] if isinstance(value, list) else resolved

    resolve_lists_too.leaves_out = True  # type: ignore[attr-defined]  # distinguishes it from moto's own
    # moto's function resolves the elements by its global name.
    parsing.clean_json = resolve_lists_too


def supported() -> frozenset[str]:
    """Return every type that can be deployed."""
    return frozenset(parsing.get_model_map()) | frozenset(parsing.NULL_MODELS)
