"""``python -m bench``: measure, and print what was measured beside what it compares with."""

import logging

from bench.answering import report_answering
from bench.deciding import report_deciding
from bench.loading import report_loading
from bench.onboarding import report_bindings, report_bursts, report_onboarding
from bench.starting import report_starting
from local_aws.testing.server import LocalAws
from local_stack.stack import ACCOUNTS, deploy_stack


def main() -> None:
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    report_starting()
    with LocalAws() as server:
        for account_id in ACCOUNTS:
            deploy_stack(account_id)
        report_onboarding(server.url)
        report_bindings(server.url)
        report_bursts(server.url)
        report_answering(server.url)
    report_loading()
    report_deciding()


if __name__ == "__main__":
    main()
