"""Writing and removing parameters of the configuration, one after the other."""

from collections.abc import Collection

from drawbridge.aws.configuration_parameters import ConfigurationParameters
from drawbridge_cli.screen import accounting, say


def write_changes(
    parameters: ConfigurationParameters,
    path: str,
    to_write: Collection[tuple[str, str]],
    to_remove: Collection[str],
    *,
    as_json: bool,
) -> None:
    """Write texts by their names, then remove; what is done is said, and what not if it breaks off."""
    done: list[str] = []
    number = len(to_write) + len(to_remove)
    with accounting(
        lambda: f"{len(done)} of {number} changes are made; the same command makes the rest" if done else ""
    ):
        for name, text in to_write:
            parameters.write(path, name, text)
            done.append(f"written  {name}")
            _say(done, as_json=as_json)
        for name in parameters.remove(path, [*to_remove]):
            done.append(f"removed  {name}")
            _say(done, as_json=as_json)


def _say(done: list[str], *, as_json: bool) -> None:
    if not as_json:
        say(done[-1], "good")
