from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.cloudformation import parsing

from local_aws import project
from local_aws.deployment import DeploymentError, deploy, template
from local_aws.deployment.__main__ import main
from local_aws.deployment.compute import layer_paths
from local_aws.deployment.stack import Stack
from local_aws.functions import sources
from local_aws.server import LocalAws
from local_aws_tests.people import Person

FOLDER = Path(__file__).parent.parent / "stack"
TEMPLATE = FOLDER / "template.yaml"
REGION = "us-east-1"


@dataclass(frozen=True)
class Deployed:
    """The example stack, and a person in its account."""

    stack: Stack
    session: boto3.Session

    def client(self, service: str) -> Any:
        return self.session.client(service)  # type: ignore[call-overload]  # any service

    def role(self, logical_id: str) -> str:
        response = self.client("cloudformation").describe_stack_resource(
            StackName="local", LogicalResourceId=logical_id
        )
        return str(response["StackResourceDetail"]["PhysicalResourceId"])


@pytest.fixture(scope="module")
def deployed(local_aws_server: LocalAws, person: Person) -> Deployed:
    stack = deploy(TEMPLATE, "311111111301", REGION)
    return Deployed(stack, person("311111111301"))


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "template.yaml"
        path.write_text("Transform: AWS::Serverless-2016-10-31\n" + text)
        return path

    return write


def test_the_symbols_of_moto_that_are_replaced_exist() -> None:
    assert hasattr(parsing, "logger")
    assert hasattr(parsing, "get_model_map")
    assert hasattr(parsing, "clean_json")
    assert all(hasattr(cached, "cache_clear") for cached in (parsing.get_model_list, parsing.get_name_type_map))


def test_no_value_leaves_an_element_out_of_a_list(written: Callable[[str], Path], person: Person) -> None:
    path = written("""
Conditions: {Never: !Equals [a, b]}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: own
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - !If [Never, {Effect: Allow, Action: "s3:*", Resource: "*"}, !Ref AWS::NoValue]
              - {Effect: Allow, Action: "sqs:SendMessage", Resource: [!If [Never, "a", !Ref AWS::NoValue], "*"]}
""")

    deploy(path, "311111111390", REGION)

    iam = person("311111111390").client("iam")
    (role,) = iam.list_roles()["Roles"]
    document: Any = iam.get_role_policy(RoleName=role["RoleName"], PolicyName="own")["PolicyDocument"]
    assert document["Statement"] == [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": ["*"]}]


def test_a_stack_reports_its_outputs(deployed: Deployed) -> None:
    stack = deployed.client("cloudformation").describe_stacks(StackName="local")["Stacks"][0]

    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert outputs == deployed.stack.outputs
    assert outputs["BusName"] == "local"
    assert outputs["OnboardingStateMachineArn"].endswith(":stateMachine:local-onboarding")


def test_a_stack_lists_the_events_of_its_resources(deployed: Deployed) -> None:
    events = deployed.client("cloudformation").describe_stack_events(StackName="local")["StackEvents"]

    complete = [event["LogicalResourceId"] for event in events if event["ResourceStatus"] == "CREATE_COMPLETE"]
    assert {"Echo", "Hints", "Onboarding", "Schedule"} <= set(complete)
    assert complete[0] == "local"


def test_every_physical_resource_id_is_text(deployed: Deployed) -> None:
    resources = deployed.client("cloudformation").describe_stack_resources(StackName="local")["StackResources"]

    assert [
        each["LogicalResourceId"] for each in resources if "object at" in each.get("PhysicalResourceId", "object at")
    ] == []


def test_a_function_keeps_what_moto_drops(deployed: Deployed) -> None:
    function = deployed.client("lambda").get_function(FunctionName="local-echo")

    configuration = function["Configuration"]
    assert configuration["Architectures"] == ["arm64"]
    assert configuration["TracingConfig"] == {"Mode": "Active"}
    assert configuration["Layers"][0]["Arn"].endswith(":layer:local-shared:1")
    assert function["Concurrency"] == {"ReservedConcurrentExecutions": 2}
    assert configuration["Environment"]["Variables"]["CHANNEL"] == "none"


def test_a_function_runs_from_its_folder_with_the_layers_of_the_template(deployed: Deployed) -> None:
    source = sources.find(deployed.stack.account_id, REGION, "local-echo")

    assert source == sources.FunctionSource(code=FOLDER / "functions" / "echo", layers=(FOLDER / "layers" / "shared",))


def test_a_function_responds(deployed: Deployed) -> None:
    answer = deployed.client("lambda").invoke(FunctionName="local-echo", Payload=json.dumps({"say": "hello"}))

    assert json.load(answer["Payload"]) == {"said": "HELLO", "prefix": "test"}


def test_a_function_may_be_invoked_by_what_is_connected_to_it(deployed: Deployed) -> None:
    policy = json.loads(deployed.client("lambda").get_policy(FunctionName="local-echo")["Policy"])

    services = {statement["Principal"]["Service"] for statement in policy["Statement"]}
    assert services == {"events.amazonaws.com", "sns.amazonaws.com"}
    assert all("AWS:SourceArn" in statement["Condition"]["ArnLike"] for statement in policy["Statement"])


def test_a_queue_feeds_a_function_in_batches(deployed: Deployed) -> None:
    mapping = deployed.client("lambda").list_event_source_mappings()["EventSourceMappings"][0]

    assert mapping["BatchSize"] == 100
    assert mapping["MaximumBatchingWindowInSeconds"] == 1
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}


