from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction, LambdaStorage

import local_aws
from local_aws.functions import sources
from local_aws.time.clock import clock
from local_aws_tests.lambda_account import HANDLERS, Account, answer, failure, new_account, wait_until, wait_until_quiet
from local_aws_tests.people import Person

SOURCE = str(Path(local_aws.__file__).parent)


@pytest.fixture(scope="module")
def account(person: Person) -> Iterator[Account]:
    """Make an account with a function that does what its event says."""
    made = new_account(person)
    made.function("probe", Environment={"Variables": {"COLOUR": "blue"}})
    yield made
    made.close()


def test_the_patched_symbols_of_moto_exist() -> None:
    assert callable(LambdaFunction._invoke_lambda)
    assert callable(LambdaFunction.invoke)
    assert callable(LambdaFunction.update_configuration)
    assert callable(LambdaFunction.get_configuration)
    assert callable(LambdaFunction.get_code)
    assert callable(LambdaBackend.create_function)
    assert callable(LambdaStorage.del_function)


def test_a_function_gets_its_event_and_a_context(account: Account) -> None:
    result = answer(account.invoke("probe", {"answer": 42}))

    assert result["answer"] == 42
    assert result["arn"] == account.arn("lambda", "function:probe")
    assert 8000 < result["remaining"] <= 10000
    assert result["request_id"] == account.invocations("probe")[-1].request_id


def test_a_function_without_an_event_gets_an_empty_object(account: Account) -> None:
    result = answer(account.functions.invoke(FunctionName="probe"))

    assert result["event"] == {}


