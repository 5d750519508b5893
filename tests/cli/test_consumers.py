"""``drawbridge consumers``, in an account that has the stack."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.credentials import ReadOnlyCredentials

from drawbridge.aws.consumers_table import ConsumersTable
from drawbridge.decision.consumer_standing import Standing, standing_of
from drawbridge.decision.facts import TIER_TAG, Consumer
from drawbridge.errors import AccessDeniedError
from drawbridge.hint import EVERYTHING, HintSource
from drawbridge.hint.parse import parse_hint
from drawbridge.intake.ownership.challenge import parse_challenge
from drawbridge.request.connections import ManagedService
from drawbridge_cli.proof_signing import signed_document
from drawbridge_cli.stack import Stack
from local_aws.testing.clock import clock
from tests.builders import CONSUMER, PROVIDER, SERVICE_ID, STRANGER, told
from tests.cli.operators import SWEEP_COMMANDED, Drawbridge, Ended, Operator, denied, now

OTHER_SERVICE = "vpce-svc-00000000000000001"
FILE = f"""\
account_id,tier,services,name,notes
{CONSUMER},gold,{SERVICE_ID} {OTHER_SERVICE},"Orders, the team",
{STRANGER},,*,,since May
"""
ROLE = f"arn:aws:iam::{CONSUMER}:role/Connector"
ROOT = f"arn:aws:iam::{CONSUMER}:root"
BAD_LINES = f"12345678901,gold,*,,\n{PROVIDER},gold,orders,,\n"


@pytest.fixture(autouse=True)
def _nobody_is_registered(operator: Operator) -> None:
    table = operator.table("ConsumersTableName")
    for item in table.scan()["Items"]:
        table.delete_item(Key={"account_id": item["account_id"]})
    operator.hints()


@pytest.fixture(autouse=True)
def _there_are_services(monkeypatch: pytest.MonkeyPatch) -> None:
    tags = {TIER_TAG: "gold"}
    services = tuple(ManagedService(service_id=each, tags=tags) for each in (SERVICE_ID, OTHER_SERVICE))
    monkeypatch.setattr(Stack, "services", services)


def registered(operator: Operator, account_id: str) -> Consumer | None:
    """Return what decisions go by."""
    return ConsumersTable(operator.table("ConsumersTableName")).consumer(account_id)


def tiers(operator: Operator) -> dict[str, str]:
    return {each.account_id: each.consumer.tier for each in ConsumersTable(operator.table("ConsumersTableName")).all()}


def file(folder: Path, text: str) -> str:
    path = folder / "consumers.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_who_is_added_is_known(at_work: Drawbridge, operator: Operator) -> None:
    ended = at_work(
        *("consumers", "add", CONSUMER, "--service", SERVICE_ID, "--service", OTHER_SERVICE),
        *("--tier", "gold", "--name", "Orders", "--notes", "since May"),
    )

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"registered  {CONSUMER}\n"
    consumer = registered(operator, CONSUMER)
    assert consumer is not None
    assert (consumer.tier, consumer.name, consumer.notes) == ("gold", "Orders", "since May")
    assert consumer.services == {SERVICE_ID, OTHER_SERVICE}
    assert consumer.since is not None
    assert now() - consumer.since < timedelta(minutes=5)


def test_a_hint_to_sweep_everything_is_sent(at_work: Drawbridge, operator: Operator) -> None:
    at_work("consumers", "add", CONSUMER, "--service", "*")
    added = operator.hints()
    at_work("consumers", "remove", CONSUMER)
    removed = operator.hints()

    assert [parse_hint(body) for body in (*added, *removed)] == [SWEEP_COMMANDED, SWEEP_COMMANDED]


def test_who_may_not_send_hints_registers_all_the_same(at_work: Drawbridge, operator: Operator) -> None:
    with denied("sqs:SendMessage", operator.account_id):
        ended = at_work("consumers", "add", CONSUMER, "--service", "*")

    assert ended.code == 0
    assert "it will notice within its schedule" in ended.err
    assert registered(operator, CONSUMER)
    assert operator.hints() == []


def test_who_may_not_write_the_registry_is_told(at_work: Drawbridge, operator: Operator) -> None:
    with denied("dynamodb:UpdateItem", operator.account_id):
        ended = at_work("consumers", "add", CONSUMER, "--service", "*")

    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith(f"AWS: register {CONSUMER}: AccessDeniedException")
    assert operator.hints() == []


def test_who_is_registered_already_is_left_unless_told_otherwise(at_work: Drawbridge, operator: Operator) -> None:
    at_work("consumers", "add", CONSUMER, "--service", "*", "--tier", "gold")
    operator.hints()

    again = at_work("consumers", "add", CONSUMER, "--service", "*", "--tier", "silver")

    assert (again.code, again.out) == (2, "")
    assert again.err == (
        f"{CONSUMER} is registered already; drawbridge consumers show {CONSUMER} shows it, --replace overwrites it\n"
    )
    assert tiers(operator) == {CONSUMER: "gold"}
    assert operator.hints() == []

    assert at_work("consumers", "add", CONSUMER, "--service", "*", "--tier", "silver", "--replace").code == 0
    assert tiers(operator) == {CONSUMER: "silver"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("1234", "--service", "*"), "account_id: '1234'"),
        ((CONSUMER, "--service", "orders"), "services: 'orders'"),
        ((CONSUMER, "--service", "*", "--tier", "very gold"), "tier: 'very gold'"),
    ],
)
def test_what_is_wrong_is_reported_and_not_registered(
    at_work: Drawbridge, operator: Operator, arguments: tuple[str, ...], message: str
) -> None:
    ended = at_work("consumers", "add", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(message)
    assert tiers(operator) == {}
    assert operator.hints() == []


def test_who_is_registered_is_listed_by_account(at_work: Drawbridge, tmp_path: Path) -> None:
    at_work("consumers", "import", file(tmp_path, FILE))

    ended = at_work("consumers", "list")

    header, _rule, first, second, counted = ended.out.splitlines()
    assert header.split() == ["account", "tier", "services", "name", "since", "standing", "notes"]
    assert first.startswith(f"{CONSUMER}  gold  {OTHER_SERVICE} {SERVICE_ID}  Orders, the team  ")
    assert second.startswith(f"{STRANGER}        *")
    assert counted == "2 of 2 consumers"


@pytest.mark.parametrize(
    ("only", "listed"),
    [
        ((), [CONSUMER, STRANGER]),
        (("--tier", "gold"), [CONSUMER]),
        (("--tier", "silver"), []),
        (("--service", SERVICE_ID), [CONSUMER, STRANGER]),
        (("--service", "vpce-svc-00000000000000002"), [STRANGER]),
        (("--tier", "gold", "--service", "vpce-svc-00000000000000002"), []),
    ],
)
def test_a_list_may_be_of_a_tier_or_of_who_may_reach_a_service(
    at_work: Drawbridge, tmp_path: Path, only: tuple[str, ...], listed: list[str]
) -> None:
    at_work("consumers", "import", file(tmp_path, FILE))

    written = at_work("consumers", "list", "--json", *only)
    shown = at_work("consumers", "list", *only)

    assert [each["account_id"] for each in written.json] == listed
    assert shown.out.splitlines()[-1] == f"{len(listed)} of 2 consumers"
    assert (written.code, shown.code) == (0, 0)


def test_who_reaches_a_service_by_its_tier_is_listed(at_work: Drawbridge) -> None:
    at_work("consumers", "add", CONSUMER, "--tier", "gold")
    at_work("consumers", "add", STRANGER, "--tier", "silver")

    ended = at_work("consumers", "list", "--json", "--service", SERVICE_ID)

    assert ([each["account_id"] for each in ended.json], ended.err) == ([CONSUMER], "")


def test_a_list_says_what_it_leaves_out_of_a_service_whose_tier_nobody_may_know(
    at_work: Drawbridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(_stack: Stack) -> None:
        raise AccessDeniedError("list endpoint services")

    monkeypatch.setattr(Stack, "services", property(deny))
    at_work("consumers", "add", CONSUMER, "--tier", "gold")
    at_work("consumers", "add", STRANGER, "--service", SERVICE_ID)

    ended = at_work("consumers", "list", "--json", "--service", SERVICE_ID)

    assert [each["account_id"] for each in ended.json] == [STRANGER]
    assert ended.err == f"who reaches {SERVICE_ID} by its tier is left out: list endpoint services\n"


def test_a_list_of_what_is_no_service_is_refused(at_work: Drawbridge) -> None:
    ended = at_work("consumers", "list", "--json", "--service", "orders")

    assert (ended.code, ended.json["error"]["field"]) == (2, "--service")
    assert ended.err.startswith("--service: orders is no endpoint service's id, such as vpce-svc-")


def test_one_is_shown_to_people_and_to_programs(at_work: Drawbridge) -> None:
    at_work("consumers", "add", CONSUMER, "--service", SERVICE_ID, "--tier", "gold", "--name", "Orders")

    shown, written = at_work("consumers", "show", CONSUMER), at_work("consumers", "show", CONSUMER, "--json")

    fields = dict(line.split(maxsplit=1) for line in shown.out.splitlines() if " " in line.strip())
    assert fields["account"] == CONSUMER
    assert (fields["tier"], fields["services"], fields["name"]) == ("gold", SERVICE_ID, "Orders")
    since = datetime.fromisoformat(written.json["since"])
    assert fields["since"] == f"{since:%Y-%m-%d %H:%M}"
    assert written.json == {
        "account_id": CONSUMER,
        "tier": "gold",
        "services": [SERVICE_ID],
        "name": "Orders",
        "notes": "",
        "since": written.json["since"],
        "principals": [],
        "standing": "in-force",
        "suspended_at": None,
        "proof_required": False,
        "proved_at": None,
        "proved_by": "",
        "challenge": "",
        "changed_at": written.json["since"],
        "unreadable": [],
        "leaving": [],
    }


def test_an_entry_by_hand_is_shown_with_what_can_t_be_read(at_work: Drawbridge, operator: Operator) -> None:
    operator.table("ConsumersTableName").put_item(
        Item={
            "account_id": CONSUMER,
            "services": "*",
            "principals": ROLE,
            "suspended_at": "2026-05-01T12:00:00Z",
            "proof_required": "true",
            "proved_at": "2026-05-02T12:00:00Z",
            "proved_by": f"{ROLE}\x1b[2J",
            "changed_at": ["May"],
        }
    )

    shown = at_work("consumers", "show", CONSUMER).out.splitlines()
    written = at_work("consumers", "show", CONSUMER, "--json").json

    assert "standing  suspended" in shown
    assert f"principal {ROLE}" in shown
    assert "suspended since 2026-05-01 12:00" in shown
    assert f"proof     given 2026-05-02 12:00 by {ROLE}⟨U+001B⟩[2J" in shown
    assert "unknown   changed_at" in shown
    assert (written["standing"], written["principals"], written["unreadable"]) == ("suspended", [ROLE], ["changed_at"])
    assert written["suspended_at"] == "2026-05-01T12:00:00Z"


def test_a_role_and_the_requirement_of_proof_are_registered_and_kept_until_something_else_is_said(
    at_work: Drawbridge, operator: Operator
) -> None:
    added = at_work("consumers", "add", CONSUMER, "--tier", "gold", "--principal", ROLE, "--require-proof")
    first = registered(operator, CONSUMER)
    at_work("consumers", "add", CONSUMER, "--tier", "silver", "--replace")
    kept = registered(operator, CONSUMER)
    at_work("consumers", "add", CONSUMER, "--tier", "silver", "--replace", "--no-require-proof", "--principal", ROOT)
    lifted = registered(operator, CONSUMER)

    assert added.out.splitlines() == [
        f"registered  {CONSUMER}",
        (
            "nothing is offered to it or let in until it has proved who it is; "
            f"drawbridge consumers challenge {CONSUMER} begins that"
        ),
    ]
    assert first is not None
    assert (first.tier, first.services, first.principals, first.proof_required) == (
        "gold",
        frozenset(),
        frozenset({ROLE}),
        True,
    )
    assert kept is not None
    assert (kept.tier, kept.principals, kept.proof_required) == ("silver", frozenset({ROLE}), True)
    assert lifted is not None
    assert (lifted.principals, lifted.proof_required) == (frozenset({ROOT}), False)


def test_a_role_of_another_account_is_refused(at_work: Drawbridge, operator: Operator) -> None:
    ended = at_work("consumers", "add", CONSUMER, "--tier", "gold", "--principal", f"arn:aws:iam::{STRANGER}:role/R")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"principals: 'arn:aws:iam::{STRANGER}:role/R' is no role, no user and not the root of")
    assert tiers(operator) == {}


def test_who_is_suspended_is_shut_out_until_it_is_resumed(at_work: Drawbridge, operator: Operator) -> None:
    at_work("consumers", "add", CONSUMER, "--service", "*")
    operator.hints()

    suspended = at_work("consumers", "suspend", CONSUMER)
    again = at_work("consumers", "suspend", CONSUMER)
    hints = operator.hints()
    while_suspended = registered(operator, CONSUMER)
    resumed = at_work("consumers", "resume", CONSUMER)
    once_more = at_work("consumers", "resume", CONSUMER)

    meaning = [
        (
            "nothing new of it is let in; what is connected stays, and the shares that it is in; "
            f"drawbridge consumers resume {CONSUMER} ends it"
        ),
        (
            "from the next sweep on it can't find the services that were offered to it: making new endpoints fails; "
            "what others than Drawbridge have allowed it stays"
        ),
    ]
    assert suspended.out.splitlines() == [f"suspended  {CONSUMER}", *meaning]
    assert again.out.splitlines() == [f"{CONSUMER} is suspended already", *meaning]
    assert standing_of(while_suspended) is Standing.SUSPENDED
    assert [parse_hint(body) for body in hints] == [SWEEP_COMMANDED, SWEEP_COMMANDED]
    assert resumed.out == f"resumed  {CONSUMER}\n"
    assert once_more.out == f"{CONSUMER} is not suspended\n"
    assert standing_of(registered(operator, CONSUMER)) is Standing.IN_FORCE
    assert [each.code for each in (suspended, again, resumed, once_more)] == [0, 0, 0, 0]


def test_programs_are_told_whether_a_suspension_changed_anything(at_work: Drawbridge) -> None:
    at_work("consumers", "add", CONSUMER, "--service", "*")

    told = [at_work("consumers", word, CONSUMER, "--json").json for word in ("suspend", "suspend", "resume", "resume")]

    assert [(each["changed"], each["consumer"]["standing"]) for each in told] == [
        (True, "suspended"),
        (False, "suspended"),
        (True, "in-force"),
        (False, "in-force"),
    ]
    assert told[0]["consumer"]["suspended_at"] == told[1]["consumer"]["suspended_at"]


def test_who_is_replaced_stays_suspended_and_that_is_said(at_work: Drawbridge, operator: Operator) -> None:
    at_work("consumers", "add", CONSUMER, "--service", "*")
    at_work("consumers", "suspend", CONSUMER)

    replaced = at_work("consumers", "add", CONSUMER, "--tier", "gold", "--replace")

    assert replaced.out.splitlines()[1].startswith("nothing new of it is let in")
    assert standing_of(registered(operator, CONSUMER)) is Standing.SUSPENDED


@pytest.mark.parametrize("word", ["suspend", "resume"])
def test_who_may_not_suspend_or_resume_is_told_so(at_work: Drawbridge, operator: Operator, word: str) -> None:
    at_work("consumers", "add", CONSUMER, "--service", "*")
    operator.hints()
    with denied("dynamodb:UpdateItem", operator.account_id):
        ended = at_work("consumers", word, CONSUMER)

    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith(f"AWS: {word} {CONSUMER}: AccessDeniedException")
    assert operator.hints() == []


@pytest.fixture
def earlier_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the stack be of a version without offers."""
    real = Stack._outputs.fget  # type: ignore[attr-defined]
    without = property(lambda self: {name: each for name, each in real(self).items() if name != "OffersTableName"})
    monkeypatch.setattr(Stack, "_outputs", without)


