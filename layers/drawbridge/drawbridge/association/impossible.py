"""What can't be: kinds of resources that a mode does not lead to, whatever policies say."""

from collections.abc import Iterator
from typing import assert_never

from drawbridge.association import Mode, NetworkRef
from drawbridge.association.binding import Binding
from drawbridge.lattice import Entity, PrivateDns, ResourceKind
from drawbridge.status import Reason


def impossible(binding: Binding, resource: Entity) -> Reason | None:
    """Return why this kind of thing can't be reached in this mode, if it can't."""
    found = next(iter(_impossibilities(binding, resource)), None)
    if found is not None:
        code, why = found
        return Reason(code, f"{resource.name} is {why}", source=binding.name)
    match binding.attach.mode:
        case Mode.RESOURCE_ENDPOINT:
            return None
        case Mode.SERVICE_NETWORK | Mode.SERVICE_NETWORK_ENDPOINT:
            network = network_for(binding, resource)
            return network if isinstance(network, Reason) else None
        case _:
            assert_never(binding.attach.mode)


def network_for(binding: Binding, resource: Entity) -> NetworkRef | Reason:
    """Return the service network that leads to the resource, or why none does; a shared service network is its own."""
    if resource.kind is ResourceKind.SERVICE_NETWORK:
        return NetworkRef(identifier=resource.arn)
    if binding.attach.network is not None:
        return binding.attach.network
    how = f"to be reached by a service network in mode {binding.attach.mode}; name one in attach.serviceNetwork"
    return Reason("no-service-network", f"{resource.name} is {how}", source=binding.name)


def _impossibilities(binding: Binding, resource: Entity) -> Iterator[tuple[str, str]]:
    match resource.kind:
        case ResourceKind.RESOURCE_CONFIGURATION:
            if resource.type == "CIDR":
                yield "kind-not-supported", "of type CIDR, which only tunnel endpoints reach"
            if resource.type == "CHILD":
                yield "kind-not-supported", "a child, which comes with its group"
        case ResourceKind.SERVICE_NETWORK if binding.attach.network is not None:
            why = "a service network itself, and can't be put into another one; leave attach.serviceNetwork out"
            yield "mode-not-possible", why
        case ResourceKind.SERVICE if binding.attach.private_dns_preference is not PrivateDns.OFF:
            yield "mode-not-possible", "a service, whose custom name needs no private DNS; set privateDns: off"
        case _:
            pass
    if binding.attach.mode is Mode.RESOURCE_ENDPOINT and resource.kind is not ResourceKind.RESOURCE_CONFIGURATION:
        why = f"a {resource.kind.replace('-', ' ')}, which a resource endpoint can't lead to; use mode "
        yield "mode-not-possible", f"{why}{Mode.SERVICE_NETWORK} or {Mode.SERVICE_NETWORK_ENDPOINT}"
