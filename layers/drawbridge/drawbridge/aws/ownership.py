"""The tag of what Drawbridge makes: nothing without it is ever changed or deleted."""

OWNER_TAG = "drawbridge:owner"
"""Its value is the prefix of the stack."""
