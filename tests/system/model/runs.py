"""How many runs a state machine of the system tests makes, and of how many steps."""

from hypothesis import HealthCheck, Phase, settings

from tests.system.conftest import LONG

RUNS = settings(
    max_examples=LONG or 2,
    stateful_step_count=40 if LONG else 25,
    # The short profile plays the same runs each time, as a test of CI should; the long one looks for new ones.
    derandomize=not LONG,
    database=None,
    phases=[Phase.generate, Phase.shrink] if LONG else [Phase.generate],
    suppress_health_check=list(HealthCheck),
    print_blob=bool(LONG),
)
