"""``python -m bench``: measure, and print what was measured beside what it compares with."""

import logging

from bench.deciding import report_deciding
from bench.loading import report_loading
from bench.onboarding import report_bursts, report_onboarding
from local_aws.__main__ import ACCOUNTS, PARAMETERS, REGION, TEMPLATE
from local_aws.deployment import deploy
from local_aws.server import LocalAws


def main() -> None:
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    with LocalAws() as server:
        for account_id in ACCOUNTS:
            deploy(TEMPLATE, account_id, REGION, parameters=PARAMETERS)
        report_onboarding(server.url)
        report_bursts(server.url)
    report_loading()
    report_deciding()


if __name__ == "__main__":
    main()
