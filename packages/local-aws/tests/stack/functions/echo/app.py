from __future__ import annotations

import os
from typing import Any

import shared  # type: ignore[import-not-found]  # the layer puts it on the path


def handler(event: Any, context: Any) -> Any:
    return {"said": shared.upper(str(event.get("say"))), "prefix": os.environ["PREFIX"]}
