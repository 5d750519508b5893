from __future__ import annotations


def upper(text: str) -> str:
    return text.upper()
