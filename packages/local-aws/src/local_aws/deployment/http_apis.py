"""API Gateway's resource types, as far as HTTP APIs are served here; what is not served is refused by name."""

from __future__ import annotations

from typing import Any

from local_aws.deployment.failure import DeploymentError
from local_aws.deployment.resource_types import Made, Wanted, add_type

_MOST_MILLISECONDS = 30_000
_LEAST_MILLISECONDS = 50


def add_types() -> None:
    add_type("AWS::ApiGatewayV2::Api", make_api, named_by="Name", attributes=("ApiEndpoint", "ApiId"))
    add_type("AWS::ApiGatewayV2::Integration", make_integration, attributes=("IntegrationId",))
    add_type("AWS::ApiGatewayV2::Route", make_route, attributes=("RouteId",))
    add_type("AWS::ApiGatewayV2::Stage", make_stage, attributes=())


def make_api(wanted: Wanted) -> Made:
    _only(wanted, "Name", "ProtocolType", "Description", "Version", "Tags", "DisableExecuteApiEndpoint")
    _is(wanted, "ProtocolType", "HTTP")
    if _flag(wanted.properties.get("DisableExecuteApiEndpoint", False)):
        raise DeploymentError("DisableExecuteApiEndpoint: the local AWS serves the API's own endpoint only")
    apis = wanted.client("apigatewayv2")
    made = apis.create_api(ProtocolType="HTTP", **wanted.only("Name", "Description", "Version", "Tags"))
    api_id = made["ApiId"]
    return Made(api_id, {"ApiEndpoint": made["ApiEndpoint"], "ApiId": api_id}, lambda: apis.delete_api(ApiId=api_id))


def make_integration(wanted: Wanted) -> Made:
    _only(
        wanted,
        "ApiId",
        "Description",
        "IntegrationType",
        "IntegrationUri",
        "IntegrationMethod",
        "PayloadFormatVersion",
        "TimeoutInMillis",
        "ConnectionType",
    )
    _is(wanted, "IntegrationType", "AWS_PROXY")
    _is(wanted, "PayloadFormatVersion", "2.0")
    # 30 s is what an HTTP API has for everything, and the default.
    milliseconds = int(wanted.properties.get("TimeoutInMillis", _MOST_MILLISECONDS))
    if not _LEAST_MILLISECONDS <= milliseconds <= _MOST_MILLISECONDS:
        raise DeploymentError(f"TimeoutInMillis: from 50 to 30000 are expected, not {milliseconds}")
    uri = _function_arn(str(wanted.properties["IntegrationUri"]))
    api_id, apis = wanted.properties["ApiId"], wanted.client("apigatewayv2")
    made = apis.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=uri,
        PayloadFormatVersion="2.0",
        TimeoutInMillis=milliseconds,
        **wanted.only("Description", "IntegrationMethod"),
    )["IntegrationId"]
    return Made(made, {"IntegrationId": made}, lambda: apis.delete_integration(ApiId=api_id, IntegrationId=made))


def make_route(wanted: Wanted) -> Made:
    _only(wanted, "ApiId", "RouteKey", "Target", "AuthorizationType", "OperationName", "ApiKeyRequired")
    if wanted.properties.get("AuthorizationType", "NONE") != "NONE":
        raise DeploymentError("AuthorizationType: the local AWS has NONE only")
    api_id, apis = wanted.properties["ApiId"], wanted.client("apigatewayv2")
    key, target = str(wanted.properties["RouteKey"]), str(wanted.properties["Target"])
    _check_key(key)
    if key in {each["RouteKey"] for each in apis.get_routes(ApiId=api_id)["Items"]}:
        raise DeploymentError(f"RouteKey: {key!r} is there already")
    kind, _, integration_id = target.partition("/")
    if kind != "integrations" or not integration_id:
        raise DeploymentError(f"Target: integrations/<id> is expected, not {target!r}")
    apis.get_integration(ApiId=api_id, IntegrationId=integration_id)
    made = apis.create_route(
        ApiId=api_id, RouteKey=key, Target=target, AuthorizationType="NONE", **wanted.only("OperationName")
    )["RouteId"]
    return Made(made, {"RouteId": made}, lambda: apis.delete_route(ApiId=api_id, RouteId=made))


def make_stage(wanted: Wanted) -> Made:
    """Make the stage ``$default``. Access logs may be asked for; none are written."""
    _only(
        wanted,
        "ApiId",
        "StageName",
        "AutoDeploy",
        "Description",
        "DefaultRouteSettings",
        "AccessLogSettings",
        "Tags",
    )
    _is(wanted, "StageName", "$default")
    api_id, apis = wanted.properties["ApiId"], wanted.client("apigatewayv2")
    settings = dict(wanted.properties.get("DefaultRouteSettings", {}))
    options: dict[str, Any] = {}
    if settings:
        options["DefaultRouteSettings"] = {
            **{name: int(settings[name]) for name in ("ThrottlingBurstLimit",) if name in settings},
            **{name: float(settings[name]) for name in ("ThrottlingRateLimit",) if name in settings},
            **{name: _flag(settings[name]) for name in ("DetailedMetricsEnabled",) if name in settings},
        }
        unknown = settings.keys() - options["DefaultRouteSettings"].keys()
        if unknown:
            raise DeploymentError(f"DefaultRouteSettings: the local AWS has no {', '.join(sorted(unknown))}")
    apis.create_stage(
        ApiId=api_id,
        StageName="$default",
        AutoDeploy=_flag(wanted.properties.get("AutoDeploy", False)),
        **options,
        **wanted.only("Description", "AccessLogSettings", "Tags"),
    )
    return Made("$default", undo=lambda: apis.delete_stage(ApiId=api_id, StageName="$default"))


def _only(wanted: Wanted, *known: str) -> None:
    unknown = wanted.properties.keys() - set(known)
    if unknown:
        raise DeploymentError(f"the local AWS serves no API with {', '.join(sorted(unknown))}")


def _is(wanted: Wanted, name: str, value: str) -> None:
    given = wanted.properties[name]
    if str(given) != value:
        raise DeploymentError(f"{name}: the local AWS has {value!r} only, not {given!r}")


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


def _flag(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() == "true"


_METHODS = frozenset({"ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
