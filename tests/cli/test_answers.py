"""What commands that change something answer to programs."""

import json
from pathlib import Path

import pytest

from drawbridge.status import Status
from tests.builders import CONSUMER, SHARE, STRANGER
from tests.cli.connected import connection, enter, ledger_of, row_of
from tests.cli.made import PERMIT, folder_of
from tests.cli.operators import Drawbridge, Operator

CONNECTION = connection(1)
BINDING = {
    "match": {"resource": "orders-*"},
    "attach": {"mode": "service-network", "serviceNetwork": "sn-00000000000000001"},
}


@pytest.mark.parametrize(
    ("arguments", "say"),
    [
        (("approve", "share-1"), "--yes"),
        (("deny", "share-1"), "--yes"),
        (("retry", "share-1"), "--yes"),
        (("withdraw", "--confirm"), "--yes or --dry-run"),
        (("redrive", "--send"), "--yes or --dry-run"),
        (("consumers", "remove", CONSUMER), "--yes or --dry-run"),
        (("policy", "apply", "x.cedar"), "--yes or --dry-run"),
        (("bindings", "apply", "x.yaml"), "--yes or --dry-run"),
        (("bindings", "remove", "x"), "--yes or --dry-run"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_who_would_be_asked_has_to_say_yes_beforehand(
    drawbridge: Drawbridge, arguments: tuple[str, ...], say: str
) -> None:
    ended = drawbridge(*arguments, "--json")

    message = f"--json: nobody is asked then; say {say} as well"
    assert (ended.code, ended.err) == (2, f"{message}\n")
    assert ended.json == {"error": {"code": "invalid-input", "field": "--json", "message": message}}


def test_consumers_are_registered_and_removed(at_work: Drawbridge, tmp_path: Path) -> None:
    file = tmp_path / "consumers.csv"
    file.write_text(f"account_id,services\n{CONSUMER},*\n12,*\n{STRANGER},*\n")

    added = at_work("consumers", "add", CONSUMER, "--service", "*", "--tier", "gold", "--json")
    imported = at_work("consumers", "import", str(file), "--keep-good", "--json")
    tried = at_work("consumers", "remove", STRANGER, "--dry-run", "--json")
    removed = at_work("consumers", "remove", STRANGER, "--yes", "--json")
    again = at_work("consumers", "remove", STRANGER, "--yes", "--json")

    assert (added.code, added.json["account_id"], added.json["tier"]) == (0, CONSUMER, "gold")
    assert (imported.code, imported.json["registered"]) == (1, [STRANGER])
    assert (imported.json["there_already"], [each["line"] for each in imported.json["bad_lines"]]) == ([CONSUMER], [3])
    for ended, is_dry in ((tried, True), (removed, False)):
        assert (ended.code, ended.json["dry_run"], ended.json["requests"]) == (0, is_dry, [])
        assert ended.json["consumer"]["account_id"] == STRANGER
    assert (again.code, again.json["error"]["code"]) == (1, "finding")


def test_connections_that_go_with_a_consumer_are_told(at_work: Drawbridge, operator: Operator) -> None:
    with ledger_of(operator) as ledger:
        enter(ledger, CONNECTION, Status.AVAILABLE)
        at_work("consumers", "add", CONSUMER, "--service", "*", "--replace")

        ended = at_work("consumers", "remove", CONSUMER, "--yes", "--json")

    # Nobody manages its service in these tests: it stays, and is told.
    (told,) = ended.json["requests"]
    assert (ended.code, told["request_id"], told["result"]) == (1, CONNECTION.request_id, "not-managed")


def test_what_is_tried_again_is_told(at_work: Drawbridge, operator: Operator) -> None:
    with ledger_of(operator) as ledger:
        enter(ledger, SHARE, Status.HELD)

        ended = at_work("retry", SHARE.request_id, "--yes", "--json")

        assert row_of(ledger, SHARE).observed_fingerprint == "retry"
    assert (ended.code, ended.json["request_id"], ended.json["result"]) == (0, SHARE.request_id, "tried-again")


def test_policies_that_are_put_in_force_are_told(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    arguments = ("policy", "apply", folder_of(tmp_path, {"let-in": PERMIT}), "--json")

    tried = at_work(*arguments, "--dry-run")
    between = operator.policies()
    applied = at_work(*arguments, "--yes")
    again = at_work(*arguments, "--yes")

    assert (tried.code, tried.json["new"], tried.json["dry_run"], "let-in" in between) == (0, ["let-in"], True, False)
    assert (applied.code, applied.json["new"], applied.json["simulation"]["changes"]) == (0, ["let-in"], [])
    assert operator.policies()["let-in"] == PERMIT
    assert (again.code, again.json["new"], again.json["same"], again.json["simulation"]) == (0, [], ["let-in"], None)


def test_bindings_that_are_put_in_force_and_removed_are_told(at_work: Drawbridge, tmp_path: Path) -> None:
    (tmp_path / "orders.json").write_text(json.dumps(BINDING))
    arguments = ("bindings", "apply", str(tmp_path), "--json")

    tried, applied = at_work(*arguments, "--dry-run"), at_work(*arguments, "--yes")
    again = at_work(*arguments, "--yes")
    removed = at_work("bindings", "remove", "orders", "--yes", "--json")
    gone = at_work("bindings", "remove", "orders", "--yes", "--json")

    for ended, is_dry in ((tried, True), (applied, False)):
        assert (ended.code, ended.json["new"], ended.json["dry_run"]) == (0, ["orders"], is_dry)
        assert (ended.json["removals"], ended.json["unconfirmed"], ended.json["outstanding"]) == ([], [], [])
    assert (again.code, again.json["new"], again.json["same"]) == (0, [], ["orders"])
    assert (removed.code, removed.json["binding"]["name"], removed.json["removals"]) == (0, "orders", [])
    assert (gone.code, gone.json["error"]["code"]) == (1, "finding")


def test_all_mistakes_of_bindings_are_one_error(at_work: Drawbridge, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_text('{"match": 3}')

    ended = at_work("bindings", "apply", str(tmp_path), "--yes", "--json")

    lines = ended.json["error"]["message"].splitlines()
    assert ended.code == 1
    assert [line.removeprefix(str(tmp_path)).partition(" ")[0] for line in lines] == [
        "/one.json:",
        "/one.json:1:",
        "/two.json:",
        "/two.json:1:",
    ]
