"""What the build leaves out is nothing that a function needs."""

import re
import tomllib

from layers.prune import OPERATIONS, operations
from tests.builders import REPOSITORY


def test_botocore_keeps_the_data_of_every_service_that_a_client_is_built_for() -> None:
    """Trap 28."""
    bootstrap = REPOSITORY / "layers" / "drawbridge" / "drawbridge" / "bootstrap"
    code = "\n".join(module.read_text() for module in bootstrap.glob("*.py"))

    built = set(re.findall(r'(?:clients?|resource)\(\s*"([a-z0-9-]+)"', code))

    assert built == operations(OPERATIONS.read_text()).keys()


def test_what_is_installed_as_the_command_line_has_every_package() -> None:
    configured = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {"drawbridge": REPOSITORY / "layers" / "drawbridge" / "drawbridge"}
    packages = {
        ".".join((name, *path.parent.relative_to(folder).parts))
        for name, folder in folders.items()
        for path in folder.rglob("__init__.py")
    }

    assert packages | {"drawbridge_cli", "drawbridge_policies"} == set(configured["packages"])


def test_the_layer_takes_of_the_policies_what_the_package_reads() -> None:
    makefile = (REPOSITORY / "layers" / "Makefile").read_text()

    assert "drawbridge_policies/__init__.py drawbridge_policies/schema.cedarschema" in makefile
