"""What the build leaves out is nothing that a function needs."""

import re

from tests.builders import REPOSITORY


def test_botocore_keeps_the_data_of_every_service_that_a_client_is_built_for() -> None:
    """Trap 28."""
    makefile = (REPOSITORY / "layers" / "Makefile").read_text()
    kept = re.search(r"^SERVICES := (.+)$", makefile, re.MULTILINE)
    assert kept is not None
    bootstrap = REPOSITORY / "layers" / "drawbridge" / "drawbridge" / "bootstrap"
    code = "\n".join(module.read_text() for module in bootstrap.glob("*.py"))

    built = set(re.findall(r'(?:client|resource)\(\s*"([a-z0-9-]+)"', code))

    assert built == set(kept.group(1).split())
