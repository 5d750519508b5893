from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from local_aws.deployment import DeploymentError, deploy
from local_aws.deployment.stack import Stack
from local_aws.http_apis.proxy_answers import MalformedAnswerError, read
from local_aws.server import LocalAws
from local_aws.time.activity import in_flight
from local_aws.time.clock import clock
from local_aws_tests.people import Person
from local_aws_tests.waiting import until

ACCOUNT = "311111111501"
REGION = "us-east-1"

ECHO = """
import time, os

def handler(event, context):
    body = event.get("body")
    if event["rawPath"] == "/slow":
        time.sleep(float(body))
    if event["rawPath"] == "/raise":
        raise ValueError(body)
    if event["rawPath"] == "/respond":
        import json
        return json.loads(body)
    if event["rawPath"] == "/die":
        os._exit(3)
    return {"event": event}
"""

STACK = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Echo:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: app.handler, CodeUri: echo/, Timeout: 20}
  NotPermitting:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: app.handler, CodeUri: echo/}
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: echo, ProtocolType: HTTP}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !GetAtt Echo.Arn
      PayloadFormatVersion: "2.0"
      TimeoutInMillis: 5000
  Impatient:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !GetAtt Echo.Arn
      PayloadFormatVersion: "2.0"
      TimeoutInMillis: 100
  Forbidden:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !GetAtt NotPermitting.Arn
      PayloadFormatVersion: "2.0"
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      ApiId: !Ref Api
      StageName: $default
      AutoDeploy: true
      DefaultRouteSettings: {ThrottlingBurstLimit: 200, ThrottlingRateLimit: 100}
"""
ROUTES = "".join(
    f"""
  Route{name}:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: "{key}", Target: !Sub "integrations/${{{integration}}}"}}
