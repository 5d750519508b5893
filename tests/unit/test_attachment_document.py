"""A desired attachment, written as a document and read again."""

from __future__ import annotations

import pytest
from hypothesis import given

from drawbridge.association import DesiredAttachment, Mode
from drawbridge.association.attachment_document import attachment_of, document_of
from drawbridge.errors import InvalidInputError
from tests.builders import desired, desired_by_network
from tests.unit.desired_attachments import any_desired


@given(any_desired())
def test_what_is_written_of_an_attachment_is_read_as_it_was(desired: DesiredAttachment) -> None:
    assert attachment_of(document_of(desired)) == desired


def test_an_alias_is_written_and_read_whole() -> None:
    aliased = desired(
        alias="{resource}.corp.example", alias_zone="Z0", alias_zone_name="corp.example", alias_reserved=True
    )

    assert aliased.alias is not None
    assert attachment_of(document_of(aliased)) == aliased


@pytest.mark.parametrize("mode", [Mode.SERVICE_NETWORK, Mode.SERVICE_NETWORK_ENDPOINT])
def test_a_document_that_names_no_network_where_its_mode_needs_one_is_refused(mode: Mode) -> None:
    with pytest.raises(InvalidInputError, match=f"network is missing; mode {mode} is by one"):
        desired_by_network(mode, network=None)
