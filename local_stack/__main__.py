"""``python -m local_stack``: serve the local AWS, with Drawbridge's stack in its accounts, until told to end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from local_aws.command import Options, argument_parser, options_of, run
from local_stack.stack import ACCOUNTS, REGION, TEMPLATE, deploy_stack

STACK = Options(accounts=ACCOUNTS, region=REGION, template=TEMPLATE, stack="drawbridge")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser(prog="python -m local_stack", description=__doc__ or "", defaults=STACK)
    parser.add_argument(
        "--example", action="store_true", help="play in what docs/bindings.md and docs/intake.md begin with"
    )
    parsed = parser.parse_args(arguments)
    options = options_of(parsed)
    if options.template != TEMPLATE:
        return run(options)
    return run(options, _deploy, lambda url: _begin(url, example=parsed.example))


def _begin(url: str, *, example: bool) -> str:
    """Play the example in, if it is wanted; return the first steps, in a form that can be copied."""
    if example:
        # Loading boto3 takes a while, and nothing else here needs it.
        from scenarios.example import play  # noqa: PLC0415

        play(url)
    port = url.rpartition(":")[2]
    given = "" if port == str(STACK.port) else f" PORT={port}"
    told = (
        "Follow docs/bindings.md from here, or docs/intake.md."
        if example
        else "Nothing is shared yet: with EXAMPLE=1 something is."
    )
    return f"""
In another terminal, in this folder, as the consumer (env-provider: as the provider):

    eval "$(make env-consumer{given})"
    drawbridge status

{told} Slack is at {url}/_local/slack.
Ctrl-C ends it.
"""


def _deploy(template: Path, account_id: str, region: str, *, name: str) -> object:
    return deploy_stack(account_id, region, name=name)


if __name__ == "__main__":
    sys.exit(main())
