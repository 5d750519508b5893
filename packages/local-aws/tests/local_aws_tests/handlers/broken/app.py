"""A function whose module can't be loaded."""

raise RuntimeError("no way")