def test_a_state_machine_has_the_definition_of_its_file_with_substitutions_made(deployed: Deployed) -> None:
    machine = deployed.client("stepfunctions").describe_state_machine(
        stateMachineArn=deployed.stack.outputs["OnboardingStateMachineArn"]
    )

    definition = json.loads(machine["definition"])
    function = definition["States"]["Echo"]["Arguments"]["FunctionName"]
    assert function == "arn:aws:lambda:us-east-1:311111111301:function:local-echo"
    assert machine["tracingConfiguration"] == {"enabled": True}
    assert machine["loggingConfiguration"]["level"] == "ERROR"


def test_a_log_group_s_arn_stands_for_its_streams(deployed: Deployed) -> None:
    """In a role's policy it would otherwise allow to write nothing."""
    machine = deployed.client("stepfunctions").describe_state_machine(
        stateMachineArn=deployed.stack.outputs["OnboardingStateMachineArn"]
    )
    name = "/aws/vendedlogs/states/local"
    (group,) = deployed.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]

    (destination,) = machine["loggingConfiguration"]["destinations"]

    arn = f"arn:aws:logs:us-east-1:311111111301:log-group:{name}:*"
    assert destination["cloudWatchLogsLogGroup"]["logGroupArn"] == arn
    assert group["retentionInDays"] == 14


def test_a_role_has_its_managed_and_inline_policies(deployed: Deployed) -> None:
    iam = deployed.client("iam")
    role = deployed.role("EchoRole")

    attached = {policy["PolicyName"] for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]}
    inline = iam.list_role_policies(RoleName=role)["PolicyNames"]

    assert {"AWSLambdaBasicExecutionRole", "AWSLambdaSQSQueueExecutionRole", "AWSLambdaExecute"} <= attached
    document = iam.get_role_policy(RoleName=role, PolicyName=inline[-1])["PolicyDocument"]
    assert document["Statement"][0]["Resource"] == "arn:aws:ssm:us-east-1:311111111301:parameter/test/*"


def test_a_queue_and_a_topic_have_their_policies(deployed: Deployed) -> None:
    queue = deployed.client("sqs").get_queue_attributes(
        QueueUrl=deployed.stack.outputs["HintsQueueUrl"], AttributeNames=["Policy", "RedrivePolicy"]
    )["Attributes"]
    topic = deployed.client("sns").get_topic_attributes(TopicArn=deployed.role("Notifications"))["Attributes"]

    assert json.loads(queue["Policy"])["Statement"][0]["Principal"] == {"Service": "events.amazonaws.com"}
    assert json.loads(queue["RedrivePolicy"])["maxReceiveCount"] == 5
    assert json.loads(topic["Policy"])["Statement"][0]["Principal"] == {"Service": "vpce.amazonaws.com"}


