"""What a decision costs, compared with a hand-written check of an allow-list in the same run."""

import logging
import shutil
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any
from unittest.mock import patch

import cedarpy
import msgspec

from bench.loading import COMPILED, RUNS, Fresh, in_turn, path_of
from bench.made_policies import (
    ASKED,
    CONSUMERS,
    NOON,
    REGISTERED_CONSUMER,
    Pair,
    asked,
    pair_of,
    registry,
    rules,
)
from bench.processes import print_times
from drawbridge.configuration import ConfigurationParameter, InForce
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.conflicts import conflict_among
from drawbridge.decision.decide import decide
from drawbridge.decision.decide_again import decision_record_of, outcome_name
from drawbridge.decision.facts import (
    ALL_SERVICES,
    ConnectionFacts,
    Consumer,
    Facts,
    Membership,
    OrganizationPlace,
)
from drawbridge.decision.in_force import compiled, decision_fingerprint, policies_in_force
from drawbridge.decision.policies import Policy, parse_policy
from drawbridge.request.connections import NO_CONNECTIONS, ConnectionCounts
from local_aws.testing.server import LocalAws
from local_stack.stack import ACCOUNTS, deploy_stack

POLICIES = (10, 100, 1_000)
TURNS = 15

_PARAMETER = 4096
"""Bytes in a parameter of the standard tier."""

_BY_HAND = "allow-list, by hand"


def is_on_list(facts: Facts, allowed: frozenset[Pair], known: Mapping[str, Consumer]) -> bool:
    """Return whether an allow-list lets it in, checked as if nothing else were needed."""
    account, service = pair_of(facts)
    consumer = known.get(account)
    if (account, service) in allowed:
        return True
    return consumer is not None and (service in consumer.services or ALL_SERVICES in consumer.services)


def with_entry(facts: Facts, known: Mapping[str, Consumer]) -> Facts:
    """Return the facts with the account's entry in the registry, as gathering adds it."""
    requester = msgspec.structs.replace(facts.requester, consumer=known.get(facts.requester.account_id))
    return msgspec.structs.replace(facts, requester=requester)


class Setting:
    """Policies, a registry, and the requests to decide on."""

    def __init__(self, count: int) -> None:
        self.rules = rules(count)
        self.registry = registry()
        allowed = [rule.pair for rule in self.rules if rule.pair is not None]
        self.allowed = frozenset(allowed)
        self.asked = asked(allowed, self.registry)
        things = tuple(parse_policy(rule.name, rule.text) for rule in self.rules)
        self.in_force = InForce[Policy](things, tuple((each.name, 1) for each in things), ())
        self.policies = PolicySet(things)
        self._calls = [self._recorded(facts) for facts in self.asked]

    def by_hand(self) -> None:
        for facts in self.asked:
            is_on_list(facts, self.allowed, self.registry)

    def by_policy(self) -> None:
        for facts in self.asked:
            decide(with_entry(facts, self.registry), self.policies, NOON)

    def by_cedar_alone(self) -> None:
        """Make the calls to cedarpy that the decisions make, with prepared parameters, and ignore the answers."""
        for calls in self._calls:
            for call in calls:
                cedarpy.is_authorized(*call)

    def with_record(self) -> None:
        """Do all that the function does once it has read facts and policies."""
        for asked_for in self.asked:
            facts = with_entry(asked_for, self.registry)
            decision = decide(facts, compiled(self.in_force), NOON)
            decision_record_of(facts, decision, compiled(self.in_force), NOON, dict(self.in_force.versions))
            decision_fingerprint(self.in_force, facts.requester.consumer, _connection_counts(facts))

    def _recorded(self, facts: Facts) -> list[tuple[Any, ...]]:
        with patch.object(cedarpy, "is_authorized", wraps=cedarpy.is_authorized) as calls:
            decide(with_entry(facts, self.registry), self.policies, NOON)
        return [call.args for call in calls.call_args_list]


def _connection_counts(facts: Facts) -> ConnectionCounts:
    return (
        ConnectionCounts(facts.connections, facts.connections_to_service)
        if isinstance(facts, ConnectionFacts)
        else NO_CONNECTIONS
    )


@dataclass
class Verified:
    """How many of the requests had which outcome."""

    accepted: int = 0
    forbidden: int = 0
    """A policy permits it, and another one forbids it."""
    unknown: int = 0
    """A fact about it is unknown."""
    plain: int = 0
    """No policy that goes beyond an allow-list applies to it."""
    plain_accepted: int = 0
    on_list: int = 0
    """Plain ones that the allow-list lets in."""


