"""The local AWS's own clients are made whatever the developer has configured."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_a_profile_of_the_developer_s_is_ignored(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile mine]\nregion = eu-west-1\n", encoding="utf-8")
    code = (
        "from local_aws.http.own_clients import new_client\n"
        "made = new_client('sts', region='us-east-1', endpoint_url=None, credentials=('a', 'b', None))\n"
        "print(made.meta.region_name)"
    )

    for profile in ("mine", "nope"):
        environment = {**os.environ, "AWS_PROFILE": profile, "AWS_CONFIG_FILE": str(config)}
        ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert ran.stdout == "us-east-1\n"
