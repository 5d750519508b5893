"""The bindings in force."""

from drawbridge.association.binding import Binding, parse_binding
from drawbridge.configuration import InForce, Parameters, in_force
from drawbridge.request.digests import digest

PATH = "bindings"


def bindings_in_force(parameters: Parameters) -> InForce[Binding]:
    """Read the bindings; of a broken one, the last good version."""
    return in_force(parameters, PATH, parse_binding)


def wanted_digest(bindings: InForce[Binding], provider: str, share_name: str, quotas: InForce[tuple[str, int]]) -> str:
    """Give a digest of the bindings that could want something of a share, and of the limits that they meet."""
    versions = dict(bindings.versions)
    return digest(
        [
            (binding.name, versions[binding.name])
            for binding in bindings.things
            if binding.match.could_match(provider, share_name)
        ],
        quotas.things,
    )
