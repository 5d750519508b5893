"""Policy documents: their grammar and their evaluation."""

from __future__ import annotations

import fnmatch
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.policy_language.patterns import wildcard_matches
from local_aws.policy_language.policies import (
    Allowed,
    ExplicitlyDenied,
    ImplicitlyDenied,
    MalformedPolicyError,
    PermissionRequest,
    Statement,
    evaluate,
    parse,
)
from local_aws.policy_language.principals import Caller

TABLE = "arn:aws:dynamodb:us-east-1:111111111111:table/ledger"


def policy(*statements: dict[str, Any], version: str | None = "2012-10-17") -> dict[str, Any]:
    return {"Statement": list(statements)} | ({"Version": version} if version else {})


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize(
    ("statement", "action", "resource", "allowed"),
    [
        pytest.param(allow("dynamodb:GetItem", TABLE), "dynamodb:GetItem", TABLE, True, id="the same"),
        pytest.param(allow("DynamoDB:getitem", TABLE), "dynamodb:GetItem", TABLE, True, id="actions have no case"),
        pytest.param(allow("dynamodb:*", TABLE), "dynamodb:GetItem", TABLE, True, id="a star for all actions"),
        pytest.param(allow("dynamodb:?etItem", TABLE), "dynamodb:GetItem", TABLE, True, id="one character"),
        pytest.param(allow("dynamodb:Get*", TABLE), "dynamodb:PutItem", TABLE, False, id="another action"),
        pytest.param(
            allow("*", TABLE.replace("ledger", "Ledger")), "dynamodb:GetItem", TABLE, False, id="resources have case"
        ),
        pytest.param(allow("*", f"{TABLE}*"), "dynamodb:Query", f"{TABLE}/index/i", True, id="a star for the index"),
        pytest.param(allow("*", TABLE), "dynamodb:Query", f"{TABLE}/index/i", False, id="an index is not its table"),
        pytest.param(
            allow("*", f"{TABLE.replace('ledger', '*')}"), "ssm:GetParameter", "*", False, id="no resource needs a star"
        ),
        pytest.param(
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            "iam:GetRole",
            "*",
            False,
            id="NotAction names it",
        ),
        pytest.param(
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            "ssm:GetRole",
            "*",
            True,
            id="NotAction does not",
        ),
        pytest.param(
            {"Effect": "Allow", "Action": "*", "NotResource": TABLE}, "dynamodb:GetItem", TABLE, False, id="NotResource"
        ),
    ],
)
def test_a_statement_allows_what_it_names(statement: dict[str, Any], action: str, resource: str, allowed: bool) -> None:
    decision = evaluate(parse(policy(statement)), PermissionRequest(action, resource))

    assert isinstance(decision, Allowed) is allowed


def test_a_deny_wins_over_any_allow_and_is_named() -> None:
    statements = parse(policy(allow(), deny("dynamodb:DeleteTable", TABLE, Sid="Keep")))

    decision = evaluate(statements, PermissionRequest("dynamodb:DeleteTable", TABLE))

    assert isinstance(decision, ExplicitlyDenied)
    assert decision.statement.sid == "Keep"


def test_an_action_that_no_statement_names_is_denied() -> None:
    assert evaluate((), PermissionRequest("ssm:GetParameter", "*")) == ImplicitlyDenied()


@pytest.mark.parametrize(
    ("version", "resource", "allowed"),
    [
        pytest.param("2012-10-17", "arn:aws:s3:::home/alice", True, id="a variable stands for the caller's"),
        pytest.param("2012-10-17", "arn:aws:s3:::home/bob", False, id="and for nobody else's"),
        pytest.param("2008-10-17", "arn:aws:s3:::home/alice", False, id="the old version knows no variables"),
        pytest.param(None, "arn:aws:s3:::home/alice", False, id="which is the default"),
    ],
)
def test_a_variable_in_a_resource_is_filled_in_from_the_request(
    version: str | None, resource: str, allowed: bool
) -> None:
    statements = parse(policy(allow("*", "arn:aws:s3:::home/${aws:username}"), version=version))

    decision = evaluate(statements, PermissionRequest("s3:GetObject", resource, {"aws:username": ("alice",)}))

    assert isinstance(decision, Allowed) is allowed


