"""How long ``drawbridge status`` takes: over a thousand rows, beside an empty ledger, in the same run."""

import statistics
from collections.abc import Iterator

from bench.processes import COMMAND_LINE, run, with_our_path
from bench.rows import Row, copy_of, items_of, settled_row, write_items
from bench.stacks import deploy_in
from scenarios.people import Person

SIZE = 1_000
RUNS = 5
_ONE_IN = 10
"""One row in so many is held, and shown; the others are connected, and only counted."""

_LIMIT = 2.0
"""Seconds that it may take."""


def report_status(url: str) -> None:
    """Print the seconds of the command, a process of its own each time, and check that it saw every row."""
    home = deploy_in(url, "460000000401")
    print(f"\ndrawbridge status, seconds of {RUNS} runs each, a process each; the local AWS's are among them")
    print(f"   {'rows':>7}{'median':>9}{'least':>9}{'most':>9}")
    _print(0, _times(home, "nothing needs anybody"))
    consumer = Person(url, "500000000000", "consumer")
    service_id, service_name = home.offer_service()
    home.register_consumer(consumer.account_id, service_id)
    endpoint_id = consumer.connect(service_name)
    row = settled_row(home)
    home.stop_sweeping()
    write_items(home, "LedgerTableName", _copies(row, consumer.account_id, endpoint_id))
    if len(items_of(home, "LedgerTableName")) != SIZE:
        raise RuntimeError("the rows are not all there")
    times = _times(home, f"{SIZE // _ONE_IN} need somebody")
    _print(SIZE, times)
    print(f"   {'within' if statistics.median(times) <= _LIMIT else 'MORE THAN'} the {_LIMIT:.0f} s that it may take")


def _copies(row: Row, account_id: str, endpoint_id: str) -> Iterator[Row]:
    """Yield a row for each of so many endpoints, in place of the one that there is too."""
    for number in range(SIZE):
        # The first replaces none: it is the row that is there.
        renamed = {account_id: f"5{number:011}", endpoint_id: f"vpce-{number:017x}"} if number else {}
        held = {"status": {"S": "HELD"}} if number % _ONE_IN == 1 else {}
        yield copy_of(row, renamed) | held


def _times(home: Person, needs: str) -> list[float]:
    """Run the command some times, each of which has to say what needs somebody.

    Raises:
        RuntimeError: it said something else.
    """
    times: list[float] = []
    for _ in range(RUNS):
        # Exit code 1 says that something needs somebody.
        ran = run([*COMMAND_LINE, "status"], with_our_path(home.environment))
        times.append(ran.seconds)
        if needs not in ran.out:
            raise RuntimeError(f"it ended with {ran.code}: {ran.out[:500]} {ran.err[:500]}")
    return times


def _print(rows: int, times: list[float]) -> None:
    print(f"   {rows:>7,}{statistics.median(times):>9.2f}{min(times):>9.2f}{max(times):>9.2f}")
