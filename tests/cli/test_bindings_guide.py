"""The guide to bindings: what it has people write is good, and it leaves nothing out."""

import re

from typer.testing import CliRunner

from drawbridge.association.quotas import DEFAULTS
from drawbridge.association.refusals import NOT_PERMITTED
from drawbridge.decision.let_in import DENIED
from drawbridge.lattice import NOT_VISIBLE, UNAVAILABLE
from drawbridge_cli.main import app
from drawbridge_cli.reason_codes import OF_REFUSALS
from tests.builders import REPOSITORY
from tests.cli.made import parsed

DOCS = REPOSITORY / "docs"
GUIDE = (DOCS / "bindings.md").read_text()
ASSOCIATION = REPOSITORY / "layers" / "drawbridge" / "drawbridge" / "association"


def section(title: str) -> str:
    return GUIDE.partition(f"## {title}")[2].partition("\n## ")[0]


def firsts(title: str) -> set[str]:
    """Return what stands first in the rows of a section's table."""
    return set(re.findall(r"^\| `([a-z-]+)` \|", section(title), re.MULTILINE))


def test_the_examples_are_good() -> None:
    ran = CliRunner().invoke(app, ["bindings", "check", str(DOCS / "bindings")])

    assert (ran.exit_code, ran.output) == (0, "4 bindings: good\n")


def test_the_guide_lists_every_example() -> None:
    assert firsts("Examples") == {path.stem for path in (DOCS / "bindings").iterdir()}


def test_every_reason_is_in_the_table_and_has_something_to_do() -> None:
    sources = "".join(
        (ASSOCIATION / f"{name}.py").read_text()
        for name in ("aliases", "impossible", "placing", "plan", "preflight", "refusals", "steps")
    )
    codes = set(re.findall(r"(?:Reason|Blocked|AliasFault)\(\s*\"([a-z-]+)\"|yield \"([a-z-]+)\"", sources))
    raised = {one or other for one, other in codes} | {
        "share-not-accepted",
        "not-let-in",
        DENIED,
        NOT_PERMITTED,
        NOT_VISIBLE,
        UNAVAILABLE,
    }

    assert firsts("Refusals, and what to do") == raised
    assert set(OF_REFUSALS) == raised


def test_every_quota_is_in_the_table() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", section("Quotas"), re.MULTILINE)

    assert {name: int(limit) for name, limit in rows} == DEFAULTS


def test_the_policy_of_the_guide_is_good() -> None:
    texts = re.findall(r"```cedar\n(.*?)```", GUIDE, re.DOTALL)

    policies = parsed({f"vendor-{number}": text for number, text in enumerate(texts)})
    assert [statement.effect for policy in policies for statement in policy.statements] == ["permit", "forbid"]