"""
    for name, (key, integration) in {
        "Echo": ("POST /echo", "Integration"),
        "Respond": ("POST /respond", "Integration"),
        "Raise": ("POST /raise", "Integration"),
        "Die": ("POST /die", "Integration"),
        "Slow": ("POST /slow", "Impatient"),
        "Things": ("ANY /things/{id}", "Integration"),
        "Closed": ("POST /closed", "Forbidden"),
        "Unpermitted": ("POST /unpermitted", "Integration"),
    }.items()
)
PERMISSIONS = "".join(
    f"""
  May{name}:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Echo
      Action: lambda:InvokeFunction
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{Api}}/*/{path}
"""
    for name, path in {
        "Echo": "POST/echo",
        "Respond": "POST/respond",
        "Raise": "POST/raise",
        "Die": "POST/die",
        "Slow": "POST/slow",
        "Things": "*/things/*",
    }.items()
)
OUTPUTS = """
Outputs:
  Url: {Value: !GetAtt Api.ApiEndpoint}
  Hook: {Value: !Sub "${Api.ApiEndpoint}/echo"}
  Id: {Value: !Ref Api}
"""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Caller:
    """A caller with an HTTP client."""

    url: str

    def request(
        self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, method: str = "POST"
    ) -> Answer:
        request = Request(self.url + path, data=body, method=method, headers=headers or {})  # noqa: S310 - http
        try:
            with urlopen(request) as response:  # noqa: S310 - http
                return Answer(response.status, response.read(), dict(response.headers))
        except HTTPError as error:
            with error:
                return Answer(error.code, error.read(), dict(error.headers))

    def respond(self, response: Any) -> Answer:
        """Have the function return this response."""
        return self.request("/respond", json.dumps(response).encode(), {"Content-Type": "application/json"})


@pytest.fixture(scope="module")
def stack(local_aws_server: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    folder = tmp_path_factory.mktemp("stack")
    (folder / "echo").mkdir()
    (folder / "echo" / "app.py").write_text(ECHO)
    (folder / "template.yaml").write_text(STACK + ROUTES + PERMISSIONS + OUTPUTS)
    return deploy(folder / "template.yaml", ACCOUNT, REGION, name="apis")


@pytest.fixture
def api(stack: Stack) -> Caller:
    # Starting a process may take longer than an impatient test has.
    return Caller(stack.outputs["Url"])


def test_an_api_is_served_at_its_endpoint(stack: Stack, local_aws_server: LocalAws, person: Person) -> None:
    url = f"{local_aws_server.url}/_local/apis/{stack.outputs['Id']}"

    described = person(ACCOUNT).client("apigatewayv2").get_api(ApiId=stack.outputs["Id"])
    assert stack.outputs["Url"] == described["ApiEndpoint"] == url
    assert stack.outputs["Hook"] == f"{url}/echo"


def test_a_function_receives_payload_format_2(api: Caller, stack: Stack) -> None:
    answer = api.request(
        "/echo?a=1&b=2&a=3&empty=",
        b'{"x": 1}',
        {"Content-Type": "application/json", "X-Mixed-Case": "Yes", "Cookie": "a=1; b=2", "User-Agent": "me"},
    )

    event = answer.json["event"]
    context = event["requestContext"]
    domain = f"{stack.outputs['Id']}.execute-api.us-east-1.amazonaws.com"
    assert event["version"] == "2.0"
    assert event["routeKey"] == context["routeKey"] == "POST /echo"
    assert event["rawPath"] == "/echo"
    assert event["rawQueryString"] == "a=1&b=2&a=3&empty="
    assert event["queryStringParameters"] == {"a": "1,3", "b": "2", "empty": ""}
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"]["x-mixed-case"] == "Yes"
    assert event["headers"]["host"] == domain
    assert all(name == name.lower() for name in event["headers"])
    assert "cookie" not in event["headers"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"x": 1}', False)
    assert context["http"] == {
        "method": "POST",
        "path": "/echo",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "me",
    }
    assert (context["accountId"], context["apiId"], context["stage"]) == (ACCOUNT, stack.outputs["Id"], "$default")
    assert (context["domainName"], context["domainPrefix"]) == (domain, stack.outputs["Id"])
    assert context["requestId"] == answer.headers["Apigw-Requestid"]
    assert abs(context["timeEpoch"] / 1000 - clock.time()) < 60


@pytest.mark.parametrize(
    ("content_type", "encoded"),
    [
        pytest.param("application/x-www-form-urlencoded", True, id="a form"),
        pytest.param("application/octet-stream", True, id="bytes"),
        pytest.param("application/vnd.api+json", True, id="a kind of JSON"),
        pytest.param("application/json; charset=utf-8", False, id="JSON"),
        pytest.param("text/csv", False, id="text"),
        pytest.param("application/xml", False, id="XML"),
    ],
)
def test_a_form_is_in_base64_as_is_any_body_but_text(api: Caller, content_type: str, encoded: bool) -> None:
    """Trap 23."""
    event = api.request("/echo", b"payload=%7B%22a%22%3A1%7D", {"Content-Type": content_type}).json["event"]

    assert event["isBase64Encoded"] is encoded
    body = base64.b64decode(event["body"]) if encoded else event["body"].encode()
    assert body == b"payload=%7B%22a%22%3A1%7D"


def test_empty_fields_are_left_out(api: Caller) -> None:
    event = api.request("/things/7", method="GET").json["event"]

    assert not {"body", "cookies", "queryStringParameters"} & event.keys()
    assert event["isBase64Encoded"] is False
    assert event["pathParameters"] == {"id": "7"}
    assert event["routeKey"] == "ANY /things/{id}"


def test_an_answer_with_a_status_is_the_answer(api: Caller) -> None:
    answer = api.respond(
        {
            "statusCode": 202,
            "headers": {"content-type": "text/html", "x-own": "1"},
            "cookies": ["a=1; Secure"],
            "body": base64.b64encode(b"\xff\x00").decode(),
            "isBase64Encoded": True,
        }
    )

    assert (answer.status, answer.body) == (202, b"\xff\x00")
    assert (answer.headers["content-type"], answer.headers["x-own"]) == ("text/html", "1")
    assert answer.headers["Set-Cookie"] == "a=1; Secure"


@pytest.mark.parametrize("response", [{"a": 1}, [1], "text", None, {"body": "x"}])
def test_an_answer_without_a_status_is_the_body(api: Caller, response: Any) -> None:
    answer = api.respond(response)

    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.body.decode() == (
        response if isinstance(response, str) else json.dumps(response, separators=(",", ":"))
    )


@pytest.mark.parametrize(
    "response",
    [
        {"statusCode": "ok"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": "b\r\nc: d"}},
        {"statusCode": 200, "headers": {"a: b\r\nc": "d"}},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "body": "no base64!", "isBase64Encoded": True},
    ],
)
def test_a_malformed_answer_is_an_internal_error(response: Any) -> None:
    with pytest.raises(MalformedAnswerError):
        read(json.dumps(response).encode())


def test_a_malformed_answer_is_not_shown_to_the_caller(api: Caller) -> None:
    answer = api.respond({"statusCode": 200, "body": {"secret": 1}})

    assert (answer.status, answer.json) == (500, {"message": "Internal Server Error"})


@pytest.mark.parametrize("path", ["/raise", "/die"])
def test_a_function_that_fails_is_an_internal_error_without_a_reason(api: Caller, path: str) -> None:
    answer = api.request(path, b"secret", {"Content-Type": "text/plain"})

    assert (answer.status, answer.json) == (500, {"message": "Internal Server Error"})


@pytest.mark.parametrize("path", ["/closed", "/unpermitted"])
def test_without_the_functions_permission_for_the_route_nothing_is_invoked(api: Caller, path: str) -> None:
    answer = api.request(path, b"x", {"Content-Type": "text/plain"})

    assert (answer.status, answer.json) == (500, {"message": "Internal Server Error"})


@pytest.mark.parametrize(("method", "path"), [("GET", "/echo"), ("POST", "/"), ("POST", "/echo/more")])
def test_a_path_without_a_route_is_not_found(api: Caller, method: str, path: str) -> None:
    answer = api.request(path, method=method)

    assert (answer.status, answer.json) == (404, {"message": "Not Found"})


def test_an_api_that_does_not_exist_is_not_found(local_aws_server: LocalAws) -> None:
    assert Caller(f"{local_aws_server.url}/_local/apis/nothing").request("/echo").status == 404


def test_an_integration_that_takes_too_long_times_out(api: Caller) -> None:
    answer = api.request("/slow", b"1", {"Content-Type": "text/plain"})

    assert (answer.status, answer.json) == (503, {"message": "Service Unavailable"})
    # The function sleeps on, as on AWS, and counts as under way.
    assert in_flight()
    until(lambda: not in_flight())


def test_a_body_that_is_too_large_is_refused(api: Caller) -> None:
    answer = api.request("/echo", b"x" * (10 * 1024 * 1024 + 1), {"Content-Type": "text/plain"})

    assert (answer.status, answer.json) == (413, {"message": "Request Entity Too Large"})


def test_the_stages_bucket_empties_and_fills_by_the_clock(local_aws_server: LocalAws, person: Person) -> None:
    apis = person(ACCOUNT).client("apigatewayv2")
    made = apis.create_api(Name="slow", ProtocolType="HTTP")
    apis.create_route(ApiId=made["ApiId"], RouteKey="$default", Target="integrations/none")
    apis.create_stage(
        ApiId=made["ApiId"],
        StageName="$default",
        AutoDeploy=True,
        DefaultRouteSettings={"ThrottlingBurstLimit": 2, "ThrottlingRateLimit": 0.001},
    )
    api = Caller(made["ApiEndpoint"])

    assert [api.request("/").status for _ in range(3)] == [500, 500, 429]
    assert api.request("/").json == {"message": "Too Many Requests"}
    clock.advance(1001)
    assert [api.request("/").status for _ in range(2)] == [500, 429]


def test_a_route_with_settings_has_a_bucket_of_its_own(person: Person) -> None:
    apis = person(ACCOUNT).client("apigatewayv2")
    made = apis.create_api(Name="apart", ProtocolType="HTTP")
    for key in ("POST /narrow", "POST /one", "POST /other"):
        apis.create_route(ApiId=made["ApiId"], RouteKey=key, Target="integrations/none")
    apis.create_stage(
        ApiId=made["ApiId"],
        StageName="$default",
        AutoDeploy=True,
        DefaultRouteSettings={"ThrottlingBurstLimit": 3, "ThrottlingRateLimit": 0.001},
        RouteSettings={"POST /narrow": {"ThrottlingBurstLimit": 1}},
    )
    api = Caller(made["ApiEndpoint"])

    assert [api.request("/narrow", b"").status for _ in range(2)] == [500, 429]
    assert [api.request(path, b"").status for path in ("/one", "/other", "/one", "/other")] == [500, 500, 500, 429]
    clock.advance(1001)
    assert [api.request("/narrow", b"").status for _ in range(2)] == [500, 429]


def test_an_api_without_a_deployment_is_not_found(person: Person) -> None:
    apis = person(ACCOUNT).client("apigatewayv2")
    made = apis.create_api(Name="undeployed", ProtocolType="HTTP")
    apis.create_route(ApiId=made["ApiId"], RouteKey="$default", Target="integrations/none")
    apis.create_stage(ApiId=made["ApiId"], StageName="$default")

    assert Caller(made["ApiEndpoint"]).request("/").status == 404


def test_a_request_is_in_flight_until_it_is_answered(api: Caller) -> None:
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(api.request, "/slow", b"0.05", {"Content-Type": "text/plain"})
        until(lambda: in_flight().get("API requests"))
        pending.result()


def test_no_call_of_an_api_counts_as_a_call_of_aws(api: Caller, local_aws_server: LocalAws) -> None:
    def made() -> Any:
        with urlopen(f"{local_aws_server.url}/_local/calls") as response:  # noqa: S310 - http
            return [each for each in json.load(response)["calls"] if each["account"] == ACCOUNT and each["role"]]

    before = made()
    api.respond(1)

    assert made() == before


@pytest.mark.parametrize(
    ("resource", "properties", "reason"),
    [
        ("Api", {"ProtocolType": "WEBSOCKET", "Name": "a"}, "ProtocolType: the local AWS has 'HTTP' only"),
        ("Api", {"ProtocolType": "HTTP", "Name": "a", "Body": {}}, "the local AWS serves no API with Body"),
        ("Integration", {"IntegrationType": "HTTP_PROXY"}, "IntegrationType: the local AWS has 'AWS_PROXY' only"),
        ("Integration", {"PayloadFormatVersion": "1.0"}, "PayloadFormatVersion: the local AWS has '2.0' only"),
        ("Integration", {"TimeoutInMillis": 30001}, "TimeoutInMillis: from 50 to 30000"),
        ("Integration", {"IntegrationUri": "http://x"}, "IntegrationUri: the ARN of a function"),
        ("Route", {"RouteKey": "/echo"}, "RouteKey: a method and a path"),
        ("Route", {"AuthorizationType": "JWT"}, "AuthorizationType: the local AWS has NONE only"),
        ("Route", {"Target": "integrations/none"}, "Integration"),
        ("Stage", {"StageName": "prod"}, "StageName: the local AWS has '$default' only"),
        ("Stage", {"DefaultRouteSettings": {"LoggingLevel": "INFO"}}, "the local AWS has no LoggingLevel"),
        ("Stage", {"RouteSettings": {"GET /x": {}}}, "Unable to find Route by key GET /x within"),
    ],
)
def test_an_api_that_is_not_served_cannot_be_deployed(
    tmp_path: Path, local_aws_server: LocalAws, resource: str, properties: dict[str, Any], reason: str
) -> None:
    api_id = {"Ref": "Other"}
    others: dict[str, dict[str, Any]] = {
        "Api": {},
        "Integration": {
            "ApiId": api_id,
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:x",
            "PayloadFormatVersion": "2.0",
        },
        "Route": {"ApiId": api_id, "RouteKey": "$default", "Target": "integrations/x"},
        "Stage": {"ApiId": api_id, "StageName": "$default"},
    }
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "Other": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "other", "ProtocolType": "HTTP"}},
            "Wrong": {"Type": f"AWS::ApiGatewayV2::{resource}", "Properties": {**others[resource], **properties}},
        },
    }
    path = tmp_path / "template.yaml"
    path.write_text(json.dumps(template))

    with pytest.raises(DeploymentError) as refused:
        deploy(path, "311111111502", REGION, name=f"wrong-{tmp_path.name[-40:].replace('_', '-')}")

    assert reason in str(refused.value)
