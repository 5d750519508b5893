"""DNS names in the one form in which Route 53 compares them."""

from __future__ import annotations

import re

_LONGEST = 255
_LONGEST_LABEL = 63
_PIECE = re.compile(r"\\[0-7]{3}|.", re.DOTALL)
_ESCAPED = re.compile(r"\\[0-7]{3}")
_AS_IT_IS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
_PRINTABLE = range(33, 127)


def normal(name: str) -> str:
    r"""Return the name in small letters, without its last dot, and with octal escapes: ``*`` is ``\052``."""
    return "".join(_escaped(piece) for piece in _PIECE.findall(name.lower().removesuffix(".")))


def _escaped(piece: str) -> str:
    return piece if piece in _AS_IT_IS or _ESCAPED.fullmatch(piece) else f"\\{ord(piece):03o}"


def is_in(name: str, domain: str) -> bool:
    """Return whether a name is the domain's own or one below it; both are ``normal``."""
    return f".{name}".endswith(f".{domain}")


def in_order(name: str) -> list[str]:
    """Return the key by which Route 53 sorts names: their labels from the end."""
    return normal(name).split(".")[::-1]


def fault_of(name: str) -> str | None:
    """Return what is wrong with a name, in Route 53's words; None if it is valid."""
    odd = next((letter for letter in name if ord(letter) not in _PRINTABLE), None)
    if odd is not None:
        return f"FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with '{odd}'"
    labels = _ESCAPED.sub("x", name).removesuffix(".").split(".")
    if "" in labels:
        return f"FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with '{name}'"
    long = next((label for label in labels if len(label) > _LONGEST_LABEL), None)
    if long is not None:
        return f"FATAL problem: DomainLabelTooLong (Domain label is too long) encountered with '{long}'"
    if len(".".join(labels)) > _LONGEST:
        return f"FATAL problem: DomainNameTooLong (Domain name is too long) encountered with '{name}'"
    return None
