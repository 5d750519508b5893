"""Reason codes: what a row may give as its reason has its answer to whose turn it is, and nothing else has."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from drawbridge import errors
from drawbridge.status import Reason, Status
from drawbridge_cli.main import app
from drawbridge_cli.reason_codes import ADVICE, OF_STEP_FUNCTIONS, advice_of
from drawbridge_cli.turns import Advice, Command, WhoseTurn, command_line
from tests.builders import REPOSITORY
from tests.lives import connection, entry, orphan, share

ROOMS = ("layers/drawbridge", "cli")
CODED = {"Reason": 0, "Blocked": 0, "AliasFault": 0, "WorkflowError": 0, "Undescribed": None}
"""What is made with a code, and in which place that is given; ``None`` where it is given by name."""
YIELDING = {"preflight", "impossible"}
"""Modules whose generators yield pairs of a code and a text."""


HANDED_ON = {
    # Of an error, a refusal or a reason that was made elsewhere.
    *("code", "each.code", "why.code", "fault.code", "legible(reason.code, longest)"),
    # The name of an error's class, or what Step Functions names.
    *("type(error).__name__", "error.error", "result.error.error", "ending.error or code", "ending.error", "error"),
}
"""Expressions of codes that the tests below find elsewhere: a new one needs a place where it is found."""


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for room in ROOMS:
        for path in sorted((REPOSITORY / room).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def constants() -> dict[str, str]:
    """Return the codes that modules give names; a sentence is no code."""
    found: dict[str, str] = {}
    for _, tree in trees():
        for node in tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))) if " " not in text:
                    found[name] = text
                case _:
                    pass
    return found


def code_of(node: ast.Call) -> ast.expr | None:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in CODED:
        return None
    place = CODED[name]
    if place is None:
        return next(each.value for each in node.keywords if each.arg == "code")
    return node.args[place] if len(node.args) > place else None


def written() -> tuple[set[str], set[str]]:
    """Return the codes that are written where a reason is made, and the expressions of those that are not."""
    named, found, elsewhere = constants(), set[str](), set[str]()
    for path, tree in trees():
        for node in ast.walk(tree):
            match node:
                case ast.Call() if (given := code_of(node)) is not None:
                    if isinstance(given, ast.Constant):
                        found.add(str(given.value))
                    elif isinstance(given, ast.Name) and given.id in named:
                        found.add(named[given.id])
                    else:
                        elsewhere.add(ast.unparse(given))
                case ast.Yield(value=ast.Tuple(elts=[ast.Constant(value=str(text)), _])) if path.stem in YIELDING:
                    found.add(text)
                case _:
                    pass
    return found, elsewhere


def of_settling() -> set[str]:
    """Return the codes of people's answers, which one function makes into reasons."""
    text = (REPOSITORY / "layers/drawbridge/drawbridge/approval/settle.py").read_text(encoding="utf-8")
    return {constants()[name] for name in re.findall(r"_answer\(([A-Z_]+),", text)}


def of_endings() -> set[str]:
    text = (REPOSITORY / "layers/drawbridge/drawbridge/discovery/endings.py").read_text(encoding="utf-8")
    return set(re.findall(r'\("(execution-[a-z-]+)"', text))


def of_errors() -> set[str]:
    classes = (each for each in vars(errors).values() if isinstance(each, type))
    return {each.__name__ for each in classes if issubclass(each, errors.DrawbridgeError)}


def of_workflows() -> set[str]:
    """Return the errors that the workflows name as the reason why an attempt fails."""
    texts = (path.read_text(encoding="utf-8") for path in (REPOSITORY / "statemachine").glob("*.yaml"))
    return {name for text in texts for name in re.findall(r"^ *Error: ([A-Za-z.]+)$", text, re.MULTILINE)}


OF_HISTORY = {
    *("first-seen", "listed-again", "listed-otherwise", "not-listed", "tried-again", "drift", "bindings-changed"),
    *("policies-changed", "plan-inputs-changed", "failed-before", "not-decided-for-long", "ended-unrecorded"),
    *("decided-otherwise", "part-gone", "part-due", "gone-confirmed", "there-again", "announced", "let-go"),
    *("announced-no-longer", "held-back", "delay-over"),
} - ADVICE.keys()
"""Codes that only a request's history has, of why there was an attempt and what was noted: none is why it waits."""


def produced() -> set[str]:
    return written()[0] | of_settling() | of_endings() | of_errors() | of_workflows()


def test_the_codes_of_the_product_are_found_where_they_are_written() -> None:
    found, elsewhere = written()

    assert {"no-vpc", "subnets-fixed", "alias-taken", "quota-reached", "resource-unavailable", "adopted"} <= found
    assert elsewhere == HANDED_ON
    assert {"approved", "denied"} == of_settling()
    assert len(of_endings()) == 4
    assert of_workflows() == {"DecisionOutdated", "ThrottledError"}


def test_every_code_that_the_product_gives_has_its_advice_and_no_other_has() -> None:
    assert produced() - ADVICE.keys() == OF_HISTORY
    assert ADVICE.keys() - produced() - OF_STEP_FUNCTIONS.keys() == set()


