"""``python -m local_stack``: serve the local AWS, with Drawbridge's stack in its accounts, until told to end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from local_aws.command import Options, parse, run
from local_stack.stack import ACCOUNTS, REGION, TEMPLATE, deploy_stack

STACK = Options(accounts=ACCOUNTS, region=REGION, template=TEMPLATE, stack="drawbridge")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments, prog="python -m local_stack", description=__doc__, defaults=STACK)
    if options.template != TEMPLATE:
        return run(options)
    return run(options, _deploy, lambda url: f"approvals are asked for at {url}/_local/slack")


def _deploy(template: Path, account_id: str, region: str, *, name: str) -> object:
    return deploy_stack(account_id, region, name=name)


if __name__ == "__main__":
    sys.exit(main())
