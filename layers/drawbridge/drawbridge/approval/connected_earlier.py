"""What was connected under an earlier ledger: its names are published still, and are ours by their tags."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import assert_never

from drawbridge.decision.facts import ConnectionFacts, Facts, ShareFacts
from drawbridge.publication import AttachmentSnapshot
from drawbridge.publication.names import connections_path, consumer_path, document_parameter
from drawbridge.publication.published import PublishedNamesReader, is_published_by_us, published_names


def connected_earlier(
    facts: Facts, names: PublishedNamesReader, prefix: str, of_others: Callable[[], Iterable[AttachmentSnapshot]]
) -> frozenset[str]:
    """Return what is connected of a live request: ARNs of what a share holds, or the endpoint's id.

    Only what carries our ownership tag counts: anybody else's parameter says nothing. ``of_others`` returns how other
    requests' attachments were left: what is connected for another share in this ledger was not let in with this one.
    """
    match facts:
        case ConnectionFacts(requester=requester, endpoint_id=endpoint_id):
            parameter = document_parameter(consumer_path(prefix, requester.account_id, endpoint_id))
            there = names.read(parameter)
            return frozenset({endpoint_id} if there is not None and there.subject == endpoint_id else ())
        case ShareFacts(contents=contents):
            connected = _published({each.arn for each in contents or ()}, names, prefix)
            return connected - {each.resource_arn for each in (of_others() if connected else ())}
        case _:
            assert_never(facts)


def _published(held: set[str], names: PublishedNamesReader, prefix: str) -> frozenset[str]:
    """Return those of the ARNs that a name of ours is published for."""
    parameters = defaultdict[str, list[str]](list)
    for name in published_names(names.below(connections_path(prefix)) if held else ()):
        if name.resource_arn in held:
            parameters[name.resource_arn].append(document_parameter(name.path))
    return frozenset(arn for arn, found in parameters.items() if any(is_published_by_us(each, names) for each in found))
