from __future__ import annotations

import json
from pathlib import Path

import pytest
from slack_sdk import WebClient

from local_aws.testing import slack
from local_aws.testing.server import LocalAws
from local_aws.testing.slack import workspace
from local_aws_tests.people import Person
from local_aws_tests.slack_apps import APPROVAL, Bot
from local_stack import stack as drawbridge_stack
from local_stack.stack import deploy_stack

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  LookEvery: {Type: String}
  OrganizationsRoleName: {Type: String}
"""
SLACK = """
  SlackChannel: {Type: String, Default: ""}
  SlackApiUrl: {Type: String, Default: "https://slack.com/api/"}
Conditions:
  AsksInSlack: !Not [!Equals [!Ref SlackChannel, ""]]
Resources:
  Callback:
    Type: AWS::Serverless::Function
    Condition: AsksInSlack
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: callback/
      Environment: {Variables: {CHANNEL: !Ref SlackChannel, API_URL: !Ref SlackApiUrl}}
  SlackApi:
    Type: AWS::ApiGatewayV2::Api
    Condition: AsksInSlack
    Properties: {Name: slack, ProtocolType: HTTP}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Condition: AsksInSlack
    Properties:
      ApiId: !Ref SlackApi
      IntegrationType: AWS_PROXY
      IntegrationUri: !GetAtt Callback.Arn
      PayloadFormatVersion: "2.0"
  Route:
    Type: AWS::ApiGatewayV2::Route
    Condition: AsksInSlack
    Properties: {ApiId: !Ref SlackApi, RouteKey: POST /slack, Target: !Sub "integrations/${Integration}"}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Condition: AsksInSlack
    Properties:
      ApiId: !Ref SlackApi
      StageName: $default
      AutoDeploy: true
      AccessLogSettings: {DestinationArn: "arn:aws:logs:us-east-1:1:log-group:x", Format: "$context.requestId"}
  MayInvoke:
    Type: AWS::Lambda::Permission
    Condition: AsksInSlack
    Properties:
      FunctionName: !Ref Callback
      Action: lambda:InvokeFunction
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${SlackApi}/*/POST/slack"
  Topic: {Type: AWS::SNS::Topic}
Outputs:
  SlackCallbackUrl:
    Condition: AsksInSlack
    Value: !Sub ${SlackApi.ApiEndpoint}/slack
"""
WITHOUT = """
Resources:
  Topic: {Type: AWS::SNS::Topic}
"""
CALLBACK = """
import base64, os

def handler(event, context):
    if not event["isBase64Encoded"] or "x-slack-signature" not in event["headers"]:
        return {"statusCode": 400}
    body = base64.b64decode(event["body"])
    told = f"{body[:8].decode()} {os.environ['CHANNEL']} {os.environ['API_URL']}"
    return {"statusCode": 200, "body": told}
"""


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, local_aws_server: LocalAws) -> Path:
    (tmp_path / "callback").mkdir()
    (tmp_path / "callback" / "app.py").write_text(CALLBACK)
    path = tmp_path / "template.yaml"
    monkeypatch.setattr(drawbridge_stack, "TEMPLATE", path)
    return path


def test_a_stack_that_asks_in_slack_has_an_app_there(template: Path, person: Person) -> None:
    """Trap 23."""
    template.write_text(TEMPLATE + SLACK)
    account_id = "311111111601"

    deploy_stack(account_id)

    me = person(account_id)
    secret = me.client("secretsmanager").get_secret_value(SecretId="drawbridge/slack")["SecretString"]
    app = workspace.app(account_id)
    assert app.name == "Drawbridge"
    assert json.loads(secret) == {"botToken": app.bot_token, "signingSecret": app.signing_secret}
    approvers = me.client("ssm").get_parameter(Name="/drawbridge/config/approvers")["Parameter"]["Value"]
    assert json.loads(approvers) == {
        "teamId": slack.TEAM_ID,
        "userIds": ["U0ALICE"],
        "userGroupIds": [slack.NET_ADMINS],
    }
    ts = Bot(app, WebClient(app.bot_token, base_url=slack.api_url())).post(blocks=APPROVAL)
    delivered = workspace.click("U0BOB", ts, "approve")
    assert (delivered.status, delivered.body) == (200, f"payload= {slack.APPROVALS} {slack.api_url()}")


def test_without_a_channel_slack_is_left_out(template: Path, person: Person) -> None:
    template.write_text(TEMPLATE + SLACK)
    account_id = "311111111602"

    stack = deploy_stack(account_id, parameters={"SlackChannel": ""})

    assert stack.outputs == {}
    with pytest.raises(KeyError):
        workspace.app(account_id)
    assert person(account_id).client("secretsmanager").list_secrets()["SecretList"] == []


def test_a_template_that_knows_nothing_of_slack_is_deployed_as_it_is(template: Path) -> None:
    template.write_text(TEMPLATE + WITHOUT)

    deploy_stack("311111111603")

    with pytest.raises(KeyError):
        workspace.app("311111111603")


def test_a_stack_in_a_second_region_has_the_same_app(template: Path) -> None:
    template.write_text(TEMPLATE + SLACK)
    first = deploy_stack("311111111604")
    app = workspace.app("311111111604")

    second = deploy_stack("311111111604", "eu-west-1")

    again = workspace.app("311111111604")
    assert (again.bot_token, again.callback_url) == (app.bot_token, second.outputs["SlackCallbackUrl"])
    assert app.callback_url == first.outputs["SlackCallbackUrl"]
