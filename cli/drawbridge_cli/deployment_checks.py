"""Checks of what the stack made: whether it is there, and as it was made."""

from collections.abc import Collection, Iterator, Mapping

from drawbridge_cli.checks import Check, all_ok, ok, problem, unknown, warning
from drawbridge_cli.deployment import DeployedFunction

_REDEPLOY = "detect the stack's drift in CloudFormation, and have it made again as the template says"
_ONLY_LATER = "events come to nothing, and only the schedule finds what they told; "

_SETTLED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
_ROLLED_BACK = frozenset({"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"})


def check_stack(status: str) -> Check:
    name = "stack"
    if status in _SETTLED:
        return ok(name, status)
    if status in _ROLLED_BACK:
        return warning(
            name,
            f"{status}: the last update failed, and what was before it is in force",
            "see its events; update it again",
        )
    if status.endswith("_IN_PROGRESS") and not status.startswith("DELETE"):
        return warning(name, f"{status}: it is being changed", "check again once CloudFormation is through")
    if not status:
        return unknown(name, "CloudFormation tells no status", "check again in a moment")
    return problem(name, status, "see the stack's events in CloudFormation for the first that failed")


def check_version(deployed: str, own: str) -> Check:
    """Compare the stack's version with that of the command line; either is empty if it is not known."""
    name = "version"
    if not own:
        return unknown(
            name, f"stack {deployed or '?'}; the command line does not know its own", "install it: pip install ."
        )
    if not deployed:
        return warning(
            name,
            f"the stack is older than {own}, the command line's: it does not say its version",
            f"deploy version {own}, or use the command line of the stack's version",
        )
    if deployed == own:
        return ok(name, own)
    return warning(
        name,
        f"stack {deployed}, command line {own}: what they keep and read may differ",
        f"deploy version {own}, or use the command line of version {deployed}",
    )


def check_roles(missing: Collection[str]) -> list[Check]:
    gone = (problem("roles", f"{each} is gone: what works in it can do nothing", _REDEPLOY) for each in missing)
    return all_ok("roles", "all are there", gone)


def check_functions(functions: Mapping[str, DeployedFunction | None]) -> list[Check]:
    return all_ok("functions", f"all {len(functions)} are active", _troubled(functions))


def _troubled(functions: Mapping[str, DeployedFunction | None]) -> Iterator[Check]:
    name = "functions"
    for logical_id, each in sorted(functions.items()):
        if each is None:
            yield problem(name, f"{logical_id} is gone", _REDEPLOY)
        elif each.is_stopped:
            yield problem(
                name,
                f"{each.name} is stopped: its reserved concurrency is 0",
                f"aws lambda delete-function-concurrency --function-name {each.name}",
            )
        elif each.state == "Failed" or each.last_update == "Failed":
            yield problem(
                name, f"{each.name} failed: {each.reason or 'AWS does not say why'}", "see to it; " + _REDEPLOY
            )
        elif each.state == "Pending" or each.last_update == "InProgress":
            yield warning(name, f"{each.name} is being made ready", "check again in a moment")
        elif each.state not in {"Active", "Inactive"}:
            # An inactive one was not invoked for weeks, and is active again once it is.
            yield unknown(name, f"{each.name}: Lambda tells the state {each.state or '(none)'}", "look at it in Lambda")


def check_tables(statuses: Mapping[str, str | None]) -> list[Check]:
    return _check_statuses("tables", statuses, "ACTIVE", {"UPDATING"})


def check_workflows(statuses: Mapping[str, str | None]) -> list[Check]:
    return _check_statuses("workflows", statuses, "ACTIVE", frozenset())


def check_mapping(states: Mapping[str, str | None]) -> list[Check]:
    """Check what hands the hints to the function that sweeps."""
    return _check_statuses("hints-mapping", states, "Enabled", {"Creating", "Enabling", "Updating"})


def _check_statuses(name: str, statuses: Mapping[str, str | None], good: str, passing: Collection[str]) -> list[Check]:
    def otherwise() -> Iterator[Check]:
        for logical_id, status in sorted(statuses.items()):
            if status is None:
                yield problem(name, f"{logical_id} is gone", _REDEPLOY)
            elif status in passing:
                yield warning(name, f"{logical_id} is {status}", "check again in a moment")
            elif status != good:
                yield problem(name, f"{logical_id} is {status}", _REDEPLOY)

    return all_ok(name, f"{', '.join(sorted(statuses))}: {good}", otherwise())


def check_rules(states: Mapping[str, str | None]) -> list[Check]:
    def otherwise() -> Iterator[Check]:
        for logical_id, state in sorted(states.items()):
            if state is None:
                yield warning("rules", f"{logical_id} is gone", _ONLY_LATER + _REDEPLOY)
            elif state == "DISABLED":
                yield warning("rules", f"{logical_id} is disabled", _ONLY_LATER + "enable it")

    return all_ok("rules", f"all {len(states)} are enabled", otherwise())


_SWEEPS = "Look"
"""The logical id of the schedule of the sweeps; another one looks for orphans."""


def check_schedules(states: Mapping[str, str | None]) -> list[Check]:
    def otherwise() -> Iterator[Check]:
        for logical_id, state in sorted(states.items()):
            if state == "ENABLED":
                continue
            found = f"{logical_id} is {'gone' if state is None else state}"
            to_do = _REDEPLOY if state is None else "enable it"
            if logical_id == _SWEEPS:
                yield problem("schedules", f"{found}: what no event tells is never found", to_do)
            else:
                yield warning("schedules", f"{found}: nobody looks for orphans", to_do)

    return all_ok("schedules", f"{', '.join(sorted(states))}: ENABLED", otherwise())


def check_bus(missing: Collection[str]) -> list[Check]:
    gone = (problem("bus", f"{each} is gone: no change of status can be announced", _REDEPLOY) for each in missing)
    return all_ok("bus", "it is there", gone)


def check_topic(subscribed: Collection[str] | None, relay: str) -> Check:
    """Check the topic of the connection notifications; ``relay`` is the name of the function that takes them."""
    name = "notifications"
    if subscribed is None:
        return problem(name, "the topic is gone: no connection is notified, and no new service can be", _REDEPLOY)
    if not any(each.endswith(f":function:{relay}") for each in subscribed):
        return warning(name, f"{relay} is not subscribed to the topic", _ONLY_LATER + _REDEPLOY)
    return ok(name, f"the topic leads to {relay}")
