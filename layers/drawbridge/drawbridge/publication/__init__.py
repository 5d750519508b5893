"""Publication: the name that resolves goes to Parameter Store, where applications read it."""

from msgspec import Struct


class Publication(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was published."""

    dns_name: str
    parameters: tuple[str, ...]
    """By full name: the plain name first, then the JSON beside it."""