@pytest.mark.usefixtures("earlier_stack")
@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("suspend", CONSUMER), "suspensions"),
        (("resume", CONSUMER), "suspensions"),
        (("challenge", CONSUMER), "proofs of ownership"),
        (("add", CONSUMER, "--service", "*", "--replace", "--principal", ROLE), "--principal"),
        (("add", CONSUMER, "--service", "*", "--replace", "--require-proof"), "--require-proof"),
    ],
)
def test_what_an_earlier_stack_would_ignore_is_refused(
    at_work: Drawbridge, operator: Operator, words: tuple[str, ...], what: str
) -> None:
    at_work("consumers", "add", CONSUMER, "--service", "*")
    before = registered(operator, CONSUMER)

    ended = at_work("consumers", *words)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.strip() == (
        f"--stack: drawbridge is of a version that knows nothing of {what}, and would ignore it; upgrade the "
        "stack, then run this again"
    )
    assert before is not None
    assert registered(operator, CONSUMER) == before


@pytest.mark.usefixtures("earlier_stack")
@pytest.mark.parametrize(("column", "value"), [("principals", ROLE), ("proof_required", "true")])
def test_a_file_with_what_an_earlier_stack_would_ignore_is_refused(
    at_work: Drawbridge, operator: Operator, tmp_path: Path, column: str, value: str
) -> None:
    text = f"account_id,services,{column}\n{CONSUMER},*,{value}\n"

    ended = at_work("consumers", "import", file(tmp_path, text))

    assert (ended.code, ended.out) == (2, "")
    assert f"knows nothing of the column {column}" in ended.err
    assert registered(operator, CONSUMER) is None