def test_a_rule_has_its_target_with_dead_letters_and_transformer(deployed: Deployed) -> None:
    targets = deployed.client("events").list_targets_by_rule(Rule=deployed.role("Shares"))["Targets"]

    assert targets[0]["Id"] == "hints"
    assert targets[0]["DeadLetterConfig"]["Arn"].startswith("arn:aws:sqs:us-east-1:311111111301:local-DeadLetters")
    assert targets[0]["InputTransformer"]["InputPathsMap"] == {"kind": "$.detail-type"}


def test_a_bus_has_its_policy(deployed: Deployed) -> None:
    policy = json.loads(deployed.client("events").describe_event_bus(Name="local")["Policy"])

    assert [statement["Sid"] for statement in policy["Statement"]] == ["friends"]


def test_a_schedule_is_made_as_the_template_says(deployed: Deployed) -> None:
    scheduler = deployed.client("scheduler")
    name = scheduler.list_schedules()["Schedules"][0]["Name"]

    schedule = scheduler.get_schedule(Name=name)

    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["State"] == "DISABLED"


def test_a_table_has_its_index_backups_encryption_and_expiry(deployed: Deployed) -> None:
    dynamodb = deployed.client("dynamodb")
    name = deployed.stack.outputs["LedgerTableName"]

    table = dynamodb.describe_table(TableName=name)["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]

    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["by-status"]
    assert table["SSEDescription"]["Status"] == "ENABLED"
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert expiry == {"AttributeName": "expires_at", "TimeToLiveStatus": "ENABLED"}


def test_a_parameter_has_its_tags(deployed: Deployed) -> None:
    ssm = deployed.client("ssm")

    value = ssm.get_parameter(Name="/test/config/setting")["Parameter"]["Value"]
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/test/config/setting")["TagList"]

    assert value == "in us-east-1"
    assert {"Key": "owner", "Value": "stack"} in tags


def test_a_dashboard_shows_what_the_stack_has(deployed: Deployed) -> None:
    dashboard = deployed.client("cloudwatch").get_dashboard(DashboardName="test-overview")

    (widget,) = json.loads(dashboard["DashboardBody"])["widgets"]
    (alarm,) = widget["properties"]["alarms"]
    assert alarm.startswith("arn:aws:cloudwatch:us-east-1:311111111301:alarm:")


def test_a_dashboard_whose_body_is_no_json_object_is_refused(
    local_aws_server: LocalAws, written: Callable[[str], Path]
) -> None:
    path = written(
        "Resources:\n"
        "  Overview:\n"
        "    Type: AWS::CloudWatch::Dashboard\n"
        "    Properties: {DashboardName: broken, DashboardBody: '{\"widgets\": ['}\n"
    )

    with pytest.raises(DeploymentError, match=r"Overview \(AWS::CloudWatch::Dashboard\): .*valid JSON object"):
        deploy(path, "311111111317", REGION)


def test_a_resource_whose_condition_is_false_is_not_made(deployed: Deployed) -> None:
    names = deployed.client("ssm").describe_parameters()["Parameters"]

    assert "/test/config/channel" not in {parameter["Name"] for parameter in names}


def test_a_parameter_of_the_stack_overrides_its_default(local_aws_server: LocalAws, person: Person) -> None:
    deploy(TEMPLATE, "311111111302", REGION, parameters={"Channel": "C123", "Prefix": "other"})

    ssm = person("311111111302").client("ssm")
    assert ssm.get_parameter(Name="/other/config/channel")["Parameter"]["Value"] == "C123"


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        pytest.param({"Prefx": "a"}, "parameter Prefx: the template has no such parameter", id="unknown"),
        pytest.param({"Prefix": "No!"}, "small letters, digits and hyphens", id="not matching the pattern"),
        pytest.param({"Reserved": "0"}, "parameter Reserved: 0 is too small", id="too small"),
        pytest.param({"Reserved": "two"}, "a number is expected", id="no number"),
    ],
)
def test_a_parameter_that_is_not_allowed_is_refused(parameters: dict[str, str], reason: str) -> None:
    with pytest.raises(DeploymentError, match=reason):
        deploy(TEMPLATE, "311111111303", REGION, parameters=parameters)


