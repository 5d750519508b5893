"""Names of parameters, made of names that other people chose."""

import hashlib
import re
from urllib.parse import unquote_to_bytes

LONGEST_SEGMENT = 200
"""Characters of one level; with the levels around it the full ARN stays below the 1,011 that AWS allows."""

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-")
_UNDERSCORE = ord("_")
_ESCAPE = re.compile("__([0-9A-F]{2})")


def parameter_segment(name: str) -> str:
    """Turn any text into one level of a parameter's name.

    What Parameter Store allows stays as it is. Any other byte of UTF-8 becomes two underscores and two hexadecimal
    digits, and so does an underscore that stands before another one or before such an escape: then two underscores
    are always an escape, and two different texts never give the same level. What would be too long is cut, and ends
    in ``__cut-`` and a digest.
    """
    source = name.encode("utf-8", "surrogatepass")
    escaped = "".join(_escape(byte, source[place + 1 : place + 2]) for place, byte in enumerate(source))
    if not escaped:
        return "__empty"
    if len(escaped) <= LONGEST_SEGMENT:
        return escaped
    ending = f"__cut-{hashlib.sha256(source).hexdigest()}"
    return escaped[: LONGEST_SEGMENT - len(ending)] + ending


def _escape(byte: int, following: bytes) -> str:
    if byte in _PLAIN or (byte == _UNDERSCORE and (not following or following[0] in _PLAIN)):
        return chr(byte)
    return f"__{byte:02X}"


def text_of_segment(segment: str) -> str | None:
    """Return the text that ``parameter_segment`` turned into this level; ``None`` if it was cut, or is none of ours."""
    if segment == "__empty":
        return ""
    escaped = _ESCAPE.sub(lambda found: f"%{found[1]}", segment.replace("%", "%25"))
    if "__" in escaped:
        return None
    text = unquote_to_bytes(escaped).decode("utf-8", "replace")
    return text if parameter_segment(text) == segment else None


def connections_path(prefix: str) -> str:
    """Return the path that all names of the consumer's side are published below."""
    return f"/{prefix}/connections"


def binding_path(prefix: str, binding: str) -> str:
    """Return the path that all names of a binding are published below."""
    return f"{connections_path(prefix)}/{parameter_segment(binding)}"


def connection_path(prefix: str, binding: str, resource: str, vpc_id: str | None) -> str:
    """Return the path where the consumer's side reads a shared resource's names."""
    per_vpc = f"/{vpc_id}" if vpc_id else ""
    return f"{binding_path(prefix, binding)}/{parameter_segment(resource)}{per_vpc}"


def consumers_path(prefix: str) -> str:
    """Return the path that all names of the provider's side are published below."""
    return f"/{prefix}/consumers"


def consumer_path(prefix: str, account_id: str, endpoint_id: str) -> str:
    """Return the path where the provider's side reads a consumer's names."""
    return f"{consumers_path(prefix)}/{account_id}/{endpoint_id}"


def name_parameter(path: str) -> str:
    """Return the parameter of the plain name that is published at a path."""
    return f"{path}/dns-name"


def document_parameter(path: str) -> str:
    """Return the parameter of the JSON beside the plain name that is published at a path."""
    return f"{path}/connection"


def path_of_document(parameter: str) -> str | None:
    """Return the path of what is published there; ``None`` for a parameter that is no JSON beside a name."""
    return parameter.removesuffix("/connection") if parameter.endswith("/connection") else None
