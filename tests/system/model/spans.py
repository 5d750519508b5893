"""Spans of time in which something was so, noted at each change that may affect it."""

from dataclasses import dataclass, field
from math import inf


@dataclass
class Spans:
    """The spans of time in which something was so."""

    spans: list[tuple[float, float]] = field(default_factory=list)
    """Each by its beginning and its end, the oldest first; one that has not ended ends in infinity."""

    def note(self, now: float, *, so: bool) -> None:
        """Note that it is so, or is not, from now on."""
        if so is self.is_so:
            return
        if so:
            self.spans.append((now, inf))
        else:
            self.spans[-1] = (self.spans[-1][0], now)

    @property
    def is_so(self) -> bool:
        return bool(self.spans) and self.spans[-1][1] == inf

    def within(self, since: float, until: float) -> bool:
        """Return whether it was so at any time between these two."""
        return any(begun <= until and ended >= since for begun, ended in self.spans)

    def throughout(self, since: float, until: float) -> bool:
        """Return whether it was so from the one time to the other."""
        return any(begun <= since and ended >= until for begun, ended in self.spans)