@pytest.mark.parametrize(
    ("pattern", "resource", "allowed"),
    [
        pytest.param("arn:aws:s3:::${aws:username, 'all'}/*", "arn:aws:s3:::all/x", True, id="a default"),
        pytest.param("arn:aws:s3:::${aws:username}", "arn:aws:s3:::", False, id="no value matches nothing"),
        pytest.param("arn:aws:s3:::${aws:PrincipalTag/team}", "arn:aws:s3:::red", False, id="a value is no wildcard"),
        pytest.param("arn:aws:s3:::${*}", "arn:aws:s3:::*", True, id="a star meant as a star"),
        pytest.param("arn:aws:s3:::${*}", "arn:aws:s3:::x", False, id="which stands for nothing else"),
    ],
)
def test_variables_have_defaults_and_never_bring_wildcards(pattern: str, resource: str, allowed: bool) -> None:
    statements = parse(policy(allow("*", pattern)))

    decision = evaluate(statements, PermissionRequest("s3:GetObject", resource, {"aws:principaltag/team": ("*",)}))

    assert isinstance(decision, Allowed) is allowed


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        pytest.param("{", "not JSON", id="broken JSON"),
        pytest.param("[]", "object", id="a list"),
        pytest.param(policy(), "Statement", id="no statements"),
        pytest.param(policy(allow(), version="2020-01-01"), "Version", id="an unknown version"),
        pytest.param(policy(allow()) | {"Statements": []}, "Statements", id="an unknown element"),
        pytest.param(policy(allow(Recource="*")), "Recource", id="an unknown element of a statement"),
        pytest.param(policy({"Effect": "allow", "Action": "*", "Resource": "*"}), "Effect", id="Effect has case"),
        pytest.param(policy({"Effect": "Allow", "Action": "*"}), "Resource", id="no resource"),
        pytest.param(policy(allow(NotAction="*")), "Action", id="Action and NotAction"),
        pytest.param(policy(allow(Principal="*")), "Principal", id="a principal in a role's policy"),
        pytest.param(policy(allow("GetItem")), "service:Action", id="an action without service"),
        pytest.param(policy(allow("ssm:Get Parameter")), "service:Action", id="a blank in an action"),
        pytest.param(policy(allow(resource="ledger")), "ARN", id="a name for a resource"),
        pytest.param(
            policy(allow(resource="arn:aws:*:us-east-1:111111111111:x")), "service", id="a star for a service"
        ),
        pytest.param(policy(allow(resource=[])), "Resource", id="no resource in the list"),
        pytest.param(policy(allow(Sid="two words")), "Sid", id="a Sid with a blank"),
        pytest.param(policy(allow(Sid="Same"), allow(Sid="Same")), "unique", id="a Sid twice"),
        pytest.param(policy(allow(Condition={"StringIs": {"a:b": "c"}})), "StringIs", id="an unknown operator"),
        pytest.param(policy(allow(Condition={"ForNone:StringLike": {"a:b": "c"}})), "ForNone", id="an unknown set"),
        pytest.param(policy(allow(Condition={"StringLike": {"a:b": []}})), "a:b", id="a key without values"),
        pytest.param('{"Statement": [], "Statement": []}', "twice", id="an element twice"),
    ],
)
def test_a_document_that_iam_refuses_is_refused_with_the_reason(document: Any, complaint: str) -> None:
    with pytest.raises(MalformedPolicyError, match=complaint):
        parse(document)