def test_what_workflows_try_again_has_its_advice_when_it_is_given_up() -> None:
    shared = yaml.safe_load((REPOSITORY / "statemachine" / "failures.yaml").read_text(encoding="utf-8"))
    tried = {
        name
        for retries in shared.values()
        if isinstance(retries, list)
        for each in retries
        for name in each["ErrorEquals"]
    }

    assert tried - {"States.ALL"} - ADVICE.keys() == set()


def test_advice_says_what_to_do_in_one_line_that_ends_without_a_stop() -> None:
    for code, each in ADVICE.items():
        assert each.to_do, code
        assert each.to_do == each.to_do.strip().rstrip("."), code
        assert "\n" not in each.to_do, code


@pytest.mark.parametrize(
    ("text", "to_do"),
    [
        ("endpoint vpce-1: OwnershipLostError: vpce-1 lost its tag", "put its tags back, or delete it by hand"),
        ("endpoint vpce-1: RefusedError: DependencyViolation: in use", "see to what AWS says"),
        ("endpoint vpce-1: no-outcome: What became of it was not recorded", "see to what AWS says"),
        ("endpoint vpce-1: SomethingElse: broken", "see to what AWS says"),
    ],
)
def test_what_was_not_taken_down_asks_for_what_its_error_does(text: str, to_do: str) -> None:
    assert advice_of(Reason("not-withdrawn", text)).to_do == to_do


@pytest.mark.parametrize("code", sorted(of_endings() - {"execution-aborted"} | {"attempt-silent", "unexplained"}))
def test_how_an_execution_went_is_looked_at_by_the_story_which_links_to_it(code: str) -> None:
    advice = advice_of(Reason(code, "it ended"))

    assert (advice.turn, advice.command) == (WhoseTurn.OPERATOR, Command.WHY)


def test_what_somebody_stopped_is_to_be_tried_again() -> None:
    assert advice_of(Reason("execution-aborted", "it was stopped")).command is Command.RETRY


def test_an_error_that_nobody_expected_is_the_operators() -> None:
    advice = advice_of(Reason("KeyError", "'x'"))

    assert (advice.turn, advice.command) == (WhoseTurn.OPERATOR, Command.RETRY)


@pytest.mark.parametrize("command", list(Command))
@pytest.mark.parametrize("request_", [share(1), connection(1), orphan(1)])
def test_every_command_is_one_that_the_command_line_takes(command: Command, request_: object) -> None:
    row = entry(request_, Status.HELD)  # type: ignore[arg-type]
    program, *words = shlex.split(
        str(command_line(Advice(WhoseTurn.OPERATOR, "", command), row, "orders/orders-db/vpc-1"))
    )
    group: Any = typer.main.get_command(app)

    assert program == "drawbridge"
    while hasattr(group, "commands"):
        assert words[0] in group.commands, words
        _, group, words = group.resolve_command(None, words)
    group.make_context(None, words)


@pytest.mark.parametrize("source", ["", "orders; rm -rf ~", "$(x)", "-x", "a b", "a" * 65])
def test_what_is_no_bindings_name_gets_into_no_command(source: str) -> None:
    advice = Advice(WhoseTurn.OPERATOR, "", Command.SHOW_BINDING)

    assert str(command_line(advice, entry(share(1), Status.HELD), source)) == "drawbridge bindings list"


def test_what_is_no_account_gets_into_no_command() -> None:
    row = entry(share(1), Status.HELD, account_id="1; rm -rf ~")

    assert str(command_line(Advice(WhoseTurn.AWS, "", Command.LOOK_ON), row)) == "drawbridge status --all --watch"


@pytest.mark.parametrize("command", [Command.RESUME_CONSUMER, Command.CHALLENGE_CONSUMER])
def test_a_consumer_that_is_no_account_is_neither_resumed_nor_challenged(command: Command) -> None:
    row = entry(connection(1), Status.HELD, account_id="1; rm -rf ~")

    line = str(command_line(Advice(WhoseTurn.OPERATOR, "", command), row))

    assert line == f"drawbridge policy explain {row.request_id}"


@pytest.mark.parametrize(
    ("code", "words"), [("consumer-suspended", ("resume",)), ("consumer-unproved", ("challenge",))]
)
def test_who_is_shut_out_is_let_in_by_a_command_of_its_own(code: str, words: tuple[str, ...]) -> None:
    row = entry(connection(1), Status.HELD)
    advice = advice_of(Reason(code, "why"))

    assert advice.turn is WhoseTurn.OPERATOR
    assert command_line(advice, row).words == ("consumers", *words, row.account_id)


@pytest.mark.parametrize("row", [entry(orphan(1), Status.FAILED), entry(share(1), Status.WITHDRAWING)])
def test_nobody_is_told_to_retry_what_would_come_to_nothing_or_call_a_withdrawal_off(row: object) -> None:
    line = str(command_line(Advice(WhoseTurn.OPERATOR, "", Command.RETRY), row))  # type: ignore[arg-type]

    assert line.startswith("drawbridge status ")
