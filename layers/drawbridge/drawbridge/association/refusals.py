"""Why something that a binding matches is not associated, where no policy and no pre-flight says so."""

from drawbridge.association.binding import Binding
from drawbridge.errors import AccessDeniedError, DrawbridgeError, GoneError, RefusedError
from drawbridge.lattice import NOT_VISIBLE, UNAVAILABLE, Entity, Undescribed
from drawbridge.request.shares import SharedResource
from drawbridge.status import Reason

NOT_PERMITTED = "association-not-permitted"
"""The code of the reason that policies do not permit it."""

ONE_ASSOCIATION_ERRORS = (GoneError, RefusedError, AccessDeniedError)
"""What is gone meanwhile, refused or denied concerns one association and stops no other; the rest may pass."""


def check_failed(error: DrawbridgeError, what: str, binding: str = "") -> Reason:
    """Return the reason for what AWS would not show, in its words."""
    to_do = ""
    if isinstance(error, AccessDeniedError):
        to_do = (
            "; see what denies it to the role that plans: the stack, a permissions boundary, a policy of the "
            "organization or, where it is another account's, its share"
        )
    return Reason(type(error).__name__, f"{what}: {error}{to_do}", source=binding)


def undescribed_by_ram(resource: SharedResource) -> Undescribed | None:
    """Return what RAM says against a resource; what it says nothing of is for VPC Lattice to describe."""
    if resource.status in {"", "AVAILABLE"}:
        return None
    words = ": ".join(filter(None, (f"its status in AWS RAM is {resource.status}", resource.status_message)))
    pending = resource.status == "PENDING"
    code = NOT_VISIBLE if pending else UNAVAILABLE
    return Undescribed(arn=resource.arn, code=code, words=words, may_pass=pending)


def name_taken(binding: Binding, resource: Entity, fits: list[Entity]) -> Reason | None:
    """Refuse a resource whose name another one, that comes before it, publishes under already."""
    first = next(each for each in fits if each.name == resource.name)
    if first.arn == resource.arn:
        return None
    text = f"{resource.arn}: {first.arn} is published under the name {resource.name!r}"
    return Reason("name-taken", text, source=binding.name)
