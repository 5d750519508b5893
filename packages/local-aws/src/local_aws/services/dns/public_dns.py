"""Public TXT records: those of Route 53's public zones in any account, and those of domains hosted elsewhere."""

from __future__ import annotations

from moto.route53.models import route53_backends

from local_aws.moto_extension.tables import lock, table

_elsewhere = table()
"""Values by name."""


def publish(name: str, value: str) -> None:
    """Publish a TXT record, as if its domain were hosted outside of AWS."""
    with lock:
        _elsewhere.setdefault(_plain(name), set()).add(value)


def withdraw(name: str) -> None:
    with lock:
        _elsewhere.pop(_plain(name), None)


def texts(name: str) -> set[str]:
    """Return the values of the name's TXT records."""
    plain_name = _plain(name)
    found: set[str] = set(_elsewhere.get(plain_name, ()))
    for account_id in list(route53_backends):
        for backend in list(route53_backends[account_id].values()):
            for zone in list(backend.zones.values()):
                if zone.private_zone or not f".{plain_name}".endswith(f".{_plain(zone.name)}"):
                    continue
                for record in list(zone.rrsets):
                    if record.type == "TXT" and _plain(record.name) == plain_name:
                        found.update(str(value).strip('"') for value in record.records)
    return found


def _plain(name: str) -> str:
    return name.rstrip(".").lower()
