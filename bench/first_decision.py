"""What the deciding function decides first: ``bench.deciding`` runs it in fresh processes, on the function's path."""

from datetime import UTC, datetime
from pathlib import Path

from drawbridge.configuration import ConfigurationParameter
from drawbridge.decision import Accept
from drawbridge.decision.decide import decide
from drawbridge.decision.facts import ConnectionFacts, Consumer, EvaluationTime, Requester, Service
from drawbridge.decision.in_force import compiled, policies_in_force

_FOLDER = Path(__file__).parent.parent / "policies"
_TEXTS = [ConfigurationParameter(each.stem, each.read_text(encoding="utf-8"), 1) for each in _FOLDER.glob("*.cedar")]
_NOW = EvaluationTime(datetime.now(UTC))
_SERVICE = Service(id="vpce-svc-00000000000000000")
_REQUESTER = Requester(account_id="100000000000", consumer=Consumer(services=frozenset([_SERVICE.id])))
_FACTS = ConnectionFacts(requester=_REQUESTER, service=_SERVICE, region="us-east-1")


class _Written:
    """The default policies, as if they were in Parameter Store in their first version."""

    def below(self, path: str) -> list[ConfigurationParameter]:
        return _TEXTS

    def earlier(self, path: str, name: str, *, than: int) -> list[ConfigurationParameter]:
        return []


def decide_once() -> None:
    """Parse the default policies, check them for conflicts, compile them and ask them."""
    in_force = policies_in_force(_Written(), everything_may_be_permitted=False)
    decision = decide(_FACTS, compiled(in_force), _NOW)
    assert isinstance(decision, Accept), decision  # noqa: S101 - it would measure something else
