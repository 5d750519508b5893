"""The bindings in force."""

from collections.abc import Callable, Iterable

from drawbridge.association.binding import Binding, Match
from drawbridge.association.claims import conflict_among
from drawbridge.association.parse_binding import parse_binding
from drawbridge.configuration import InForce, Parameters, in_force
from drawbridge.lattice import MatchAttributes
from drawbridge.request.fingerprints import fingerprint

PATH = "bindings"


def bindings_in_force(parameters: Parameters) -> InForce[Binding]:
    """Read the bindings; of a broken one, or one that claims what another has, the last good version."""
    return in_force(parameters, PATH, parse_binding, conflict_among)


def bindings_fingerprint(
    bindings: InForce[Binding], provider: str, share_name: str, quotas: InForce[tuple[str, int]]
) -> str:
    """Return a fingerprint of the bindings that could match something of a share, and of the limits that they meet."""
    return _fingerprint(bindings, quotas, lambda match: match.could_match(provider, share_name))


def matching_bindings_fingerprint(
    bindings: InForce[Binding], share_name: str, contents: Iterable[MatchAttributes], quotas: InForce[tuple[str, int]]
) -> str:
    """Return a fingerprint of the bindings that match something of a share, and of the limits that they meet."""
    contents = tuple(contents)
    return _fingerprint(bindings, quotas, lambda match: any(match.matches(each, share_name) for each in contents))


def _fingerprint(bindings: InForce[Binding], quotas: InForce[tuple[str, int]], counts: Callable[[Match], bool]) -> str:
    versions = dict(bindings.versions)
    return fingerprint(
        [(binding.name, versions[binding.name]) for binding in bindings.things if counts(binding.match)],
        quotas.things,
    )