def test_a_list_may_be_of_who_stands_so(at_work: Drawbridge) -> None:
    at_work("consumers", "add", PROVIDER, "--service", "*")
    at_work("consumers", "add", CONSUMER, "--service", "*", "--require-proof")
    at_work("consumers", "add", STRANGER, "--service", "*")
    at_work("consumers", "suspend", STRANGER)

    listed = {
        standing: [each["account_id"] for each in at_work("consumers", "list", "--standing", standing, "--json").json]
        for standing in ("in-force", "suspended", "unproved")
    }

    assert listed == {"in-force": [PROVIDER], "suspended": [STRANGER], "unproved": [CONSUMER]}
    assert at_work("consumers", "list", "--standing", "asleep").code == 2


@pytest.mark.parametrize("command", ["show", "remove", "suspend", "resume"])
def test_who_is_not_registered_is_told_so(at_work: Drawbridge, operator: Operator, command: str) -> None:
    ended = at_work("consumers", command, CONSUMER)

    assert (ended.code, ended.out, ended.err) == (1, "", f"{CONSUMER} is not registered\n")
    assert operator.hints() == []


def test_who_is_removed_is_not_known_any_more(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    at_work("consumers", "import", file(tmp_path, FILE))

    ended = at_work("consumers", "remove", CONSUMER)

    # Where nothing is connected, nothing is asked.
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1] == f"removed  {CONSUMER}"
    assert list(tiers(operator)) == [STRANGER]


