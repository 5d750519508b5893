"""The installed package, in an environment with its required distributions only."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PACKAGE = Path(__file__).resolve().parent.parent
README = (PACKAGE / "README.md").read_text(encoding="utf-8")


def _run(*command: str | Path, folder: Path) -> str:
    ended = subprocess.run(
        [str(each) for each in command], cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def _requirements(wheel: Path) -> dict[str, metadata.Distribution]:
    """Return this interpreter's distributions that the wheel requires, directly or not."""
    found: dict[str, metadata.Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    (own,) = metadata.distributions(path=[str(wheel)])
    left = [(own, frozenset[str]())]
    while left:
        distribution, extras = left.pop()
        for requirement in map(Requirement, distribution.requires or []):
            marker, name = requirement.marker, canonicalize_name(requirement.name)
            applies = marker is None or any(marker.evaluate({"extra": extra}) for extra in (extras or {""}))
            key = (name, frozenset(requirement.extras))
            if applies and key not in seen:
                seen.add(key)
                found[name] = metadata.distribution(name)
                left.append((found[name], key[1]))
    return found


def _link(distribution: metadata.Distribution, packages: Path) -> None:
    """Link exactly the files of a distribution into another environment."""
    for file in distribution.files or []:
        if ".." not in file.parts and file.suffix != ".pyc":
            link = packages / file
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(str(distribution.locate_file(file)))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the folder of commands of a new environment with the package installed."""
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("tests", "build", "*.egg-info", "__pycache__", ".*"))
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")
    offline = ("--no-index", "--no-deps")
    _run(*pip, "wheel", *offline, "--no-build-isolation", "-w", folder, source, folder=folder)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    _run(sys.executable, "-m", "venv", "--without-pip", environment, folder=folder)
    commands = environment / "bin"
    packages = sysconfig.get_path("purelib", vars={"base": str(environment)})
    for distribution in _requirements(wheel).values():
        _link(distribution, Path(packages))
    _run(*pip, "--python", commands / "python", "install", *offline, wheel, folder=folder)
    _run(*pip, "--python", commands / "python", "check", folder=folder)
    yield commands
    shutil.rmtree(folder)


def _shown(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_example_of_the_readme_works(installed: Path, tmp_path: Path) -> None:
    (template,) = _shown("yaml")
    handler, example = _shown("python")
    (tmp_path / "keeper").mkdir()
    (tmp_path / "template.yaml").write_text(template)
    (tmp_path / "keeper" / "app.py").write_text(handler)

    _run(installed / "python", "-c", example, folder=tmp_path)

    (log,) = (tmp_path / ".local-aws" / "logs").iterdir()
    assert log.name == "123456789012-keeper.log"


def test_the_command_works_with_the_required_distributions_alone(installed: Path, tmp_path: Path) -> None:
    output = _run(installed / "local-aws", "--help", folder=tmp_path)
    found = _run(
        installed / "python", "-c", "from importlib.util import find_spec; print(find_spec('pytest'))", folder=tmp_path
    )

    assert "--template" in output
    assert found.strip() == "None"


def test_the_page_of_the_workspace_comes_with_its_templates(installed: Path, tmp_path: Path) -> None:
    show = (
        "from local_aws.slack.page import Page; from local_aws.slack.state import State; "
        "page = Page(State(), '/slack', '', ''); print(page.whole(), page.sections())"
    )

    shown = _run(installed / "python", "-c", show, folder=tmp_path)

    assert shown.count("Nothing has been posted here yet.") == 2
