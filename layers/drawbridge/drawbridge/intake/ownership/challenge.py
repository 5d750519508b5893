"""Challenges: texts that only an account's own credentials can answer, and only for one provider."""

import re
import secrets
from collections.abc import Callable

from msgspec import Struct

from drawbridge.errors import InvalidInputError

NONCE_BYTES = 16


class Provider(Struct, frozen=True, kw_only=True):
    """Who asks for proof: a stack, by its prefix, account and Region."""

    prefix: str
    account_id: str
    region: str

    @property
    def sts_hosts(self) -> dict[str, str]:
        """The Regions whose STS may be asked, each with its host: the stack's own, and its partition's default.

        A consumer has no session that is valid in a Region that it has not enabled; the default Region is always.
        """
        default = _partition_of(self.region).default_region
        return {region: sts_host(region) for region in (self.region, default)}


class Challenge(Struct, frozen=True, kw_only=True):
    """What an account is asked to sign: for whom, for which account, and a number that is used once."""

    provider: Provider
    account_id: str
    nonce: str

    @property
    def text(self) -> str:
        of = self.provider
        return f"drawbridge-{of.prefix}.{of.account_id}.{of.region}.{self.account_id}.{self.nonce}"


def new_challenge(
    provider: Provider, account_id: str, random_hex: Callable[[int], str] = secrets.token_hex
) -> Challenge:
    """Return a challenge for an account that nobody can guess."""
    return Challenge(provider=provider, account_id=account_id, nonce=random_hex(NONCE_BYTES))


# Not "\\d", which takes the digits of any script.
_CHALLENGE = re.compile(
    r"drawbridge-(?P<prefix>[a-z][a-z0-9-]{0,31})\.(?P<provider>[0-9]{12})\.(?P<region>[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2})"
    rf"\.(?P<account>[0-9]{{12}})\.(?P<nonce>[0-9a-f]{{{2 * NONCE_BYTES}}})"
)


def parse_challenge(text: str) -> Challenge:
    """Take a challenge apart.

    Raises:
        InvalidInputError: it is none.
    """
    found = _CHALLENGE.fullmatch(text)
    if found is None:
        raise InvalidInputError(
            f"challenge: {text[:200]!r} is none; take it whole from what the provider gave you, drawbridge-…"
        )
    provider = Provider(prefix=found["prefix"], account_id=found["provider"], region=found["region"])
    return Challenge(provider=provider, account_id=found["account"], nonce=found["nonce"])


class _Partition(Struct, frozen=True):
    regions: str
    """How its Regions' names begin."""
    suffix: str
    default_region: str


_PARTITIONS = (
    _Partition("cn-", "amazonaws.com.cn", "cn-north-1"),
    _Partition("us-gov-", "amazonaws.com", "us-gov-west-1"),
    _Partition("us-iso-", "c2s.ic.gov", "us-iso-east-1"),
    _Partition("us-isob-", "sc2s.sgov.gov", "us-isob-east-1"),
    _Partition("us-isof-", "csp.hci.ic.gov", "us-isof-south-1"),
    _Partition("eu-isoe-", "cloud.adc-e.uk", "eu-isoe-west-1"),
    _Partition("eusc-", "amazonaws.eu", "eusc-de-east-1"),
)
_COMMERCIAL = _Partition("", "amazonaws.com", "us-east-1")


def sts_host(region: str) -> str:
    """Return the host of STS in a Region."""
    return f"sts.{region}.{_partition_of(region).suffix}"


def _partition_of(region: str) -> _Partition:
    return next((each for each in _PARTITIONS if region.startswith(each.regions)), _COMMERCIAL)
