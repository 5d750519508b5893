"""What was connected under an earlier ledger: it is there still, is ours by its tags, and is in no row of this one."""

from collections.abc import Callable, Collection
from typing import assert_never

from drawbridge.decision.facts import ConnectionFacts, Facts, ShareFacts
from drawbridge.publication.names import consumer_path, document_parameter
from drawbridge.publication.published import PublishedNamesReader, is_published_for
from drawbridge.withdrawal.unrecorded import OwnedObjects, unrecorded_attachments


class ConnectedEarlier:
    """Finds what an earlier ledger let in, for one decision."""

    def __init__(
        self,
        objects: Callable[[], OwnedObjects],
        names: PublishedNamesReader,
        of_others: Callable[[str], Collection[str] | None],
        *,
        prefix: str,
        account_id: str,
    ) -> None:
        """``of_others`` returns the ARNs of what other requests than this one have let in or attached."""
        self._objects = objects
        self._names = names
        self._of_others = of_others
        self._prefix = prefix
        self._account_id = account_id

    def __call__(self, request_id: str, facts: Facts) -> frozenset[str]:
        """Return what is connected of a live request: ARNs of what a share holds, or the endpoint's id.

        Of a share only what leads there counts, as AWS describes it, and not what is written of it. What another
        request in this ledger may have connected was not let in with this one.
        """
        match facts:
            case ConnectionFacts(requester=requester, endpoint_id=endpoint_id):
                parameter = document_parameter(consumer_path(self._prefix, requester.account_id, endpoint_id))
                ours = is_published_for(endpoint_id, parameter, self._names)
                return frozenset({endpoint_id} if ours else ())
            case ShareFacts(contents=contents):
                held = frozenset(each.arn for each in contents or () if each.is_lattice)
                connected = self._attached(held) if held else frozenset[str]()
                others = self._of_others(request_id) if connected else ()
                # What is not known of others may be theirs.
                return connected.difference(others) if others is not None else frozenset()
            case _:
                assert_never(facts)

    def _attached(self, held: frozenset[str]) -> frozenset[str]:
        found = unrecorded_attachments(self._objects(), held.__contains__, (), self._account_id)
        return frozenset(each.resource_arn for each in found)
