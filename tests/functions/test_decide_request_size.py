"""What ``decide_request`` hands on fits into a state's data, whatever a share holds and policies and bindings say."""

from __future__ import annotations

import json
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.approval import Line, Question
from drawbridge.approval.bounds import within
from drawbridge.association.parse_binding import parse_binding
from drawbridge.bootstrap import decide_request as wiring
from drawbridge.bounds import DECISION_RECORD_BYTES, fitting, shortened, size_of
from drawbridge.configuration import Broken, InForce
from drawbridge.decision.bounds import decision_record_within
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.decision.facts import Facts, ShareFacts
from drawbridge.decision.policies import Policy, parse_policy
from drawbridge.environment import Environment
from drawbridge.request import Request
from drawbridge.request.shares import Content
from functions.decide_request import app
from tests.aws_limits import STATE_BYTES
from tests.builders import PROVIDER, SHARE, question, requester, share_facts
from tests.fakes.ledger import InMemoryLedger
from tests.fakes.question_slots import InMemoryQuestionSlots
from tests.functions.invocations import invoke, step
from tests.workflow.played import DECISION_RECORD

TAGS = {f"{number:02}".ljust(128, "日"): "😀" * 256 for number in range(50)}
LONG = "\u202e😀" * 900
CONTENTS = tuple(
    Content(f"arn:aws:vpc-lattice:us-east-1:{PROVIDER}:resourceconfiguration/rcfg-{number:01500}", "t" * 100)
    for number in range(1_000)
)


def largest(contents: tuple[Content, ...] = CONTENTS) -> ShareFacts:
    who = requester(units=tuple(f"ou-{n:030}" for n in range(5)))
    place = msgspec.structs.replace(who.place, tags=TAGS, name="n" * 50)
    return share_facts(
        msgspec.structs.replace(who, place=place), contents=contents, share_tags=TAGS, share_name="日" * 255
    )


