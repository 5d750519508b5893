"""The shares in effect, in memory; ``aws.resource_shares.ResourceShares`` has RAM list them."""

from __future__ import annotations

from collections.abc import Callable

from drawbridge.request.shares import Share, SharedResource


class InMemorySharesInEffect:
    """A share, and what it holds."""

    def __init__(
        self, share: Callable[[str], Share | None], contents_of_share: Callable[[str], list[SharedResource]]
    ) -> None:
        self.share, self.contents_of_share = share, contents_of_share
