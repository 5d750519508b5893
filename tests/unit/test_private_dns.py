"""AWS's words for private DNS."""

import pytest

from drawbridge.aws.private_dns import PREFERENCES, names_of, private_dns_of
from drawbridge.lattice import PrivateDns


def test_trap_17_every_width_of_private_dns_has_a_word_of_aws_s_of_its_own() -> None:
    assert PREFERENCES.keys() == {*PrivateDns} - {PrivateDns.OFF}
    assert len({*PREFERENCES.values()}) == len(PREFERENCES)


@pytest.mark.parametrize("private_dns", PREFERENCES)
def test_a_word_of_aws_s_is_read_as_it_is_written(private_dns: PrivateDns) -> None:
    assert private_dns_of(PREFERENCES[private_dns]) is private_dns


@pytest.mark.parametrize(("preference", "read"), [("", PrivateDns.VERIFIED), ("SOMETHING_NEW", PrivateDns.ALL)])
def test_trap_17_none_is_aws_s_default_and_what_is_not_known_may_let_anything_in(
    preference: str, read: PrivateDns
) -> None:
    assert private_dns_of(preference) is read


@pytest.mark.parametrize(
    ("enabled", "preference", "domains", "names"),
    [
        (True, "VERIFIED_DOMAINS_ONLY", ["*"], (PrivateDns.VERIFIED, frozenset())),
        (True, "ALL_DOMAINS", ["*"], (PrivateDns.ALL, frozenset())),
        (True, "SPECIFIED_DOMAINS_ONLY", ["a.example"], (PrivateDns.LISTED, frozenset({"a.example"}))),
        (True, None, None, (PrivateDns.VERIFIED, frozenset())),
        (False, "ALL_DOMAINS", ["*"], (PrivateDns.OFF, frozenset())),
    ],
)
def test_domains_are_read_only_where_they_are_specified(
    enabled: bool, preference: str | None, domains: list[str] | None, names: tuple[PrivateDns, frozenset[str]]
) -> None:
    assert names_of(enabled, preference, domains) == names