def verified(setting: Setting) -> Verified:
    """Return the counts, having checked that each decision is the expected one: errors are not worth measuring."""
    counts = Verified()
    for asked_for in setting.asked:
        facts = with_entry(asked_for, setting.registry)
        saying = [rule for rule in setting.rules if rule.holds(facts)]
        forbidden = any(rule.forbids for rule in saying)
        permitted = any(not rule.forbids for rule in saying)
        expected = "accept" if permitted and not forbidden else "askApprover"
        decision = decide(facts, setting.policies, NOON)
        if outcome_name(decision) != expected or any(reason.code != "policy" for reason in decision.because):
            raise RuntimeError(f"{expected} was expected of {facts}, and this was decided: {decision}")
        counts.accepted += expected == "accept"
        counts.forbidden += permitted and forbidden
        counts.unknown += bool(facts.unknown)
        if all(rule.pair or rule is REGISTERED_CONSUMER for rule in saying):
            counts.plain += 1
            counts.plain_accepted += expected == "accept"
            counts.on_list += is_on_list(asked_for, setting.allowed, setting.registry)
    if counts.plain_accepted != counts.on_list or not 0 < counts.on_list < counts.plain:
        raise RuntimeError(f"the allow-list says otherwise, or always the same: {counts}")
    return counts


def report_deciding() -> None:
    """Print the cost of decisions, of reading policies, and of a fresh process, which needs the deployed stack."""
    report_decisions()
    report_reading()
    report_fresh()


def report_decisions() -> None:
    """Decide in turn by hand, by policy, and by Cedar alone; print decisions per second and how long one takes."""
    settings = [Setting(count) for count in POLICIES]
    counted = [verified(setting) for setting in settings]
    print(
        f"\nDecisions, {CONSUMERS:,} registered consumers, {TURNS} turns of {ASKED} requests after one to warm up. The "
        "registry\nis a dictionary; in production it is one GetItem of DynamoDB. No call of AWS is in these figures."
    )
    for setting, counts, times in zip(settings, counted, _timed_in_turn(settings), strict=True):
        _print_setting(setting, counts)
        _print_decisions(times)


def _timed_in_turn(settings: Sequence[Setting]) -> list[dict[str, list[float]]]:
    """Return for each setting the seconds that one decision takes, by contender, once for each turn."""
    # A turn by hand is too short to be measured alone.
    contenders: Mapping[str, tuple[Callable[[Setting], None], int]] = {
        _BY_HAND: (Setting.by_hand, 100),
        "cedarpy alone": (Setting.by_cedar_alone, 1),
        "decide()": (Setting.by_policy, 1),
        "with record, fingerprint": (Setting.with_record, 1),
    }
    times: list[dict[str, list[float]]] = [{name: [] for name in contenders} for _ in settings]
    for turn in range(TURNS + 1):
        for setting, of_setting in zip(settings, times, strict=True):
            for name, (decide_all, repeated) in contenders.items():
                seconds = _seconds(partial(decide_all, setting), repeated) / ASKED
                if turn > 0:
                    of_setting[name].append(seconds)
    return times


def _seconds(work: Callable[[], object], repeated: int = 1) -> float:
    began = time.perf_counter()
    for _ in range(repeated):
        work()
    return (time.perf_counter() - began) / repeated


def _print_setting(setting: Setting, counts: Verified) -> None:
    filled = _parameters(rule.text for rule in setting.rules)
    print(
        f"\n  {len(setting.rules):,} policies of one statement, {filled} parameter(s) of 4 KB if each is filled\n"
        f"  {ASKED} requests: {counts.accepted} accepted, {counts.forbidden} permitted and forbidden, {counts.unknown} "
        f"with unknown facts; all as expected\n"
        f"  {counts.plain} of them are an allow-list's business: {counts.plain_accepted} accepted by policy, "
        f"{counts.on_list} by the allow-list"
    )


def _print_decisions(times: Mapping[str, Sequence[float]]) -> None:
    by_hand = statistics.median(times[_BY_HAND])
    print(f"  {'':<22}{'decisions/s':>12}{'median us':>11}{'least':>9}{'most':>9}{'x by hand':>11}")
    for name, turns in times.items():
        median = statistics.median(turns)
        print(
            f"  {name:<22}{1 / median:>12,.0f}{median * 1e6:>11,.1f}{min(turns) * 1e6:>9,.1f}{max(turns) * 1e6:>9,.1f}"
            f"{median / by_hand:>11,.0f}"
        )


def _parameters(texts: Iterable[str]) -> int:
    """Return how many parameters the texts fill, one after the other."""
    filled, left = 0, 0
    for size in (len(text.encode()) for text in texts):
        if size > left:
            filled, left = filled + 1, _PARAMETER
        left -= size
    return filled


