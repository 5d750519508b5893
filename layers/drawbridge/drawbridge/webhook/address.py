"""Where a webhook may be: on the internet by HTTPS; by plain HTTP only on this very machine, for trying it out.

No address inside of a network, nor that of the machine's own credentials, is ever called, whatever a name leads to.
"""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from msgspec import Struct

from drawbridge.errors import InvalidInputError

_NAME = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*\.?", re.IGNORECASE)
_LONGEST_NAME = 253
_LONGEST = 2000

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


class WebhookAddress(Struct, frozen=True):
    """The address of a webhook. It may hold a token, and is shown nowhere but for its host."""

    is_https: bool
    host: str
    port: int
    path: str
    """With its query."""

    def __repr__(self) -> str:
        return f"WebhookAddress({self.host!r}, ...)"

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.is_https else 80
        return host if self.port == usual else f"{host}:{self.port}"


def webhook_address(url: str) -> WebhookAddress:
    """Read the address of a webhook.

    Raises:
        InvalidInputError: it is none that may be called; the message does not quote it.
    """
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidInputError(f"url: it is at most {_LONGEST} characters of ASCII, without spaces")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidInputError("url: it is no URL, such as https://hooks.example.com/drawbridge") from None
    if parts.username is not None or parts.password is not None:
        raise InvalidInputError("url: it has a user or a password in it; the signature says who calls")
    if not _is_host(host):
        raise InvalidInputError("url: it names no host; write one such as https://hooks.example.com/drawbridge")
    if parts.scheme not in {"https", "http"} or (parts.scheme == "http" and not _is_this_machine(host)):
        raise InvalidInputError("url: it does not begin with https://")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    is_https = parts.scheme == "https"
    return WebhookAddress(is_https, host, (443 if is_https else 80) if port is None else port, path)


def _is_host(host: str) -> bool:
    """Whether it is a name that can be resolved, or an IP address."""
    if ":" not in host:
        return len(host) <= _LONGEST_NAME and _NAME.fullmatch(host) is not None
    try:
        # Who has a zone names an interface of this machine.
        return not ipaddress.IPv6Address(host).scope_id
    except ValueError:
        return False


def _is_this_machine(host: str) -> bool:
    # By its number: what a name leads to is another's to say.
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def callable_addresses(address: WebhookAddress, resolved: Iterable[str]) -> tuple[str, ...]:
    """Return the IP addresses that a webhook's name leads to, if all of them may be called.

    Raises:
        InvalidInputError: one of them may not.
    """
    # Without the zone that IPv6 may have after a percent sign.
    found = tuple(dict.fromkeys(each.partition("%")[0] for each in resolved))
    for each in found:
        ip = _unwrapped(ipaddress.ip_address(each))
        allowed = _is_on_internet(ip) if address.is_https else ip.is_loopback
        if not allowed:
            raise InvalidInputError(f"url: {address.host} leads to {each}, which is not on the internet")
    return found


_NOWHERE = tuple(
    map(
        ipaddress.ip_network,
        # https://www.iana.org/assignments/iana-ipv6-special-registry: not every Python knows these for not global.
        ("192.0.0.0/24", "64:ff9b:1::/48", "3fff::/20"),
    )
)


def _is_on_internet(ip: Ip) -> bool:
    if any(ip in each for each in _NOWHERE) or ip.is_multicast or ip.is_reserved:
        return False
    return ip.is_global and not (isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local)


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _unwrapped(ip: Ip) -> Ip:
    """Return the address of IPv4 that one of IPv6 stands for, or else itself."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip
