"""``python -m local_aws.deployment TEMPLATE``: print the CloudFormation that SAM makes of a template."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from local_aws.deployment import DeploymentError, template


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m local_aws.deployment", description=__doc__)
    parser.add_argument("template", type=Path)
    parser.add_argument("--region", default="us-east-1")
    options = parser.parse_args(arguments)
    # The translator's telemetry complains that nobody takes it.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    try:
        source = template.read(options.template)
        values = template.parameter_values(source, {})
        json.dump(template.translate(source, values, options.region), sys.stdout, indent=2)
    except DeploymentError as failure:
        print(failure, file=sys.stderr)  # noqa: T201 - a command's own output
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
