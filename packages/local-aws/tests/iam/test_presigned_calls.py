"""Pre-signed calls of STS: verified as AWS verifies them, and answered in what the caller accepts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from local_aws.testing.accounts import Account, Accounts, Credentials
from local_aws.testing.clock import clock
from local_aws.testing.server import LocalAws
from local_aws_tests.presigned import ACTION, Answered, send, signed_url

HEADER = {"x-mine": "only once"}
MISMATCH = "The request signature we calculated does not match"


@pytest.fixture(scope="module")
def somebody(local_aws_accounts: Accounts) -> Account:
    return local_aws_accounts.person("311111111701", called="alice")


@pytest.fixture
def url(somebody: Account) -> str:
    return signed_url(somebody.credentials, clock.now(), headers=HEADER)


def refused(answered: Answered) -> tuple[int, str]:
    return answered.status, answered.json["Error"]["Code"]


def test_a_presigned_call_is_answered_with_who_signed_it(local_aws: LocalAws, url: str) -> None:
    answered = send(local_aws.url, url, headers=HEADER)

    assert (answered.status, answered.content_type) == (200, "application/json")
    identity = answered.json["GetCallerIdentityResponse"]["GetCallerIdentityResult"]
    assert identity["Account"] == "311111111701"
    assert identity["Arn"] == "arn:aws:sts::311111111701:assumed-role/person/alice"
    assert answered.json["GetCallerIdentityResponse"]["ResponseMetadata"].keys() == {"RequestId"}


def test_it_is_answered_in_xml_unless_json_is_accepted(local_aws: LocalAws, url: str) -> None:
    answered = send(local_aws.url, url, headers=HEADER, accept="*/*")

    assert answered.status == 200
    assert b"<Account>311111111701</Account>" in answered.body


def test_it_may_be_a_post_if_that_was_signed(local_aws: LocalAws, somebody: Account, url: str) -> None:
    posted = signed_url(somebody.credentials, clock.now(), method="POST")

    assert send(local_aws.url, posted, method="POST").status == 200
    assert refused(send(local_aws.url, url, headers=HEADER, method="POST")) == (403, "SignatureDoesNotMatch")


def test_it_can_be_used_again_while_it_is_valid_as_sts_keeps_no_record(local_aws: LocalAws, url: str) -> None:
    assert [send(local_aws.url, url, headers=HEADER).status for _ in range(2)] == [200, 200]


CHANGES: dict[str, Callable[[str], str]] = {
    "signature": lambda url: url[:-1] + ("0" if url[-1] != "0" else "1"),
    "time": lambda url: url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"),
    "action": lambda url: url.replace("Action=GetCallerIdentity", "Action=GetSessionToken"),
    "another parameter": lambda url: url.replace("&X-Amz-Signature", "&Name=x&X-Amz-Signature"),
    "parameter twice": lambda url: url.replace("&Version", "&Action=GetCallerIdentity&Version"),
    "without the header": lambda url: url.replace("host%3Bx-mine", "host"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_after_it_was_signed_is_refused(local_aws: LocalAws, url: str, change: str) -> None:
    changed = CHANGES[change](url)
    assert changed != url

    answered = send(local_aws.url, changed, headers=HEADER)

    assert refused(answered) == (403, "SignatureDoesNotMatch")
    assert MISMATCH in answered.json["Error"]["Message"]
    assert answered.json["Error"]["Type"] == "Sender"


@pytest.mark.parametrize("sent", [{}, {"x-mine": "another"}, {"x-mine": "only once more"}])
def test_a_signed_header_has_to_be_there_as_it_was_signed(local_aws: LocalAws, url: str, sent: dict[str, str]) -> None:
    assert refused(send(local_aws.url, url, headers=sent)) == (403, "SignatureDoesNotMatch")


def test_another_host_than_the_signed_one_is_refused(local_aws: LocalAws, url: str) -> None:
    for host in ("sts.eu-central-1.amazonaws.com", "sts.us-east-1.amazonaws.com:443", "localhost"):
        assert refused(send(local_aws.url, url, headers=HEADER, host=host)) == (403, "SignatureDoesNotMatch")


def test_the_order_of_the_query_is_not_signed(local_aws: LocalAws, url: str) -> None:
    start, _, query = url.partition("?")

    assert send(local_aws.url, f"{start}?{'&'.join(sorted(query.split('&')))}", headers=HEADER).status == 200


@pytest.mark.parametrize(
    ("seconds", "status", "words"),
    [
        (-14 * 60, 200, ""),
        (-16 * 60, 403, "Signature expired: "),
        (14 * 60, 200, ""),
        (16 * 60, 403, "Signature not yet current: "),
    ],
)
def test_it_is_valid_for_fifteen_minutes_before_and_after_whatever_it_says_itself(
    local_aws: LocalAws, somebody: Account, seconds: int, status: int, words: str
) -> None:
    answered = send(local_aws.url, signed_url(somebody.credentials, clock.now() + timedelta(seconds=seconds)))

    assert answered.status == status
    if words:
        assert answered.json["Error"]["Code"] == "SignatureDoesNotMatch"
        assert answered.json["Error"]["Message"].startswith(words)


def test_it_expires_by_the_clock(local_aws: LocalAws, url: str) -> None:
    clock.advance(901)

    assert refused(send(local_aws.url, url, headers=HEADER)) == (403, "SignatureDoesNotMatch")


def now() -> datetime:
    return clock.now()


def test_a_session_s_token_has_to_be_its_own(local_aws: LocalAws, somebody: Account) -> None:
    for token in (None, "another", somebody.credentials.session_token[:-1]):
        answered = send(local_aws.url, signed_url(somebody.credentials, now(), token=token))

        assert refused(answered) == (403, "InvalidClientTokenId")


def test_a_session_that_has_ended_is_refused(local_aws: LocalAws, local_aws_accounts: Accounts) -> None:
    sts = local_aws_accounts.person("311111111702").client("sts")
    arn = "arn:aws:iam::311111111702:role/person"
    made = sts.assume_role(RoleArn=arn, RoleSessionName="short", DurationSeconds=900)["Credentials"]
    short = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    assert send(local_aws.url, signed_url(short, now())).status == 200

    clock.advance(901)

    assert refused(send(local_aws.url, signed_url(short, now()))) == (403, "ExpiredToken")


def test_a_user_signs_with_a_key_that_is_active_and_without_a_token(
    local_aws: LocalAws, local_aws_accounts: Accounts
) -> None:
    iam = local_aws_accounts.person("311111111703").client("iam")
    iam.create_user(UserName="bob")
    made = iam.create_access_key(UserName="bob")["AccessKey"]
    bob = Credentials(made["AccessKeyId"], made["SecretAccessKey"], "")

    answered = send(local_aws.url, signed_url(bob, now()))
    arn = answered.json["GetCallerIdentityResponse"]["GetCallerIdentityResult"]["Arn"]
    assert arn == "arn:aws:iam::311111111703:user/bob"
    assert refused(send(local_aws.url, signed_url(bob, now(), token="any"))) == (403, "InvalidClientTokenId")

    iam.update_access_key(UserName="bob", AccessKeyId=bob.access_key_id, Status="Inactive")
    assert refused(send(local_aws.url, signed_url(bob, now()))) == (403, "InvalidClientTokenId")


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        (Credentials("AKIANOBODYKNOWSTHIS1", "secret", ""), "InvalidClientTokenId"),
        (Credentials("anyone", "anyone", ""), "InvalidClientTokenId"),
    ],
)
def test_an_unknown_key_is_nobody_s(local_aws: LocalAws, credentials: Credentials, code: str) -> None:
    assert refused(send(local_aws.url, signed_url(credentials, now()))) == (403, code)


def test_another_s_secret_does_not_sign_for_a_key(local_aws: LocalAws, somebody: Account) -> None:
    theirs = somebody.credentials
    forged = Credentials(theirs.access_key_id, "another", theirs.session_token)

    assert refused(send(local_aws.url, signed_url(forged, now()))) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"service": "s3"}, "Credential should be scoped to correct service: 'sts'."),
        ({"region": "eu-central-1"}, "Credential should be scoped to a valid region."),
    ],
)
def test_the_scope_has_to_be_that_of_the_host(
    local_aws: LocalAws, somebody: Account, changes: dict[str, Any], words: str
) -> None:
    answered = send(local_aws.url, signed_url(somebody.credentials, now(), **changes))

    assert refused(answered) == (403, "SignatureDoesNotMatch")
    assert answered.json["Error"]["Message"] == words


@pytest.mark.parametrize("name", ["X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Algorithm"])
def test_what_is_missing_or_twice_there_is_no_signature(local_aws: LocalAws, url: str, name: str) -> None:
    parts = url.split("&")
    without = "&".join(each for each in parts if not each.startswith(f"{name}="))
    twice = "&".join([*parts, next(each for each in parts if each.startswith(f"{name}="))])

    for changed in (without, twice):
        answered = send(local_aws.url, changed, headers=HEADER)

        assert refused(answered) == (403, "IncompleteSignature")
        assert name in answered.json["Error"]["Message"]


def test_an_unsigned_call_is_refused(local_aws: LocalAws) -> None:
    answered = send(local_aws.url, f"https://sts.us-east-1.amazonaws.com/?{ACTION}")

    assert answered.status == 403


def test_other_regions_and_partitions_have_hosts_of_their_own(local_aws: LocalAws, somebody: Account) -> None:
    for host, region in (("sts.amazonaws.com", "us-east-1"), ("sts.eu-central-1.amazonaws.com", "eu-central-1")):
        call = signed_url(somebody.credentials, now(), host=host, region=region)

        assert send(local_aws.url, call).status == 200


def test_odd_characters_are_signed_as_they_are(local_aws: LocalAws, somebody: Account) -> None:
    value = "a b+c/d=é~"
    call = signed_url(somebody.credentials, now(), action=f"{ACTION}&Name={quote(value)}")

    # STS's model has no such parameter, and ignores it.
    assert send(local_aws.url, call).status == 200


def test_a_link_to_an_object_is_not_sts_s_business(local_aws: LocalAws, somebody: Account) -> None:
    s3 = somebody.client("s3")
    s3.create_bucket(Bucket="links-of-alice")
    s3.put_object(Bucket="links-of-alice", Key="it", Body=b"here")
    link = s3.generate_presigned_url("get_object", {"Bucket": "links-of-alice", "Key": "it"})

    assert send(local_aws.url, link).body == b"here"
