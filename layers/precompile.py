"""Compile an artifact for Lambda's Python, so that no cold start has to: it saves 200 ms and more of each.

Only a Python of the same minor version can do it. Without one on this machine the artifact works as well, but starts
more slowly, and this says so.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSION = "3.13"


def interpreter() -> str | None:
    """Find a Python of Lambda's version: this one, one on the path, or one that pyenv keeps."""
    if sys.version_info[:2] == tuple(int(part) for part in VERSION.split(".")):
        return sys.executable
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{VERSION}"), *(str(each) for each in kept.glob(f"{VERSION}.*/bin/python"))]
    return next((each for each in candidates if each and _runs(each)), None)


def _runs(python: str) -> bool:
    # A shim of pyenv is on the path whether or not its version may be used here.
    asked = subprocess.run([python, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, check=False)
    return asked.returncode == 0


def main(artifact: str) -> None:
    python = interpreter()
    if python is None:
        sys.stderr.write(f"no Python {VERSION} here: {artifact} is not compiled, cold starts take longer\n")
        return
    # Files unpacked by Lambda have other times than here: the compiled ones are not to be checked against them.
    options = ["-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([python, "-m", "compileall", *options, artifact], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main(sys.argv[1])
