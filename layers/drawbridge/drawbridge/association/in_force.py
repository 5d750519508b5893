"""The bindings in force."""

from collections.abc import Callable, Iterable

from drawbridge.association.binding import Binding, Match, parse_binding
from drawbridge.association.claims import conflict_among
from drawbridge.configuration import InForce, Parameters, in_force
from drawbridge.lattice import Matchable
from drawbridge.request.digests import digest

PATH = "bindings"


def bindings_in_force(parameters: Parameters) -> InForce[Binding]:
    """Read the bindings; of a broken one, or one that claims what another has, the last good version."""
    return in_force(parameters, PATH, parse_binding, conflict_among)


def wanted_digest(bindings: InForce[Binding], provider: str, share_name: str, quotas: InForce[tuple[str, int]]) -> str:
    """Give a digest of the bindings that could want something of a share, and of the limits that they meet."""
    return _digest(bindings, quotas, lambda match: match.could_match(provider, share_name))


def matched_digest(
    bindings: InForce[Binding], share_name: str, contents: Iterable[Matchable], quotas: InForce[tuple[str, int]]
) -> str:
    """Give a digest of the bindings that match something of what a share holds, and of the limits that they meet."""
    held = tuple(contents)
    return _digest(bindings, quotas, lambda match: any(match.matches(each, share_name) for each in held))


def _digest(bindings: InForce[Binding], quotas: InForce[tuple[str, int]], counts: Callable[[Match], bool]) -> str:
    versions = dict(bindings.versions)
    return digest(
        [(binding.name, versions[binding.name]) for binding in bindings.things if counts(binding.match)],
        quotas.things,
    )
