"""API Gateway's resource types, as far as HTTP APIs are served here; any other property is refused by name."""

from __future__ import annotations

from typing import Any

from local_aws.deployment.failure import DeploymentError
from local_aws.deployment.resource_types import CreatedResource, TemplateResource, add_type

_MOST_MILLISECONDS = 30_000
_LEAST_MILLISECONDS = 50


def add_types() -> None:
    add_type("AWS::ApiGatewayV2::Api", make_api, named_by="Name", attributes=("ApiEndpoint", "ApiId"))
    add_type("AWS::ApiGatewayV2::Integration", make_integration, attributes=("IntegrationId",))
    add_type("AWS::ApiGatewayV2::Route", make_route, attributes=("RouteId",))
    add_type("AWS::ApiGatewayV2::Stage", make_stage, attributes=())


def make_api(resource: TemplateResource) -> CreatedResource:
    _refuse_others(resource, "Name", "ProtocolType", "Description", "Version", "Tags", "DisableExecuteApiEndpoint")
    _require(resource, "ProtocolType", "HTTP")
    if _boolean(resource.properties.get("DisableExecuteApiEndpoint", False)):
        raise DeploymentError("DisableExecuteApiEndpoint: the local AWS serves the API's own endpoint only")
    apis = resource.client("apigatewayv2")
    api = apis.create_api(ProtocolType="HTTP", **resource.only("Name", "Description", "Version", "Tags"))
    api_id = api["ApiId"]
    return CreatedResource(
        api_id, {"ApiEndpoint": api["ApiEndpoint"], "ApiId": api_id}, lambda: apis.delete_api(ApiId=api_id)
    )


def make_integration(resource: TemplateResource) -> CreatedResource:
    _refuse_others(
        resource,
        "ApiId",
        "Description",
        "IntegrationType",
        "IntegrationUri",
        "IntegrationMethod",
        "PayloadFormatVersion",
        "TimeoutInMillis",
        "ConnectionType",
    )
    _require(resource, "IntegrationType", "AWS_PROXY")
    _require(resource, "PayloadFormatVersion", "2.0")
    # 30 s is an HTTP API's own limit, and the default.
    milliseconds = int(resource.properties.get("TimeoutInMillis", _MOST_MILLISECONDS))
    if not _LEAST_MILLISECONDS <= milliseconds <= _MOST_MILLISECONDS:
        raise DeploymentError(f"TimeoutInMillis: from 50 to 30000 are expected, not {milliseconds}")
    uri = _function_arn(str(resource.properties["IntegrationUri"]))
    api_id, apis = resource.properties["ApiId"], resource.client("apigatewayv2")
    integration_id = apis.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=uri,
        PayloadFormatVersion="2.0",
        TimeoutInMillis=milliseconds,
        **resource.only("Description", "IntegrationMethod"),
    )["IntegrationId"]
    return CreatedResource(
        integration_id,
        {"IntegrationId": integration_id},
        lambda: apis.delete_integration(ApiId=api_id, IntegrationId=integration_id),
    )


def make_route(resource: TemplateResource) -> CreatedResource:
    _refuse_others(resource, "ApiId", "RouteKey", "Target", "AuthorizationType", "OperationName", "ApiKeyRequired")
    if resource.properties.get("AuthorizationType", "NONE") != "NONE":
        raise DeploymentError("AuthorizationType: the local AWS has NONE only")
    api_id, apis = resource.properties["ApiId"], resource.client("apigatewayv2")
    key, target = str(resource.properties["RouteKey"]), str(resource.properties["Target"])
    _check_key(key)
    if key in {each["RouteKey"] for each in apis.get_routes(ApiId=api_id)["Items"]}:
        raise DeploymentError(f"RouteKey: {key!r} exists already")
    kind, _, integration_id = target.partition("/")
    if kind != "integrations" or not integration_id:
        raise DeploymentError(f"Target: integrations/<id> is expected, not {target!r}")
    apis.get_integration(ApiId=api_id, IntegrationId=integration_id)
    route_id = apis.create_route(
        ApiId=api_id, RouteKey=key, Target=target, AuthorizationType="NONE", **resource.only("OperationName")
    )["RouteId"]
    return CreatedResource(route_id, {"RouteId": route_id}, lambda: apis.delete_route(ApiId=api_id, RouteId=route_id))


def make_stage(resource: TemplateResource) -> CreatedResource:
    """Make the stage ``$default``. AccessLogSettings are accepted; no log is written."""
    _refuse_others(
        resource,
        "ApiId",
        "StageName",
        "AutoDeploy",
        "Description",
        "DefaultRouteSettings",
        "RouteSettings",
        "AccessLogSettings",
        "Tags",
    )
    _require(resource, "StageName", "$default")
    api_id, apis = resource.properties["ApiId"], resource.client("apigatewayv2")
    options: dict[str, Any] = {}
    if settings := resource.properties.get("DefaultRouteSettings"):
        options["DefaultRouteSettings"] = _route_settings("DefaultRouteSettings", settings)
    if of_routes := resource.properties.get("RouteSettings"):
        there = {each["RouteKey"] for each in apis.get_routes(ApiId=api_id)["Items"]}
        for key in of_routes:
            if key not in there:
                # As API Gateway has it: the stage has to depend on the route.
                raise DeploymentError(f"Unable to find Route by key {key} within the provided RouteSettings")
        options["RouteSettings"] = {
            key: _route_settings(f"RouteSettings of {key}", settings) for key, settings in of_routes.items()
        }
    apis.create_stage(
        ApiId=api_id,
        StageName="$default",
        AutoDeploy=_boolean(resource.properties.get("AutoDeploy", False)),
        **options,
        **resource.only("Description", "AccessLogSettings", "Tags"),
    )
    return CreatedResource("$default", undo=lambda: apis.delete_stage(ApiId=api_id, StageName="$default"))


def _route_settings(name: str, given: dict[str, Any]) -> dict[str, Any]:
    settings = {
        **{each: int(given[each]) for each in ("ThrottlingBurstLimit",) if each in given},
        **{each: float(given[each]) for each in ("ThrottlingRateLimit",) if each in given},
        **{each: _boolean(given[each]) for each in ("DetailedMetricsEnabled",) if each in given},
    }
    if unknown := given.keys() - settings.keys():
        raise DeploymentError(f"{name}: the local AWS has no {', '.join(sorted(unknown))}")
    return settings


def _refuse_others(resource: TemplateResource, *served: str) -> None:
    unknown = resource.properties.keys() - set(served)
    if unknown:
        raise DeploymentError(f"the local AWS serves no API with {', '.join(sorted(unknown))}")


def _require(resource: TemplateResource, name: str, value: str) -> None:
    actual = resource.properties[name]
    if str(actual) != value:
        raise DeploymentError(f"{name}: the local AWS has {value!r} only, not {actual!r}")


def _function_arn(uri: str) -> str:
    """Return the function's ARN, which may be wrapped in API Gateway's own."""
    if ":apigateway:" in uri and uri.endswith("/invocations"):
        return uri.split("/functions/", 1)[-1].removesuffix("/invocations")
    if ":lambda:" not in uri or ":function:" not in uri:
        raise DeploymentError(f"IntegrationUri: the ARN of a function is expected, not {uri!r}")
    return uri


def _check_key(key: str) -> None:
    method, _, path = key.partition(" ")
    if key == "$default":
        return
    if method not in _METHODS or not path.startswith("/"):
        raise DeploymentError(f"RouteKey: a method and a path, or $default, is expected, not {key!r}")


def _boolean(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() == "true"


_METHODS = frozenset({"ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