def report_reading() -> None:
    """Print the cost of reading policies from their texts, when all are new and when none is."""
    print(
        f"\nReading policies from their texts in ms, median of {TURNS}, without AWS. New: parsed and checked against"
        "\nthe schema; compiled, with a first decision; compiled for an unknown organization, with a decision."
        "\nUnchanged: the check for conflicts alone; all of it, from the texts to the compiled set"
    )
    print(f"  {'policies':>10}{'parsed':>9}{'compiled':>10}{'unknown':>9}{'conflicts':>11}{'unchanged':>11}")
    for count in POLICIES:
        setting = Setting(count)
        turns = [_read(setting) for _ in range(TURNS)]
        parsed, built, unknown, conflicts, unchanged = (
            statistics.median(times) * 1e3 for times in zip(*turns, strict=True)
        )
        print(f"  {count:>10,}{parsed:>9.2f}{built:>10.2f}{unknown:>9.2f}{conflicts:>11.2f}{unchanged:>11.2f}")


class _Written:
    """Parameter Store with policies in it, which returns new text objects each time."""

    def __init__(self, setting: Setting) -> None:
        self._texts = [(rule.name, rule.text.encode()) for rule in setting.rules]

    def below(self, path: str) -> list[ConfigurationParameter]:
        return [ConfigurationParameter(name, text.decode(), version=1) for name, text in self._texts]

    def earlier(self, path: str, name: str, *, than: int) -> list[ConfigurationParameter]:
        return []


def _read(setting: Setting) -> tuple[float, ...]:
    things: list[Policy] = []
    known = next(facts for facts in setting.asked if not facts.unknown)
    place = OrganizationPlace(membership=Membership.UNKNOWN, tags=None)
    unknown = msgspec.structs.replace(known, requester=msgspec.structs.replace(known.requester, place=place))
    written = _Written(setting)
    parse_policy.cache_clear()
    parsed = _seconds(lambda: things.extend(parse_policy(rule.name, rule.text) for rule in setting.rules))
    began = time.perf_counter()
    policies = PolicySet(things)
    decide(known, policies, NOON)
    built = time.perf_counter() - began
    built_again = _seconds(lambda: decide(unknown, policies, NOON))

    def read() -> None:
        compiled(policies_in_force(written, everything_may_be_permitted=False))

    read()
    return parsed, built, built_again, _seconds(lambda: conflict_among(things)), _seconds(read)


_HAND_WRITTEN = dedent(
    """
    import boto3

    ALLOWED = {("100000000000", "vpce-svc-00000000000000000"), ("100000007919", "vpce-svc-00000000000000001")}


    def lambda_handler(event, context):
        return {"accept": (event["account"], event["service"]) in ALLOWED}
    """
)

_LOADED_BY_HAND = dedent(
    """
    import app

    event = {"account": "100000000000", "service": "vpce-svc-00000000000000000"}
    """
)

_FIRST_CHECK = 'assert app.lambda_handler(event, None)["accept"]'


_HERE = Path(__file__).parent


def report_fresh() -> None:
    """Print how long the deciding function takes to load and to decide once, beside a hand-written handler."""
    path = path_of("decide_request")
    with _hand_written() as folder:
        by_hand = [folder, *path[1:]]
        times = in_turn(
            {
                _BY_HAND: Fresh("import app", by_hand),
                "decide_request": Fresh("import app", path),
                "check": Fresh(_FIRST_CHECK, by_hand, before=_LOADED_BY_HAND),
                "decision": Fresh("first_decision.decide_once()", [*path, _HERE], before="import app, first_decision"),
            }
        )
    check, decision = times.pop("check"), times.pop("decision")
    print(
        f"\nImport of the deciding function in ms, {RUNS} fresh processes each after one to warm up, with .pyc, "
        "without any\nclient, beside a handler that imports boto3 and checks a set:"
    )
    print_times(times, beside=_BY_HAND, called="by hand")
    median, least, most = (seconds * 1e3 for seconds in (statistics.median(decision), min(decision), max(decision)))
    print(
        f"  Once loaded, the first check by hand takes {statistics.median(check) * 1e3:.3f} ms, and the first decision "
        f"{median:.1f} ms\n  (least {least:.1f}, most {most:.1f}): the four default policies are parsed, checked for "
        "conflicts, compiled and asked"
    )


@contextmanager
def _hand_written() -> Iterator[Path]:
    """Yield a folder with the handler; it is removed afterwards, with its compiled files."""
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "app.py").write_text(_HAND_WRITTEN, encoding="utf-8")
        try:
            yield folder
        finally:
            shutil.rmtree(COMPILED.joinpath(*folder.parts[1:]), ignore_errors=True)


def main() -> None:
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    report_decisions()
    report_reading()
    with LocalAws():
        deploy_stack(ACCOUNTS[0])
    report_fresh()


if __name__ == "__main__":
    main()
