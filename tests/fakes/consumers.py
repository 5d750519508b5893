"""The registry of consumers, in memory; ``aws.consumers_table.ConsumersTable`` keeps it in DynamoDB."""

from __future__ import annotations

from collections.abc import Collection

from drawbridge.decision.facts import Consumer


class InMemoryConsumerRegistry:
    """The accounts that are registered; those that are only named may use every service."""

    def __init__(self, *accounts: str) -> None:
        self.registered = {each: Consumer(services=frozenset({"*"})) for each in accounts}

    def consumer(self, account_id: str) -> Consumer | None:
        return self.registered.get(account_id)

    def consumers(self, account_ids: Collection[str]) -> dict[str, Consumer]:
        return {each: self.registered[each] for each in account_ids if each in self.registered}
