"""The shares in effect, in memory; ``aws.resource_shares.ResourceShares`` has RAM list them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from drawbridge.request.shares import Share, SharedResource
from tests.builders import SHARE_ARN


class InMemorySharesInEffect:
    """A share, and perhaps another one that holds the same."""

    def __init__(
        self,
        share: Callable[[str], Share | None],
        contents_of_share: Callable[[str], list[SharedResource]],
        also_shared: Share | None = None,
    ) -> None:
        self.share, self.contents_of_share = share, contents_of_share
        self._also_shared = also_shared

    def shares(self) -> list[Share]:
        return [each for each in (self.share(SHARE_ARN), self._also_shared) if each is not None]

    def resources(self) -> list[SharedResource]:
        held, also = self.contents_of_share(SHARE_ARN), self._also_shared
        return held + ([msgspec.structs.replace(each, share_arn=also.arn) for each in held] if also else [])
