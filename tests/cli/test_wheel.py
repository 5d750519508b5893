"""The wheel: what users install has all that the command line needs, with nothing of this repository beside it."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from drawbridge_cli.version import own_version
from tests.builders import REPOSITORY

BUILD = """
import sys
from setuptools.build_meta import build_wheel
print(build_wheel(sys.argv[1]))
"""

HELP = """
import sys
from drawbridge_cli import main, stack
print(stack.__file__)
def show_help(*path):
    sys.argv = ["drawbridge", *path, "--help"]
    try:
        main.main()
    except SystemExit as ended:
        assert not ended.code, path
group = main.typer.main.get_command(main.app)
for name in group.lazy:
    show_help(name)
    for inner in getattr(group.imported(name), "commands", ()):
        show_help(name, inner)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, as pip does without isolation, and install it; return the folder that it is in."""
    room = tmp_path_factory.mktemp("wheel")
    source, target = room / "source", room / "target"
    # setuptools writes into the tree that it builds.
    for folder in ("cli", "layers/drawbridge/drawbridge", "policies"):
        shutil.copytree(REPOSITORY / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, source / name)
    subprocess.run([sys.executable, "-c", BUILD, str(room)], cwd=source, capture_output=True, check=True, timeout=120)
    (wheel,) = room.glob("drawbridge-*.whl")
    pip = ["-m", "pip", "install", "-qq", "--no-index", "--no-deps", "--no-compile", "--disable-pip-version-check"]
    command = [sys.executable, *pip, "--target", str(target), str(wheel)]
    subprocess.run(command, capture_output=True, check=True, timeout=120)
    return target


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run what is installed, with its dependencies and without what else this environment finds of ours."""
    # Given as a path, where .pth files are not read: by one of them the editable install would come in.
    path = os.pathsep.join((str(installed), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    return subprocess.run(
        [sys.executable, "-S", str(installed / "bin" / "drawbridge"), *arguments],
        cwd=installed,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": path, "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_it_says_its_version(installed: Path) -> None:
    ran = run(installed, "--version")

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"drawbridge {own_version()}\n", "")


def test_it_has_the_default_policies_and_the_schema_that_they_are_checked_by(installed: Path) -> None:
    ran = run(installed, "policy", "check", "drawbridge_policies")

    number = len([*(REPOSITORY / "policies").glob("*.cedar")])
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"{number} policies, ")


def test_it_has_what_schemas_are_made_of(installed: Path) -> None:
    ran = run(installed, "bindings", "schema")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert '"$schema"' in ran.stdout


def test_every_command_has_its_help(installed: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-S", "-c", HELP],
        env={"PYTHONPATH": os.pathsep.join((str(installed), sysconfig.get_path("purelib")))},
        cwd=installed,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    module, *shown = ran.stdout.splitlines()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert module.startswith(f"{installed}/")
    usages = [line for line in shown if line.startswith("Usage: ")]
    assert "Usage: drawbridge bindings schema [OPTIONS]" in usages
    assert usages[0].startswith("Usage: drawbridge status ")