def test_a_file_is_imported_with_one_hint(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    ended = at_work("consumers", "import", file(tmp_path, f"\ufeff{FILE}"))

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        f"registered  {CONSUMER}",
        f"registered  {STRANGER}",
        "2 registered, 0 there already, 0 bad lines",
    ]
    assert tiers(operator) == {CONSUMER: "gold", STRANGER: ""}
    consumer = registered(operator, CONSUMER)
    assert consumer is not None
    assert consumer.services == {SERVICE_ID, OTHER_SERVICE}
    assert len(operator.hints()) == 1


def test_a_file_may_name_principals_and_who_has_to_prove_who_it_is(
    at_work: Drawbridge, operator: Operator, tmp_path: Path
) -> None:
    text = (
        "account_id,services,tier,principals,proof_required\n"
        f"{CONSUMER},,gold,{ROLE};{ROOT},yes\n{STRANGER},*,,,\n{PROVIDER},*,,,False\n"
    )

    ended = at_work("consumers", "import", file(tmp_path, text))

    assert (ended.code, ended.err) == (0, "")
    entries = {each.account_id: each.consumer for each in ConsumersTable(operator.table("ConsumersTableName")).all()}
    assert {account: (each.principals, each.proof_required) for account, each in entries.items()} == {
        CONSUMER: (frozenset({ROLE, ROOT}), True),
        STRANGER: (frozenset(), False),
        PROVIDER: (frozenset(), False),
    }


