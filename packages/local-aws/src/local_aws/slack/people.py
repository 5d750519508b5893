"""The users, channels and groups that are in the workspace from the beginning."""

from __future__ import annotations

from collections.abc import Mapping

TEAM_ID = "T0LOCAL0001"
TEAM = "local"
APPROVALS = "C0APPROVALS"
ESCALATION = "C0ESCALATION"
NET_ADMINS = "S0NETADMINS"

CHANNELS: Mapping[str, str] = {APPROVALS: "net-approvals", ESCALATION: "net-escalation"}
USERS: Mapping[str, str] = {
    "U0ALICE": "alice",
    "U0BOB": "bob",
    "U0CAROL": "carol",
    "U0MALLORY": "mallory",
}
REAL_NAMES: Mapping[str, str] = {
    "U0ALICE": "Alice Adams",
    "U0BOB": "Bob Brown",
    "U0CAROL": "Carol Clark",
    "U0MALLORY": "Mallory Moss",
}
GROUPS: Mapping[str, tuple[str, ...]] = {NET_ADMINS: ("U0BOB", "U0CAROL")}
GROUP_NAMES: Mapping[str, str] = {NET_ADMINS: "net-admins"}
