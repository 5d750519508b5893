"""``eval "$(python -m local_stack.environment consumer)"``: be somebody of an account of the local AWS."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.command import Options
from local_aws.testing.accounts import Account
from local_stack.stack import NAMES, REGION

PROGRAMS = Path(sys.executable).parent
"""Where ``drawbridge`` is: beside what runs this."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m local_stack.environment", description=__doc__)
    parser.add_argument("account", type=_account, help=f"{', '.join(NAMES)}, or any account's id")
    parser.add_argument("--port", type=int, default=Options().port)
    options = parser.parse_args(arguments)
    url = f"http://127.0.0.1:{options.port}"
    try:
        lines = settings(url, options.account)
    except (BotoCoreError, ClientError):
        # Whoever evaluates this sees nothing else.
        print(f"nothing answers at {url}: make up serves it, in a terminal of its own", file=sys.stderr)  # noqa: T201
        return 1
    print("\n".join(lines))  # noqa: T201 - what is asked for
    return 0


def settings(url: str, account_id: str) -> list[str]:
    """Return lines for bash and zsh that make their calls somebody's of the account, and ``drawbridge`` found."""
    somebody = Account(url, account_id, called="me", region=REGION, attempts=1)
    # The AWS CLI takes AWS_REGION before AWS_DEFAULT_REGION.
    values = {**somebody.environment, "AWS_REGION": REGION}
    programs = shlex.quote(str(PROGRAMS))
    return [
        "unset AWS_PROFILE AWS_DEFAULT_PROFILE",
        *(f"export {name}={shlex.quote(value)}" for name, value in values.items()),
        f'case ":$PATH:" in *:{programs}:*) ;; *) export PATH={programs}:"$PATH" ;; esac',
    ]


def _account(text: str) -> str:
    account_id = NAMES.get(text, text)
    if not re.fullmatch(r"[0-9]{12}", account_id):
        raise argparse.ArgumentTypeError(f"{', '.join(NAMES)} or an account's id is expected, not {text!r}")
    return account_id


if __name__ == "__main__":
    sys.exit(main())
