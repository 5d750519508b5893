"""The private name that a VPC has for a shared resource, by the endpoint's DNS preference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from local_aws.moto_extension.errors import AwsError
from local_aws.services.lattice.domains import status_of
from local_aws.services.lattice.store import LatticeResource

VERIFIED_ONLY: Final = "VERIFIED_DOMAINS_ONLY"
_PREFERENCES = frozenset(
    {VERIFIED_ONLY, "ALL_DOMAINS", "VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS", "SPECIFIED_DOMAINS_ONLY"}
)


@dataclass(frozen=True)
class VpcNames:
    """DNS names that resolve in a VPC, each with the ARN of its target."""

    public: dict[str, str] = field(default_factory=dict)
    """In AWS's own domains."""
    private: dict[str, str] = field(default_factory=dict)
    """Each in a hosted zone for exactly this name."""


def check_preference(options: dict[str, Any]) -> None:
    """Refuse an unknown preference, which EC2's model has as a plain string.

    Raises:
        AwsError: the preference is unknown, or does not fit the specified domains.
    """
    preference, domains = options.get("PrivateDnsPreference"), options.get("PrivateDnsSpecifiedDomains")
    if preference is not None and preference not in _PREFERENCES:
        raise AwsError("InvalidParameterValue", f"Value ({preference}) for parameter PrivateDnsPreference is invalid.")
    if not domains_fit(preference or "", domains):
        raise AwsError(
            "InvalidParameterCombination", "PrivateDnsSpecifiedDomains goes with a preference for specified domains."
        )


def domains_fit(preference: str, domains: Sequence[str] | None) -> bool:
    """Return whether domains are specified if and only if the preference uses them."""
    return bool(domains) == ("SPECIFIED" in preference)


def private_name(configuration: LatticeResource, options: dict[str, Any]) -> str | None:
    """Return the custom name of the configuration if the preference lets it into the VPC's DNS.

    Args:
        configuration: the shared configuration.
        options: EC2's ``DnsOptions``, or those of a VPC's association with a network in EC2's spelling.
    """
    name: str | None = configuration.shown.get("customDomainName")
    preference = options.get("PrivateDnsPreference", VERIFIED_ONLY)
    if name is None:
        return None
    verified = preference.startswith("VERIFIED") and status_of(configuration) == "VERIFIED"
    specified = "SPECIFIED" in preference and any(
        f".{name}".endswith(f".{domain.removeprefix('*.')}") for domain in options.get("PrivateDnsSpecifiedDomains", [])
    )
    return name if preference == "ALL_DOMAINS" or verified or specified else None
