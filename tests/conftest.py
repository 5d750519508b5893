from collections.abc import Iterator

import pytest

from local_aws.server import LocalAws


@pytest.fixture(scope="session")
def local_aws_server() -> Iterator[LocalAws]:
    """Serve one local AWS for all tests, as moto's state is one for the process: tests keep apart by their accounts."""
    with LocalAws() as server:
        yield server
