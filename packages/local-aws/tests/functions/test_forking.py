"""Processes of functions that are forked by a server that has loaded the libraries."""

from __future__ import annotations

import json
import os
import signal
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_aws.functions import processes
from local_aws.functions.configuration import FunctionConfiguration
from local_aws.functions.runtime_api import Task
from local_aws.functions.sandbox import Sandbox
from local_aws.functions.sources import FunctionSource
from local_aws_tests.lambda_account import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="functions' processes are forked on Linux only")

HANDLER = """
    import library, ours, os

    def handler(event, context):
        return {"process": os.getpid(), "library": library.loaded_by, "ours": ours.loaded_by, "mark": library.mark}
"""
MODULE = """
    import os

    loaded_by = os.getpid()
    mark = os.environ.get("AWS_EXECUTION_ENV")
"""


KEPT = """
    import ours, re

    kept_pattern = (str, "kept (here|there)", re.ASCII.value) in re._cache
    re.compile("kept (here|there)", re.ASCII)

    def handler(event, context):
        loader = ours.__loader__
        kept_code = loader.get_code("ours") is loader.get_code("ours")
        return {"code": kept_code, "pattern": kept_pattern, "word": ours.word}
"""

LISTING = """
    import os
    from botocore.loaders import Loader

    def handler(event, context):
        pid, *listed = Loader(["here", "there"]).list_available_services("service-2")
        _, *elsewhere = Loader(["elsewhere"]).list_available_services("service-2")
        return {"process": os.getpid(), "lister": pid, "listed": listed, "listed_elsewhere": elsewhere}
"""
LOADERS = """
    import os

    class JSONFileLoader:
        def load_file(self, path):
            return None

    class Loader:
        def __init__(self, extra_search_paths, include_default_search_paths=True):
            self.search_paths = extra_search_paths

        def list_available_services(self, type_name):
            return [os.getpid(), type_name, *self.search_paths]
"""

NAMES = """
    import os

    named = {}

    def xform_name(name):
        named[name] = os.getpid()
"""
NAMING = """
    import botocore, botocore.loaders, os

    def handler(event, context):
        botocore.loaders.JSONFileLoader().load_file("service-2")
        return {"process": os.getpid(), "named": botocore.named}
"""
MODELS = """
    class JSONFileLoader:
        def load_file(self, path):
            return {"operations": {"DescribeIt": {}}}

    class Loader:
        def list_available_services(self, type_name):
            return []
"""


@dataclass(frozen=True)
class Made:
    """A function with a layer that has its own module, and a library as installed by pip."""

    code: Path
    layer: Path

    def start(self, **variables: str) -> Any:
        """Run it once, in a new process."""
        configuration = FunctionConfiguration(
            account_id="111111111111",
            region="eu-west-1",
            name="forked",
            version="$LATEST",
            arn="arn",
            handler="app.handler",
            runtime="python3.13",
            role_arn="arn:aws:iam::111111111111:role/forked",
            timeout=10.0,
            memory_mb=128,
            variables=tuple(variables.items()),
            log_group="/forked",
            log_format="Text",
            log_level="",
            source=FunctionSource(self.code, (self.layer,)),
            code_sha_256="",
        )
        sandbox = Sandbox(configuration, "http://127.0.0.1:1")
        try:
            outcome = sandbox.run(Task("1", b"{}", "arn", "Root=1", 10.0))
        finally:
            sandbox.stop()
        assert outcome.error is None, outcome
        return json.loads(outcome.payload)

    def server(self) -> Any:
        return next(each for (layers, _), each in processes._servers.items() if self.layer in layers)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    function = Made(tmp_path / "code", tmp_path / "layer")
    _write(function.code / "app.py", HANDLER)
    _write(function.layer / "ours.py", MODULE)
    _write(function.layer / "library.py", MODULE)
    _write(
        function.layer / "library-1.0.dist-info" / "METADATA", "Metadata-Version: 2.1\nName: library\nVersion: 1.0\n"
    )
    _write(function.layer / "library-1.0.dist-info" / "top_level.txt", "library\n")
    yield function
    function.server().stop()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(textwrap.dedent(text))


def test_a_librarys_module_is_loaded_before_the_fork_and_a_layers_own_after_it(made: Made) -> None:
    first = made.start()
    assert first["library"] == first["ours"] == first["process"]

    wait_until(lambda: (result := made.start())["library"] != result["process"])

    later = made.start()
    assert later["library"] != later["process"]
    assert later["ours"] == later["process"]
    assert later["mark"] == "AWS_Lambda_python3.13"


def test_what_botocore_lists_is_listed_before_the_fork(made: Made) -> None:
    _write(made.layer / "botocore" / "__init__.py", "")
    _write(made.layer / "botocore" / "loaders.py", LOADERS)
    _write(made.layer / "library-1.0.dist-info" / "top_level.txt", "library\nbotocore\n")
    _write(made.code / "app.py", LISTING)
    # It is kept from when botocore was loaded before the fork, and then listed there.
    wait_until(lambda: (result := made.start())["lister"] != result["process"])

    later = made.start()

    assert later["lister"] != later["process"]
    assert later["listed"] == ["service-2", "here", "there"]
    assert later["listed_elsewhere"] == ["service-2", "elsewhere"]


def test_the_methods_of_botocores_clients_are_named_before_the_fork(made: Made) -> None:
    _write(made.layer / "botocore" / "__init__.py", NAMES)
    _write(made.layer / "botocore" / "loaders.py", MODELS)
    _write(made.layer / "library-1.0.dist-info" / "top_level.txt", "library\nbotocore\n")
    _write(made.code / "app.py", NAMING)
    wait_until(lambda: made.start()["named"])

    later = made.start()

    assert list(later["named"]) == ["DescribeIt"]
    assert later["named"]["DescribeIt"] != later["process"]


def test_compiled_code_and_patterns_are_kept_before_the_fork_until_a_file_changes(made: Made) -> None:
    _write(made.code / "app.py", KEPT)
    _write(made.layer / "ours.py", "word = 'early'\n")
    assert made.start() == {"code": False, "pattern": False, "word": "early"}
    wait_until(lambda: made.start() == {"code": True, "pattern": True, "word": "early"})

    _write(made.layer / "ours.py", "word = 'later on'\n")

    assert made.start() == {"code": False, "pattern": True, "word": "later on"}
    wait_until(lambda: made.start() == {"code": True, "pattern": True, "word": "later on"})


def test_a_function_with_its_own_version_of_a_library_gets_that(made: Made) -> None:
    wait_until(lambda: (result := made.start())["library"] != result["process"])
    _write(made.code / "library.py", MODULE + "    mark = 'its own'\n")

    result = made.start()

    assert result["mark"] == "its own"
    assert result["library"] == result["process"]


def test_a_process_starts_even_if_the_fork_server_has_ended(made: Made) -> None:
    made.start()
    ended = made.server()
    os.kill(ended._process.pid, signal.SIGKILL)

    assert made.start()["process"]
    assert made.start()["process"]
    assert made.server() is not ended