def test_the_environment_has_lambdas_and_the_functions_own_variables_only(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_DEVELOPER", "leaks")
    account.function("alone", Environment={"Variables": {"COLOUR": "blue"}})

    environment = answer(account.invoke("alone"))["environment"]

    assert environment["COLOUR"] == "blue"
    assert environment["AWS_REGION"] == account.region
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "alone"
    assert environment["TZ"] == ":UTC"
    assert not {name for name in environment if name in os.environ and environment[name] == os.environ[name]} - {"LANG"}
    assert set(environment) - {"COLOUR", "LC_CTYPE", "__CF_USER_TEXT_ENCODING"} == {
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_FORMAT",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_XRAY_CONTEXT_MISSING",
        "AWS_XRAY_DAEMON_ADDRESS",
        "HOME",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "LANG",
        "PATH",
        "PYTHONPATH",
        "PYTHONPYCACHEPREFIX",
        "TZ",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
    }


def test_only_code_layers_and_runtime_are_on_the_path(account: Account) -> None:
    path = answer(account.invoke("probe"))["path"]

    assert path[0] == str(HANDLERS / "probe")
    assert not [each for each in path if each.startswith(SOURCE)]
    assert not [each for each in path if ".venv" in each]


def test_a_warm_process_is_used_again(account: Account) -> None:
    first = answer(account.invoke("probe"))
    second = answer(account.invoke("probe"))

    assert second["process"] == first["process"]
    assert second["invocations"] == first["invocations"] + 1


def test_invocations_at_the_same_time_have_processes_of_their_own(account: Account) -> None:
    results: list[Any] = []
    threads = [
        threading.Thread(target=lambda: results.append(answer(account.invoke("probe", {"sleep": 0.4}))))
        for _ in range(6)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 6
    assert len({each["process"] for each in results}) == 6


def test_an_exception_is_an_unhandled_function_error(account: Account) -> None:
    error = failure(account.invoke("probe", {"raise": "no such thing"}))

    assert error["errorType"] == "ValueError"
    assert error["errorMessage"] == "no such thing"
    assert "app.py" in error["stackTrace"][0]
    assert account.invocations("probe")[-1].error == "ValueError"


def test_a_process_that_exits_is_replaced(account: Account) -> None:
    error = failure(account.invoke("probe", {"exit": 3}))
    again = answer(account.invoke("probe"))

    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    assert again["invocations"] >= 1


def test_a_function_that_takes_too_long_is_killed(account: Account) -> None:
    account.function("slow", Timeout=1)

    begun = time.monotonic()
    error = failure(account.invoke("slow", {"sleep": 60}))

    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert time.monotonic() - begun < 50
    assert any("Task timed out after 1.00 seconds" in line for line in account.log("slow"))


def test_a_module_that_cannot_be_loaded_fails_each_invocation(account: Account) -> None:
    account.function("broken", code=HANDLERS / "broken")

    errors = [failure(account.invoke("broken")) for _ in range(2)]

    assert [each["errorType"] for each in errors] == ["RuntimeError", "RuntimeError"]
    assert errors[0]["errorMessage"] == "no way"


def test_a_missing_module_is_an_import_error(account: Account) -> None:
    account.function("lost", Handler="nowhere.handler")

    error = failure(account.invoke("lost"))

    assert error["errorType"] == "Runtime.ImportModuleError"


def test_printed_lines_are_in_the_log_between_start_and_end(account: Account) -> None:
    invocation = account.invoke("probe", {"print": ["one", "two"]}, LogType="Tail")
    tail = base64.b64decode(invocation["LogResult"]).decode().splitlines()

    start = next(number for number, line in enumerate(tail) if line.startswith("START RequestId: "))
    assert tail[start + 1 : start + 3] == ["one", "two"]
    assert tail[start + 3].startswith("END RequestId: ")
    assert tail[start + 4].startswith("REPORT RequestId: ")
    assert {"one", "two"} <= set(account.log("probe"))


def test_the_lines_of_a_traceback_are_one_event_in_the_log(account: Account) -> None:
    account.invoke("probe", {"raise": "kept together"})

    event = next(line for line in account.log("probe") if "kept together" in line)

    assert event.splitlines()[0] == "[ERROR] ValueError: kept together"
    assert len(event.splitlines()) > 2


def test_without_permission_to_write_logs_there_are_none(account: Account) -> None:
    account.function("silent")
    account.client("iam").delete_role_policy(RoleName="silent-role", PolicyName="all")

    answer(account.invoke("silent", {"print": ["unheard"]}))

    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        account.log("silent")


def test_another_configuration_means_new_processes(account: Account) -> None:
    account.function("changing", Environment={"Variables": {"COLOUR": "blue"}})
    first = answer(account.invoke("changing"))

    account.functions.update_function_configuration(
        FunctionName="changing", Environment={"Variables": {"COLOUR": "red"}}
    )
    second = answer(account.invoke("changing"))

    assert (first["environment"]["COLOUR"], second["environment"]["COLOUR"]) == ("blue", "red")
    assert first["process"] != second["process"]


def test_a_function_without_any_concurrency_says_so_and_runs_no_more(account: Account) -> None:
    account.function("stopped")
    unlimited = account.functions.get_function(FunctionName="stopped")
    account.functions.put_function_concurrency(FunctionName="stopped", ReservedConcurrentExecutions=0)

    assert "Concurrency" not in unlimited
    told = account.functions.get_function(FunctionName="stopped")["Concurrency"]
    assert told == {"ReservedConcurrentExecutions": 0}
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        account.invoke("stopped")


def test_a_version_stays_as_it_was_published(account: Account) -> None:
    account.function("released", Environment={"Variables": {"COLOUR": "blue"}})
    first = account.functions.publish_version(FunctionName="released")
    account.functions.update_function_configuration(
        FunctionName="released", Environment={"Variables": {"COLOUR": "red"}}
    )
    second = account.functions.publish_version(FunctionName="released")

    by_version = [answer(account.invoke(each["FunctionArn"])) for each in (first, second)]
    latest = answer(account.invoke("released"))

    assert [each["environment"]["COLOUR"] for each in (*by_version, latest)] == ["blue", "red", "red"]
    assert [each["environment"]["AWS_LAMBDA_FUNCTION_VERSION"] for each in by_version] == ["1", "2"]
    assert by_version[0]["arn"].endswith(":function:released:1")


def test_logs_may_be_json_and_go_to_another_group(account: Account) -> None:
    config = {"LogFormat": "JSON", "LogGroup": "/mine", "ApplicationLogLevel": "WARN"}
    account.function("structured", LoggingConfig=config)

    environment = answer(account.invoke("structured"))["environment"]

    configuration = account.functions.get_function_configuration(FunctionName="structured")
    assert configuration["LoggingConfig"] == config
    assert environment["AWS_LAMBDA_LOG_FORMAT"] == "JSON"
    assert environment["AWS_LAMBDA_LOG_LEVEL"] == "WARN"
    assert account.client("logs").filter_log_events(logGroupName="/mine")["events"]


def test_a_lost_event_goes_to_the_dead_letter_queue(account: Account) -> None:
    queue = account.queue("dead-letters")
    account.function("dying", DeadLetterConfig={"TargetArn": queue})
    account.functions.put_function_event_invoke_config(FunctionName="dying", MaximumRetryAttempts=0)

    account.invoke("dying", {"raise": "lost"}, InvocationType="Event")
    wait_until_quiet()

    (letter,) = account.messages(queue)
    assert json.loads(letter["Body"]) == {"raise": "lost"}
    assert letter["MessageAttributes"]["ErrorMessage"]["StringValue"] == "lost"


def test_a_dead_letter_queue_that_the_role_may_not_use_is_refused(account: Account) -> None:
    role = account.role("no-letters")

    with pytest.raises(ClientError, match="does not have permissions to call SendMessage on SQS"):
        account.functions.create_function(
            FunctionName="never",
            Role=role,
            Code={"ZipFile": b""},
            Runtime="python3.13",
            Handler="app.handler",
            DeadLetterConfig={"TargetArn": account.arn("sqs", "any")},
        )


def test_reserved_concurrency_throttles(account: Account) -> None:
    account.function("reserved")
    account.functions.put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=0)

    with pytest.raises(ClientError) as refused:
        account.invoke("reserved")

    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_an_event_that_is_no_json_is_refused(account: Account) -> None:
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        account.functions.invoke(FunctionName="probe", Payload=b"{")


def test_an_event_that_is_too_large_is_refused(account: Account) -> None:
    with pytest.raises(ClientError, match="RequestTooLargeException"):
        account.invoke("probe", "x" * 1_048_577, InvocationType="Event")


def test_an_answer_that_is_too_large_is_an_error(account: Account) -> None:
    error = failure(account.invoke("probe", {"answer": "x" * 3_200_000}))

    assert error["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_dry_run_runs_nothing(account: Account) -> None:
    before = len(account.invocations("probe"))

    invocation = account.invoke("probe", InvocationType="DryRun")

    assert invocation["StatusCode"] == 204
    assert len(account.invocations("probe")) == before


def test_a_role_that_does_not_trust_lambda_makes_no_function(account: Account) -> None:
    role = account.role("distrustful", trusted=["ec2.amazonaws.com"])

    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        account.functions.create_function(
            FunctionName="never", Role=role, Code={"ZipFile": b""}, Runtime="python3.13", Handler="app.handler"
        )


def test_a_functions_calls_are_its_roles_at_the_local_time(account: Account, sdk: Path) -> None:
    account.function("caller", Timeout=30)
    source = sources.FunctionSource(HANDLERS / "caller", (sdk,))
    sources.register(account.account_id, account.region, "caller", source)
    first = answer(account.invoke("caller"))

    clock.advance(3 * 86400)
    second = answer(account.invoke("caller"))

    assert first["identity"] == f"arn:aws:sts::{account.account_id}:assumed-role/caller-role/caller"
    assert second["time"] - first["time"] > 3 * 86400
    assert abs(second["time"] - clock.time()) < 5


def test_the_time_left_is_in_real_seconds_whatever_the_local_time(account: Account) -> None:
    answer(account.invoke("probe"))

    clock.advance(7 * 86400)
    result = answer(account.invoke("probe"))

    assert 8000 < result["remaining"] <= 10000
    assert abs(result["time"] - clock.time()) < 5


def test_an_asynchronous_invocation_is_tried_three_times(account: Account) -> None:
    account.function("failing")

    invocation = account.invoke("failing", {"raise": "again"}, InvocationType="Event")
    wait_until(lambda: len(account.invocations("failing")) == 1)
    clock.advance(61)
    wait_until(lambda: len(account.invocations("failing")) == 2)
    clock.advance(121)
    wait_until(lambda: len(account.invocations("failing")) == 3)
    wait_until_quiet()

    assert invocation["StatusCode"] == 202
    assert len({each.request_id for each in account.invocations("failing")}) == 1


def test_a_lost_asynchronous_invocation_goes_to_its_destination(account: Account) -> None:
    queue = account.queue("lost-invocations")
    account.function("losing")
    account.functions.put_function_event_invoke_config(
        FunctionName="losing",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": queue}},
    )

    account.invoke("losing", {"raise": "lost"}, InvocationType="Event")
    wait_until_quiet()

    (record,) = account.bodies(queue)
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestPayload"] == {"raise": "lost"}
    assert record["responsePayload"]["errorMessage"] == "lost"


def test_an_invocation_record_is_not_sent_where_the_role_may_not(account: Account) -> None:
    queue = account.queue("forbidden")
    account.function("meek")
    account.functions.put_function_event_invoke_config(
        FunctionName="meek", DestinationConfig={"OnSuccess": {"Destination": queue}}
    )
    account.client("iam").delete_role_policy(RoleName="meek-role", PolicyName="all")

    account.invoke("meek", InvocationType="Event")
    wait_until_quiet()

    assert account.messages(queue) == []


def test_the_processes_of_a_deleted_function_end(account: Account) -> None:
    account.function("brief")
    process = answer(account.invoke("brief"))["process"]

    account.functions.delete_function(FunctionName="brief")

    wait_until(lambda: not _lives(process))


def test_no_process_outlives_the_local_aws_however_it_ends(tmp_path: Path) -> None:
    script = textwrap.dedent(
        f"""
        import os, signal
        from pathlib import Path
        from local_aws import functions
        from local_aws.functions.configuration import FunctionConfiguration
        from local_aws.functions.runtime_api import Task
        from local_aws.functions.sandbox import Sandbox
        from local_aws.functions.sources import FunctionSource
        configuration = FunctionConfiguration(
            "111111111111", "eu-west-1", "orphan", "$LATEST", "arn", "app.handler", "python3.13",
            "arn:aws:iam::111111111111:role/orphan", 10.0, 128, (), "/orphan", "Text", "",
            FunctionSource(Path({str(HANDLERS / "probe")!r})), "",
        )
        sandbox = Sandbox(configuration, "http://127.0.0.1:1")
        sandbox.run(Task("1", b"{{}}", "arn", "Root=1", 10.0))
        print(sandbox._process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)

    process = int(ended.stdout)
    wait_until(lambda: not _lives(process))


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # In a container without an init process an ended orphan remains as a zombie.
    status = Path(f"/proc/{process}/stat")
    return not (status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z")
