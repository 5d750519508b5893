"""A binding as people write it, and YAML that nobody means and anybody can write in its place."""

from __future__ import annotations

from typing import Any

BINDING: dict[str, Any] = {
    "match": {"provider": "111111111111", "share": "*", "resource": "orders-*", "types": ["SINGLE"]},
    "attach": {
        "mode": "resource-endpoint",
        "vpc": "vpc-0123456789abcdef0",
        "subnets": ["subnet-0123456789abcdef0"],
        "securityGroups": ["sg-0123456789abcdef0"],
        "privateDns": {"domains": ["vendor.example"], "verified": False},
        "alias": {"zone": "Z0123456789ABC", "name": "{resource}.corp.example"},
    },
}
ODD_YAML = (
    "&a [*a, *a]",
    "attach: &a {mode: resource-endpoint, vpc: *a}",
    "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(12)),
    "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: [{','.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 14)),
    "[" * 8000,
    "{" * 8000,
    "- " * 4000,
    "? " * 4000,
    "a: " * 2000,
    '"\\uD800"',
    'attach: {mode: "\\uD800"}',
    '"\\UFFFFFFFF"',
    '"\\U00110000"',
    "%YAML 9.9\n--- a",
    "--- a\n--- b",
    "? [a]\n: b",
    "!!python/object/apply:os.system ['true']",
    "!!int x",
    "!!binary x",
    "2001-99-99",
    "<<: *x",
    "\t",
    "\x00",
    "@",
)
