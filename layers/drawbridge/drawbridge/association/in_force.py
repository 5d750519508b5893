"""The bindings in force."""

from drawbridge.association.binding import Binding, parse_binding
from drawbridge.configuration import InForce, Parameters, in_force

PATH = "bindings"


def bindings_in_force(parameters: Parameters) -> InForce[Binding]:
    """Read the bindings; of a broken one, the last good version."""
    return in_force(parameters, PATH, parse_binding)
