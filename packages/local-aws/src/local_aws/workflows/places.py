"""The places that an execution's branches have reached, from which a redrive goes on."""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass, field
from typing import Any


@dataclass
class BranchPlace:
    """A branch's place: its present state with the input, or its output once it is through.

    ``entered`` is the state's event in the history, None until it was entered.
    """

    variables: ChainMap[str, Any]
    state: str | None = None
    input: Any = None
    entered: int | None = None
    time: str = ""
    inner: dict[int, BranchPlace] = field(default_factory=dict)
    """The branches or iterations of the state, by their number."""
    output: Any = None
    is_through: bool = False

    def go_to(self, state: str, data: Any) -> None:
        self.state, self.input = state, data
        self.entered = None
        self.forget_inner()

    def finish(self, output: Any) -> None:
        self.output = output
        self.is_through = True
        self.forget_inner()

    def forget_inner(self) -> None:
        """Let the state's inner branches begin anew, as for a retry."""
        self.inner = {}
