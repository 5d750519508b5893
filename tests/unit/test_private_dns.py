"""AWS's words for private DNS."""

import pytest

from drawbridge.association import PrivateDns
from drawbridge.aws.private_dns import PREFERENCES, private_dns_of


def test_trap_17_every_width_of_private_dns_has_a_word_of_aws_s_of_its_own() -> None:
    assert PREFERENCES.keys() == {*PrivateDns} - {PrivateDns.OFF}
    assert len({*PREFERENCES.values()}) == len(PREFERENCES)


@pytest.mark.parametrize("private_dns", PREFERENCES)
def test_a_word_of_aws_s_is_read_as_it_is_written(private_dns: PrivateDns) -> None:
    assert private_dns_of(PREFERENCES[private_dns]) is private_dns


@pytest.mark.parametrize("preference", ["", "SOMETHING_NEW"])
def test_trap_17_what_is_not_known_is_read_as_the_narrowest(preference: str) -> None:
    assert private_dns_of(preference) is PrivateDns.VERIFIED
