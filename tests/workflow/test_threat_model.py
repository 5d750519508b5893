"""The threat model speaks of every role and every door that the template has."""

from __future__ import annotations

import re

import pytest

from drawbridge.intake.offering.offers import OfferRecord
from tests.builders import REPOSITORY
from tests.workflow.definition import RESOURCES, TEMPLATE, of_type

TEXT = (REPOSITORY / "docs" / "threat-model.md").read_text()
ROWS = re.findall(r"^\| `(\w+Role)` \|", TEXT, re.MULTILINE)


def test_every_role_of_the_template_has_its_row_and_no_other_has() -> None:
    assert sorted(ROWS) == sorted(of_type("AWS::IAM::Role"))


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (
            "AWS::DynamoDB::Table",
            {
                "ApprovalsTable": "approvals table",
                "AttemptsTable": "attempts table",
                "HistoryTable": "the history",
                "ConsumersTable": "registry",
                "LedgerTable": "ledger",
                "OffersTable": "what is offered",
            },
        ),
        ("AWS::SNS::Topic", {"ConnectionNotifications": "topic"}),
        ("AWS::Events::EventBus", {"Bus": "bus"}),
        ("AWS::ApiGatewayV2::Api", {"SlackApi": "callback's address"}),
        ("AWS::ApiGatewayV2::Api", {"SlackApi": "proofs' address"}),
    ],
)
def test_every_thing_that_somebody_could_write_to_has_a_row(kind: str, names: dict[str, str]) -> None:
    doors = [line for line in TEXT.splitlines() if line.startswith("| ")]

    assert names.keys() == {name for name, each in RESOURCES.items() if each["Type"] == kind}
    for name, words in names.items():
        assert [each for each in doors if words in each.split("|")[1]], name


def test_the_parameters_that_limit_what_iam_allows_are_those_of_the_template() -> None:
    named = set(
        re.findall(r"`(ShareOwners|AliasZones|WidestPrivateDns|InstallDefaultPolicies|AllowPermitEverything)\b", TEXT)
    )

    assert len(named) == 5
    assert named <= TEMPLATE["Parameters"].keys()


def test_every_file_and_target_that_it_names_is_there() -> None:
    for path in re.findall(r"`((?:tests|docs|packages)/[\w/.-]+)`", TEXT):
        assert (REPOSITORY / path).exists(), path


@pytest.mark.parametrize("attribute", ["let_in", "delayed", "absent", "announced", "commanded"])
def test_what_is_let_in_and_taken_down_by_the_ledger_is_said_of_whoever_writes_it(attribute: str) -> None:
    (said,) = [line for line in TEXT.splitlines() if line.startswith("| writing the ledger |")]

    assert f"`{attribute}`" in said.split("|")[2]


@pytest.mark.parametrize("attribute", ["leaving", "awaited_since", "refused_at"])
def test_what_leaves_and_joins_shares_by_the_offers_table_is_said_of_whoever_writes_it(attribute: str) -> None:
    (said,) = [line for line in TEXT.splitlines() if line.startswith("| writing what is offered (`OffersTable`) |")]

    assert attribute in OfferRecord.__struct_fields__
    assert f"`{attribute}`" in said.split("|")[2]