def test_a_parameter_without_value_is_refused() -> None:
    with pytest.raises(DeploymentError, match="parameter Name: a value is needed"):
        template.parameter_values({"Parameters": {"Name": {"Type": "String"}}}, {})


def test_an_unsupported_type_is_refused_by_name(local_aws_server: LocalAws, written: Callable[[str], Path]) -> None:
    path = written("Resources: {Thing: {Type: 'AWS::Fantasy::Thing'}}")

    with pytest.raises(DeploymentError, match="AWS::Fantasy::Thing"):
        deploy(path, "311111111303", REGION)


def test_an_attribute_that_does_not_exist_is_refused(
    local_aws_server: LocalAws, written: Callable[[str], Path]
) -> None:
    path = written(
        "Resources:\n"
        "  Queue: {Type: 'AWS::SQS::Queue'}\n"
        "  Setting:\n"
        "    Type: AWS::SSM::Parameter\n"
        "    Properties: {Name: /a, Type: String, Value: !GetAtt Queue.Colour}\n"
    )

    with pytest.raises(DeploymentError, match="Colour"):
        deploy(path, "311111111304", REGION)


def test_a_resource_that_aws_refuses_is_named(local_aws_server: LocalAws, written: Callable[[str], Path]) -> None:
    path = written(
        "Resources:\n"
        "  Plan:\n"
        "    Type: AWS::Scheduler::Schedule\n"
        "    Properties: {ScheduleExpression: rate(1 minute)}\n"
    )

    with pytest.raises(DeploymentError, match=r"Plan \(AWS::Scheduler::Schedule\)"):
        deploy(path, "311111111305", REGION)


def test_a_path_that_does_not_exist_is_refused(written: Callable[[str], Path]) -> None:
    path = written(
        "Resources:\n"
        "  Lost:\n"
        "    Type: AWS::Serverless::Function\n"
        "    Properties: {CodeUri: functions/lost, Handler: app.handler, Runtime: python3.11}\n"
    )

    with pytest.raises(DeploymentError, match=r"Lost\.CodeUri: functions/lost does not exist"):
        deploy(path, "311111111306", REGION)


def test_what_sam_refuses_is_reported_with_its_reason(written: Callable[[str], Path]) -> None:
    path = written("Resources: {Echo: {Type: 'AWS::Serverless::Function', Properties: {Handlr: a}}}")

    with pytest.raises(DeploymentError, match="Echo"):
        deploy(path, "311111111307", REGION)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use a project folder of the test's own."""
    monkeypatch.setattr(project, "_used", [project.Project(folder=tmp_path / "kept")])
    return tmp_path / "kept"


def test_a_layer_with_dependencies_puts_them_on_the_path_before_its_own_source(tmp_path: Path, folder: Path) -> None:
    layer = tmp_path / "layers" / "some"
    installed = folder / "layers" / "some" / "python"
    shutil.copytree(FOLDER / "layers" / "shared", layer)
    (layer / "requirements.txt").touch()
    installed.mkdir(parents=True)

    assert layer_paths(layer) == (installed, layer)


@pytest.mark.usefixtures("folder")
def test_a_layer_whose_dependencies_are_not_installed_says_what_to_run(tmp_path: Path) -> None:
    layer = tmp_path / "layers" / "some"
    layer.mkdir(parents=True)
    (layer / "requirements.txt").touch()

    with pytest.raises(DeploymentError, match=r"pip install --target .*kept/layers/some/python -r .*requirements\.txt"):
        layer_paths(layer)


def test_the_cloudformation_of_a_template_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    status = main([str(TEMPLATE)])

    made = json.loads(capsys.readouterr().out)["Resources"]
    assert status == 0
    assert made["Echo"]["Type"] == "AWS::Lambda::Function"
    assert not any(each["Type"].startswith("AWS::Serverless::") for each in made.values())


def test_a_template_that_cannot_be_read_is_reported(
    capsys: pytest.CaptureFixture[str], written: Callable[[str], Path]
) -> None:
    status = main([str(written("Resources: {Broken: {Type: AWS::Serverless::Function}}"))])

    printed = capsys.readouterr()
    assert status == 1
    assert "Broken" in printed.err
    assert printed.out == ""
