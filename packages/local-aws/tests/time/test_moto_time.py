from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from local_aws.time import moto_time
from local_aws.time.clock import clock


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    moto_time.install()
    with mock_aws():
        yield


def test_a_message_is_visible_again_once_the_clock_has_passed_its_visibility_timeout() -> None:
    sqs = boto3.client("sqs", region_name="us-east-1")
    url = sqs.create_queue(QueueName="hints", Attributes={"VisibilityTimeout": "1800"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="look")
    sqs.receive_message(QueueUrl=url)
    while_hidden = sqs.receive_message(QueueUrl=url).get("Messages", [])

    clock.advance(3600)
    after_an_hour = sqs.receive_message(QueueUrl=url)["Messages"]

    assert while_hidden == []
    assert [message["Body"] for message in after_an_hour] == ["look"]


def test_credentials_expire_by_the_clock() -> None:
    clock.advance(3600)

    expires = boto3.client("sts", region_name="us-east-1").assume_role(
        RoleArn="arn:aws:iam::111111111111:role/any", RoleSessionName="someone"
    )["Credentials"]["Expiration"]

    assert abs(expires - clock.now() - timedelta(hours=1)) < timedelta(minutes=1)


def test_modules_that_use_datetime_directly_use_the_clock() -> None:
    ram = boto3.client("ram", region_name="us-east-1")
    clock.advance(3600)

    share = ram.create_resource_share(name="orders")["resourceShare"]

    assert abs(share["creationTime"] - clock.now()) < timedelta(minutes=1)


def test_real_datetimes_are_still_recognised_by_patched_modules() -> None:
    import moto.ram.models  # noqa: PLC0415 - only after the patch it is of interest

    assert isinstance(datetime.now(UTC), moto.ram.models.datetime)


def test_installing_twice_changes_nothing() -> None:
    import moto.core.utils  # noqa: PLC0415 - only after the patch it is of interest

    moto_time.install()

    assert moto.core.utils.utcnow is moto_time.utcnow
    assert abs(moto.core.utils.unix_time() - clock.time()) < 1


def test_the_patched_symbol_exists() -> None:
    import moto.core.utils  # noqa: PLC0415 - only after the patch it is of interest

    assert callable(moto.core.utils.utcnow)
