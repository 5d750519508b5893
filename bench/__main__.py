"""``python -m bench``: measure, and print what was measured beside what it compares with.

``python -m bench withdrawing``, and so ``resting``, ``status``, ``commands``, ``offering`` and ``loading``, measure
that part alone.
"""

import logging
import sys
from collections.abc import Callable, Mapping

from bench.answering import report_answering
from bench.commands import report_commands
from bench.deciding import report_deciding
from bench.loading import report_loading
from bench.offering import report_offering
from bench.onboarding import report_bindings, report_onboarding
from bench.resting import report_resting
from bench.starting import report_starting
from bench.status import report_status
from bench.withdrawing import report_withdrawing
from local_aws.testing.server import LocalAws
from local_stack.stack import ACCOUNTS, deploy_stack
from scenarios.people import Person

ALONE: Mapping[str, Callable[[str], None]] = {
    "withdrawing": report_withdrawing,
    "resting": report_resting,
    "status": report_status,
    "commands": report_commands,
    "offering": lambda _: report_offering(),
    "loading": report_loading,
}
"""The parts that deploy what they measure, in accounts of their own, or deploy nothing."""


def main() -> None:
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    if parts := sys.argv[1:]:
        if unknown := {*parts} - ALONE.keys():
            sys.exit(f"{', '.join(sorted(unknown))}: measured alone are {', '.join(ALONE)}")
        with LocalAws() as server:
            for part in parts:
                ALONE[part](server.url)
        return
    report_starting()
    with LocalAws() as server:
        # Before the stacks that sweep every minute: their sweeps would take time here too.
        report_withdrawing(server.url)
        report_commands(server.url)
        for account_id in ACCOUNTS:
            deploy_stack(account_id)
        report_onboarding(server.url)
        report_bindings(server.url)
        report_answering(server.url)
        # The last here: all that the local AWS lists after it, it finds among thousands.
        report_status(server.url)
        for account_id in ACCOUNTS:
            Person(server.url, account_id, "somebody").stop_sweeping()
        report_resting(server.url)
        report_loading(server.url)
    report_deciding()
    report_offering()


if __name__ == "__main__":
    main()
