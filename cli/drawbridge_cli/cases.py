"""Running cases: policy authors' own tests."""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from drawbridge.decision import Because
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.consumer_standing import unless_shut_out
from drawbridge.decision.decide import decide, may_associate
from drawbridge.decision.decide_again import outcome_name
from drawbridge.decision.delay import delay_text, parse_delay
from drawbridge.decision.delayed import delayed_by
from drawbridge.decision.facts import EvaluationTime, ResourceFacts
from drawbridge.errors import InvalidInputError
from drawbridge_cli.documents import SUFFIXES, AnyFacts, Case, CaseFile, Expected, read_cases
from drawbridge_cli.named_files import FileProblem, InvalidFilesError
from drawbridge_cli.policy_files import SUFFIX, check_files, find_files

OUTCOMES = ("accept", "askApprover", "reject", "hold")
OF_RESOURCES = ("associate", "refuse")


class PolicyOutcome(Struct, frozen=True):
    """The outcome of policies for a request."""

    outcome: str
    because: Because
    delay: str = ""
    """How long after it was first permitted it is let in; empty if at once, or not at all."""

    @property
    def text(self) -> str:
        """The outcome, and how long after it was first permitted it is let in."""
        return outcome_text(self.outcome, self.delay)

    @property
    def by(self) -> tuple[str, ...]:
        """The ids of the statements that determined it, including those against the actions that come before it."""
        return tuple(sorted(reason.source for reason in self.because if reason.code == "policy"))


def outcome_text(outcome: str, delay: str) -> str:
    """Return an outcome, and how long after it was first permitted it is let in."""
    return f"{outcome} after {delay}" if delay else outcome


class CaseResult(Struct, frozen=True):
    """The result of a case; ``wrong`` is empty if it is as expected."""

    file: str
    name: str
    outcome: str
    by: tuple[str, ...]
    delay: str = ""
    wrong: str = ""


def outcome_for(facts: AnyFacts, policies: PolicySet, evaluation_time: EvaluationTime) -> PolicyOutcome:
    """Decide on a request, as the workflow does, or on whether a resource may be associated."""
    if isinstance(facts, ResourceFacts):
        permitted, because = may_associate(facts, policies, evaluation_time)
        return PolicyOutcome("associate" if permitted else "refuse", because)
    decision = unless_shut_out(decide(facts, policies, evaluation_time), facts)
    delay = delayed_by(decision)
    return PolicyOutcome(outcome_name(decision), decision.because, delay_text(delay) if delay else "")


def case_files(folder: Path) -> list[Path]:
    """Return the files of cases in a folder and below it, or the one file that is given.

    Raises:
        InvalidInputError: there is none.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in SUFFIXES] if folder.is_dir() else [folder]
    if not files:
        raise InvalidInputError(f"{folder}: no file of cases in it; they end in {', '.join(SUFFIXES)}")
    return files


def run_all(files: Iterable[Path], policies: tuple[Path, ...]) -> list[CaseResult]:
    """Run the cases of all files.

    Raises:
        InvalidFilesError: some can't be used; it has all that is wrong with them.
    """
    results: list[CaseResult] = []
    problems: dict[FileProblem, None] = {}
    for file in files:
        try:
            results += run_cases(file, policies)
        except InvalidFilesError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise InvalidFilesError(problems)
    return results


def run_cases(path: Path, policies: tuple[Path, ...]) -> list[CaseResult]:
    """Run the cases of one file, by the policies that are given, or else by those that the file names.

    Raises:
        InvalidFilesError: the file, or a policy, can't be used.
    """
    cases = read_cases(path)
    together = _policies(policies or _named(path, cases))
    results: list[CaseResult] = []
    problems: list[FileProblem] = []
    for case in cases.cases:
        try:
            results.append(_run(path, case, together))
        except InvalidInputError as error:
            field = str(error).partition(": ")[0]
            problems.append(FileProblem(path=str(path), name=case.name, message=f"{case.name}: {error}", field=field))
    if problems:
        raise InvalidFilesError(problems)
    return results


def _named(path: Path, cases: CaseFile) -> tuple[Path, ...]:
    if cases.policies:
        return tuple(path.parent / each for each in cases.policies)
    alongside = tuple(sorted(path.parent.glob(f"*{SUFFIX}")))
    if not alongside:
        message = "policies: none is named, and none is beside the file"
        raise InvalidFilesError([FileProblem(path=str(path), message=message, field="policies")])
    return alongside


def _policies(paths: tuple[Path, ...]) -> PolicySet:
    # What is tried may be a part of a set: whether all of it lets everything in is no question here.
    checked = check_files(find_files(paths), everything_may_be_permitted=True)
    if checked.problems:
        raise InvalidFilesError(checked.problems)
    return PolicySet(checked.policies)


def _run(path: Path, case: Case, policies: PolicySet) -> CaseResult:
    expected = case.expect if isinstance(case.expect, Expected) else Expected(outcome=case.expect)
    possible = OF_RESOURCES if isinstance(case.request, ResourceFacts) else OUTCOMES
    if expected.outcome not in possible:
        raise InvalidInputError(f"expect: {expected.outcome!r} is none of {', '.join(possible)}")
    delay = None if expected.delay is None else _delay(expected)
    actual = outcome_for(case.request, policies, case.evaluation_time)
    wrong = ""
    if actual.outcome != expected.outcome or delay not in {None, actual.delay}:
        text = outcome_text(expected.outcome, delay or "")
        wrong = f"expected {text}, and it is {actual.text}: " + "; ".join(
            f"{reason.source + ': ' if reason.source else ''}{reason.text}" for reason in actual.because
        )
    elif expected.by is not None and tuple(sorted(expected.by)) != actual.by:
        wrong = f"expected it to be determined by {_list(expected.by)}, and it is by {_list(actual.by)}"
    return CaseResult(str(path), case.name, actual.outcome, actual.by, actual.delay, wrong)


def _delay(expected: Expected) -> str:
    """Return the expected delay as outcomes say it; empty if none is expected."""
    try:
        delay = parse_delay(expected.delay or "0m")
    except InvalidInputError as error:
        raise InvalidInputError(f"expect.delay: {error}") from error
    return delay_text(delay) if delay else ""


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(sorted(names)) or "none"