def test_a_file_that_says_nothing_of_it_neither_resumes_anybody_nor_lifts_a_proof(
    at_work: Drawbridge, operator: Operator, tmp_path: Path
) -> None:
    at_work("consumers", "add", CONSUMER, "--service", "*", "--require-proof", "--principal", ROLE)
    at_work("consumers", "suspend", CONSUMER)

    ended = at_work("consumers", "import", file(tmp_path, FILE), "--replace")

    assert (ended.code, ended.err) == (0, "")
    consumer = registered(operator, CONSUMER)
    assert consumer is not None
    assert (consumer.tier, consumer.principals, consumer.proof_required) == ("gold", frozenset({ROLE}), True)
    assert standing_of(consumer) is Standing.SUSPENDED


def test_with_bad_lines_nothing_is_imported(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    path = file(tmp_path, FILE + BAD_LINES)

    ended = at_work("consumers", "import", path)

    assert (ended.code, ended.out) == (1, "")
    first, second, counted = ended.err.splitlines()
    assert first.startswith(f"{path}, line 4: account_id: '12345678901'")
    assert second.startswith(f"{path}, line 5: services: 'orders'")
    assert counted.startswith("2 bad lines, 2 good: nothing is registered")
    assert tiers(operator) == {}
    assert operator.hints() == []


def test_good_lines_are_imported_all_the_same_if_told_so(
    at_work: Drawbridge, operator: Operator, tmp_path: Path
) -> None:
    ended = at_work("consumers", "import", file(tmp_path, FILE + BAD_LINES), "--keep-good")

    assert ended.code == 1
    assert [line.partition(", line ")[2][:2] for line in ended.err.splitlines()] == ["4:", "5:"]
    assert ended.out.splitlines()[-1] == "2 registered, 0 there already, 2 bad lines"
    assert set(tiers(operator)) == {CONSUMER, STRANGER}
    assert len(operator.hints()) == 1


def test_who_is_there_already_is_not_overwritten_by_a_file_unless_told_so(
    at_work: Drawbridge, operator: Operator, tmp_path: Path
) -> None:
    at_work("consumers", "add", CONSUMER, "--service", "*", "--tier", "silver")
    path = file(tmp_path, FILE)

    left = at_work("consumers", "import", path)

    assert left.code == 1
    assert left.err == f"{CONSUMER} is registered already, and left as it is; overwrite with --replace\n"
    assert left.out.splitlines()[-1] == "1 registered, 1 there already, 0 bad lines"
    assert tiers(operator) == {CONSUMER: "silver", STRANGER: ""}

    replaced = at_work("consumers", "import", path, "--replace")

    assert (replaced.code, replaced.err) == (0, "")
    assert tiers(operator) == {CONSUMER: "gold", STRANGER: ""}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"account_id,services\n222222222222,*,\xe4\n", "not UTF-8"),
        (b"account,services\n222222222222,*\n", "line 1: unknown: account"),
        (b"", "a header is needed"),
    ],
)
def test_a_file_that_is_none_of_consumers_is_refused_by_name(
    at_work: Drawbridge, operator: Operator, tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "consumers.csv"
    path.write_bytes(content)

    ended = at_work("consumers", "import", str(path), "--keep-good")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(str(path))
    assert message in ended.err
    assert tiers(operator) == {}


def test_what_is_kept_in_the_registry_steers_no_terminal(at_work: Drawbridge) -> None:
    at_work("consumers", "add", CONSUMER, "--service", "*", "--name", "a\x1b[2Jb\x9b")

    for command in (("list",), ("show", CONSUMER)):
        assert "a⟨U+001B⟩[2Jb⟨U+009B⟩" in at_work("consumers", *command).out
        assert "\x9b" not in at_work("consumers", *command, "--json").out
    assert at_work("consumers", "show", CONSUMER, "--json").json["name"] == "a\x1b[2Jb\x9b"


# ---- proof of ownership: the provider's desk, and the customer, whose account has no stack


@pytest.fixture
def customer(new_operator: Callable[[], Operator]) -> Operator:
    return new_operator()


@pytest.fixture
def as_customer(
    customer: Operator, drawbridge: Drawbridge, monkeypatch: pytest.MonkeyPatch, operator: Operator
) -> Drawbridge:
    """Run a command as the customer; what follows is the operator's again."""

    def run(*arguments: str, typed: str = "") -> Ended:
        with monkeypatch.context() as theirs:
            for name, value in customer.environment.items():
                theirs.setenv(name, value)
            return drawbridge(*arguments, typed=typed)

    return run


@pytest.fixture
def at_the_desk(at_work: Drawbridge, monkeypatch: pytest.MonkeyPatch) -> Drawbridge:
    """Run commands as the operator, whose clock is right."""
    monkeypatch.setattr("drawbridge_cli.consumer_proof.now", clock.now)
    return at_work


def asks_for_proof(operator: Operator, account_id: str, **more: object) -> None:
    operator.table("ConsumersTableName").put_item(
        Item={"account_id": account_id, "tier": "gold", "proof_required": True, **more}
    )


def challenge_of(at_work: Drawbridge, account_id: str) -> tuple[str, str]:
    made = at_work("consumers", "challenge", account_id, "--json").json
    return made["challenge"], made["url"]


def answer_of(operator: Operator, at_the_desk: Drawbridge, as_customer: Drawbridge, account_id: str, file: Path) -> str:
    """Have an account that has to prove itself answer its challenge; return the file that the proof is in."""
    asks_for_proof(operator, account_id)
    challenge, _ = challenge_of(at_the_desk, account_id)
    assert as_customer("prove", "--challenge", challenge, "--output", str(file)).code == 0
    return str(file)


def test_a_customer_proves_that_its_account_is_its_own_and_once(
    at_the_desk: Drawbridge, as_customer: Drawbridge, operator: Operator, customer: Operator
) -> None:
    """The whole way: the API, the function, its role, STS, the registry, the hint."""
    account = customer.account_id
    asks_for_proof(operator, account)
    challenge, url = challenge_of(at_the_desk, account)
    operator.hints()

    ended = as_customer("prove", "--challenge", challenge, "--url", url)

    assert (ended.code, ended.err) == (0, "")
    found = ConsumersTable(operator.table("ConsumersTableName")).registration(account)
    assert found is not None
    assert found.consumer.is_proved
    assert (found.proved_by, found.challenge) == (f"arn:aws:sts::{account}:assumed-role/person/operator", "")
    assert [parse_hint(body) for body in operator.hints()] == [told(EVERYTHING, HintSource.PROOF)]

    again = as_customer("prove", "--challenge", challenge, "--url", url)
    assert again.code == 1
    assert "(no-such-challenge)" in again.err


def test_another_account_s_answer_proves_nothing(
    at_the_desk: Drawbridge, operator: Operator, customer: Operator
) -> None:
    """Somebody who has the challenge, and credentials of an account that is not the customer's."""
    account = customer.account_id
    asks_for_proof(operator, account)
    text, url = challenge_of(at_the_desk, account)
    keys = ReadOnlyCredentials(
        operator.credentials.access_key_id,
        operator.credentials.secret_access_key,
        operator.credentials.session_token,
    )
    written = signed_document(parse_challenge(text), keys, clock.now())

    with pytest.raises(HTTPError) as refused:
        urlopen(Request(url, written.encode(), {"Content-Type": "application/json"}))  # noqa: S310 - our own port

    assert (refused.value.code, json.load(refused.value)["error"]) == (403, "other-account")
    consumer = registered(operator, account)
    assert consumer is not None
    assert not consumer.is_proved


def test_a_customer_s_answer_is_taken_at_the_desk(
    at_the_desk: Drawbridge, as_customer: Drawbridge, operator: Operator, customer: Operator, tmp_path: Path
) -> None:
    account = customer.account_id
    file = answer_of(operator, at_the_desk, as_customer, account, tmp_path / "proof.json")

    wrong = at_the_desk("consumers", "proof", STRANGER, "--file", file)
    assert (wrong.code, f"it is of account {account}, not of {STRANGER}" in wrong.err) == (2, True)
    ended = at_the_desk("consumers", "proof", account, "--file", file)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"proved  {account}, by arn:aws:sts::{account}:assumed-role/person/operator\n"
    consumer = registered(operator, account)
    assert consumer is not None
    assert consumer.is_proved
    assert [parse_hint(body) for body in operator.hints()] == [SWEEP_COMMANDED]
    again = at_the_desk("consumers", "proof", account, "--file", file)
    assert (again.code, "(no-such-challenge)" in again.err) == (1, True)


def test_an_answer_is_taken_by_add_too_and_by_nothing_else_beside_it(
    at_the_desk: Drawbridge, as_customer: Drawbridge, operator: Operator, customer: Operator, tmp_path: Path
) -> None:
    account = customer.account_id
    file = answer_of(operator, at_the_desk, as_customer, account, tmp_path / "proof.json")

    both = at_the_desk("consumers", "add", account, "--tier", "gold", "--proof", file)
    before = registered(operator, account)
    ended = at_the_desk("consumers", "add", account, "--proof", file)

    assert (both.code, "say only --proof" in both.err) == (2, True)
    assert before is not None
    assert not before.is_proved
    assert ended.out == f"proved  {account}, by arn:aws:sts::{account}:assumed-role/person/operator\n"
    consumer = registered(operator, account)
    assert consumer is not None
    assert consumer.is_proved


def test_a_challenge_is_told_with_what_the_customer_has_to_run(
    at_the_desk: Drawbridge, operator: Operator, customer: Operator
) -> None:
    asks_for_proof(operator, customer.account_id, challenge="drawbridge-earlier")

    ended = at_the_desk("consumers", "challenge", customer.account_id)

    (item,) = operator.table("ConsumersTableName").scan()["Items"]
    assert ended.code == 0
    assert f"    drawbridge prove --challenge {item['challenge']} --url http" in ended.out
    assert parse_challenge(item["challenge"]).account_id == customer.account_id


def test_who_needs_no_proof_is_asked_for_none(at_the_desk: Drawbridge, operator: Operator) -> None:
    nobody = at_the_desk("consumers", "challenge", CONSUMER)
    assert (nobody.code, f"{CONSUMER} is not registered" in nobody.err) == (1, True)
    operator.table("ConsumersTableName").put_item(Item={"account_id": CONSUMER, "tier": "gold"})

    needless = at_the_desk("consumers", "challenge", CONSUMER)

    assert (needless.code, "has to prove nothing" in needless.err) == (2, True)
    assert "challenge" not in operator.table("ConsumersTableName").scan()["Items"][0]


@pytest.mark.parametrize(
    ("written", "words"),
    [(None, "No such file"), (b"x", "(document-unreadable)"), (b"x" * 99_999, "more than 16384 bytes")],
)
def test_a_file_that_is_no_proof_is_told(
    at_the_desk: Drawbridge, tmp_path: Path, written: bytes | None, words: str
) -> None:
    file = tmp_path / "proof.json"
    if written is not None:
        file.write_bytes(written)

    ended = at_the_desk("consumers", "proof", CONSUMER, "--file", str(file))

    assert ended.code == (2 if written is None else 1)
    assert words in ended.err