@pytest.mark.parametrize(
    ("principal", "trusted"),
    [
        pytest.param({"AWS": "arn:aws:iam::111111111111:role/decider"}, True, id="the role"),
        pytest.param({"AWS": "111111111111"}, False, id="its account is not itself"),
        pytest.param({"AWS": ["222222222222", "arn:aws:iam::111111111111:role/decider"]}, True, id="one of several"),
        pytest.param({"AWS": "*"}, True, id="everyone"),
        pytest.param("*", True, id="everyone, in short"),
        pytest.param({"Service": "lambda.amazonaws.com"}, False, id="a service"),
    ],
)
def test_a_trust_policy_allows_its_principals(principal: Any, trusted: bool) -> None:
    statements = parse(policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}), "trust")
    caller = Caller("AWS", frozenset({"arn:aws:iam::111111111111:role/decider"}))

    decision = evaluate(statements, PermissionRequest("sts:AssumeRole", "arn:aws:iam::1:role/r", caller=caller))

    assert isinstance(decision, Allowed) is trusted


def test_an_account_is_named_by_its_number_or_its_root() -> None:
    caller = Caller("AWS", frozenset()).as_account("111111111111", "aws")
    by_number = parse(policy({"Effect": "Allow", "Action": "*", "Principal": {"AWS": "111111111111"}}), "trust")
    by_root = parse(
        policy({"Effect": "Allow", "Action": "*", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}}), "trust"
    )

    decisions = [
        evaluate(each, PermissionRequest("sts:AssumeRole", "arn:aws:iam::1:role/r", caller=caller))
        for each in (by_number, by_root)
    ]

    assert all(isinstance(each, Allowed) for each in decisions)


ACTIONS = st.sampled_from(["ssm:GetParameter", "ssm:PutParameter", "ssm:*", "*", "dynamodb:Get*"])
RESOURCES = st.sampled_from(["*", TABLE, f"{TABLE}*", "arn:aws:ssm:*:*:parameter/a/*"])
REQUESTS = st.builds(
    PermissionRequest,
    st.sampled_from(["ssm:GetParameter", "ssm:PutParameter", "dynamodb:GetItem"]),
    st.sampled_from(["*", TABLE, "arn:aws:ssm:us-east-1:111111111111:parameter/a/b"]),
)


def statements_of(effect: str) -> st.SearchStrategy[Statement]:
    return st.builds(
        lambda action, resource: parse(policy({"Effect": effect, "Action": action, "Resource": resource}))[0],
        ACTIONS,
        RESOURCES,
    )


@given(
    st.lists(statements_of("Allow"), max_size=4),
    st.lists(statements_of("Deny"), min_size=1, max_size=2),
    REQUESTS,
    st.randoms(use_true_random=False),
)
def test_a_deny_that_applies_wins_at_any_position(
    allows: list[Statement], denies: list[Statement], request: PermissionRequest, random: Any
) -> None:
    statements = allows + denies
    random.shuffle(statements)

    decision = evaluate(statements, request)

    assert isinstance(decision, ExplicitlyDenied) is any(each.applies(request) for each in denies)


@given(
    st.lists(statements_of("Allow") | statements_of("Deny"), max_size=4),
    statements_of("Allow"),
    REQUESTS,
)
def test_one_more_allow_takes_nothing_away(
    statements: list[Statement], more: Statement, request: PermissionRequest
) -> None:
    before = evaluate(statements, request)

    after = evaluate([more, *statements], request)

    assert isinstance(after, Allowed) or not isinstance(before, Allowed)


@given(st.text("ab*?:", max_size=8), st.text("ab:\n", max_size=8))
def test_wildcards_match_like_a_naive_matcher(pattern: str, text: str) -> None:
    naive = re.fullmatch(fnmatch.translate(pattern), text) is not None

    assert wildcard_matches(pattern, text) is naive


def test_many_stars_are_matched_fast() -> None:
    assert not wildcard_matches("a*" * 10 + "*" * 200 + "b", "a" * 200)