@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have many policies and bindings, each with as many words as there can be."""

    class Gatherer:
        def gather(self, request: Request, now: datetime) -> Facts:
            return largest()

    ask = f'@reason("{LONG}") permit(principal, action == Action::"askApprover", resource);'
    policies = tuple(parse_policy(f"{number:02}".ljust(64, "p"), ask) for number in range(40))
    broken = tuple(Broken(f"{number:02}".ljust(64, "b"), LONG, None) for number in range(40))
    attach = {"mode": "resource-endpoint", "vpc": {"tag": dict.fromkeys(("a" * 128, "b" * 128), "c" * 256)}}
    bindings = tuple(
        parse_binding(f"{number:03}".ljust(64, "b"), json.dumps({"attach": attach})) for number in range(300)
    )
    variables = {"PREFIX": "drawbridge", "SLACK_CHANNEL": "C0APPROVALS", "APPROVAL_HOURS": "1", "OPEN_QUESTIONS": "5"}
    environment = Environment(variables)
    monkeypatch.setattr(wiring, "gatherer", Gatherer)
    monkeypatch.setattr(wiring, "ledger", InMemoryLedger)
    monkeypatch.setattr(wiring, "connected_earlier", lambda: lambda request_id, facts: frozenset[str]())
    monkeypatch.setattr(wiring, "question_slots", InMemoryQuestionSlots)
    monkeypatch.setattr(wiring, "policies", lambda: InForce[Policy](policies, (), broken))
    monkeypatch.setattr(wiring, "bindings", lambda: bindings)
    monkeypatch.setattr(wiring, "environment", lambda: environment)
    monkeypatch.setattr(app, "evaluation_time", lambda: msgspec.structs.replace(DECISION_RECORD.evaluation_time))


@pytest.mark.usefixtures("everything_is_large")
def test_the_largest_decision_with_its_question_fits_and_says_what_was_cut() -> None:
    answer = invoke(app.lambda_handler, step(request=SHARE, requestId=SHARE.request_id, attempt=1))

    assert answer["question"] is not None
    # There is room for what else the state's data hold, and for what is added later.
    assert size_of(answer) < STATE_BYTES * 3 / 4
    assert answer["decision"]["because"][-1]["code"] == "more"
    assert answer["question"]["asked"]["lines"][-1]["label"] == "More"
    assert answer["question"]["effects"][-1].startswith("And ")
    assert answer["grounds"]["facts"].get("contents", "unknown") in {None, "unknown"}


@pytest.mark.usefixtures("everything_is_large")
@pytest.mark.parametrize("contents", [CONTENTS[:500], tuple(Content("a" * 131, f"{n}") for n in range(500))])
def test_the_largest_acceptance_fits_with_what_it_lets_in(
    monkeypatch: pytest.MonkeyPatch, contents: tuple[Content, ...]
) -> None:
    class Gatherer:
        def gather(self, request: Request, now: datetime) -> Facts:
            return largest(tuple(Content(f"{each.arn}{each.type}", each.type) for each in contents))

    accept = f'@reason("{LONG}") permit(principal, action == Action::"accept", resource);'
    policies = tuple(parse_policy(f"{number:02}".ljust(64, "p"), accept) for number in range(40))
    monkeypatch.setattr(wiring, "gatherer", Gatherer)
    monkeypatch.setattr(wiring, "policies", lambda: InForce[Policy](policies, (), ()))

    answer = invoke(app.lambda_handler, step(request=SHARE, requestId=SHARE.request_id, attempt=1))

    assert answer["decision"]["outcome"] == "accept"
    assert size_of(answer) < STATE_BYTES * 3 / 4


@pytest.mark.usefixtures("everything_is_large")
def test_a_question_that_was_cut_is_the_same_question_when_it_is_made_again() -> None:
    first = invoke(app.lambda_handler, step(request=SHARE, requestId=SHARE.request_id, attempt=1))
    approval = {"outcome": "reconsider", "asked": first["question"]["asked"]}

    again = invoke(app.lambda_handler, step(request=SHARE, requestId=SHARE.request_id, attempt=1, approval=approval))

    assert again["question"] == first["question"]


def test_facts_that_there_is_room_for_are_kept_whole() -> None:
    assert decision_record_within(DECISION_RECORD) == DECISION_RECORD


@pytest.mark.parametrize("contents", [CONTENTS[:90], ()])
def test_facts_that_there_is_no_room_for_are_unknown_and_never_cut_short(contents: tuple[Content, ...]) -> None:
    bounded = decision_record_within(msgspec.structs.replace(DECISION_RECORD, facts=largest(contents)))

    assert isinstance(bounded, DecisionRecord)
    assert isinstance(bounded.facts, ShareFacts)
    assert bounded.facts.contents is None
    assert bounded.facts.requester.place.tags is None
    assert size_of(bounded) <= DECISION_RECORD_BYTES
    assert bounded.facts.unknown >= {"contents", "accountTags"}


texts = st.text(st.characters(codec="utf-8"), max_size=300) | st.sampled_from(["\u0000" * 99, "😀" * 99, "x" * 999])


@given(st.lists(texts), st.integers(0, 2_000))
def test_what_fits_is_the_beginning_and_takes_no_more_than_there_is_room_for(things: list[str], most: int) -> None:
    kept = fitting(things, most)

    assert list(kept) == things[: len(kept)]
    assert not kept or size_of(kept) <= most
    if len(kept) < len(things):
        assert sum(size_of(each) + 2 for each in things[: len(kept) + 1]) > most


@given(texts, st.integers(20, 2_000))
def test_a_text_that_is_cut_says_so_and_fits(text: str, most: int) -> None:
    cut = shortened(text, most)

    assert size_of(cut) <= most
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))


@given(st.lists(texts.map(lambda text: Line("Holds", text)), max_size=200), st.lists(texts, max_size=200))
def test_a_question_that_was_cut_is_not_cut_again(lines: list[Line], effects: list[str]) -> None:
    asked = msgspec.structs.replace(question().asked, lines=tuple(lines))
    whole: Question = question(effects=tuple(effects), changed=tuple(effects))
    once = within(msgspec.structs.replace(whole, asked=asked))

    assert within(once) == once
    assert size_of(once) < 60_000
    assert once.asked.fingerprint == whole.asked.fingerprint
