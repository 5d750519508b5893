"""``drawbridge slack check``: checking the set-up of Slack."""

from collections.abc import Callable, Iterator

import msgspec
import typer
from botocore.exceptions import ClientError
from msgspec import Struct

from drawbridge.approval.approvers import Approvers, parse_approvers
from drawbridge.errors import AccessDeniedError, DrawbridgeError, InvalidInputError
from drawbridge_cli.command_group import CommandGroup
from drawbridge_cli.screen import say, show_json
from drawbridge_cli.stack import Stack

app = CommandGroup(no_args_is_help=True, help="Slack: whether approvers can be asked.")


@app.callback()
def _slack() -> None:
    """Keep ``check`` a command of its own: there will be others."""


class Finding(Struct, frozen=True, omit_defaults=True):
    """One thing that was checked, and the result."""

    what: str
    good: bool
    text: str = msgspec.field(name="told")
    unknown: bool = False
    """Whether it is only not known to be good: the caller may not ask."""


@app.command()
def check(context: typer.Context, as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Look at the set-up step by step, and say what to mend. Posts nothing. Exit code 1: something is wrong."""
    stack: Stack = context.obj
    findings = list(findings_of(stack))
    if as_json:
        show_json({"good": all(each.good for each in findings), "findings": findings})
    else:
        for each in findings:
            say(f"{'ok   ' if each.good else 'WRONG'}  {each.what}: {each.text}", "good" if each.good else "bad")
        say(f"Slack is to send clicks to {stack.slack_callback} (Interactivity & Shortcuts, Request URL)")
    if not all(each.good for each in findings):
        raise typer.Exit(1)


def findings_of(stack: Stack) -> Iterator[Finding]:
    """Check one thing after the other; what depends on a wrong one is left out."""
    channel = stack.slack_channel
    if not channel:
        yield Finding("channel", good=False, text="deploy the stack with SlackChannel, the id of the channel to ask in")
        return
    yield Finding("channel", good=True, text=channel)
    secret = _check("secret", stack.slack_secret, lambda: _shape(stack))
    yield secret
    if not secret.good:
        return
    who: dict[str, str] = {}
    token = _check("bot token", "", lambda: who.update(stack.messenger.identity()) or _named(who))
    yield token
    if not token.good:
        return
    yield _check("channel's members", "", lambda: f"the app sees #{stack.messenger.channel_name(channel)}")
    approvers: list[Approvers] = []
    configured = _check("approvers", "", lambda: _approvers(stack, who.get("team_id", ""), approvers))
    yield configured
    for each in approvers:
        for group in each.user_group_ids:
            yield _check(
                f"user group {group}",
                "",
                lambda group=group: f"{len(stack.messenger.members(group))} members",  # type: ignore[misc]  # bound now
            )


def _check(what: str, text: str, try_it: Callable[[], str]) -> Finding:
    try:
        return Finding(what, good=True, text=try_it() or text)
    except DrawbridgeError as error:
        is_denied = isinstance(error, AccessDeniedError) and isinstance(error.__cause__, ClientError)
        return Finding(what, good=False, text=str(error), unknown=is_denied)


def _shape(stack: Stack) -> str:
    secret = stack.secrets.slack()
    if not secret.bot_token.startswith("xoxb-"):
        raise InvalidInputError(f"{stack.slack_secret}: botToken is no bot token; it begins with xoxb-")
    return f"{stack.slack_secret} has botToken and signingSecret"


def _named(who: dict[str, str]) -> str:
    return f"{who.get('user')} in {who.get('team')} ({who.get('team_id')})"


def _approvers(stack: Stack, team_id: str, found: list[Approvers]) -> str:
    text = stack.configuration.one("approvers")
    if text is None:
        raise InvalidInputError(f"write /{stack.prefix}/config/approvers: nobody may decide yet")
    approvers = parse_approvers(text)
    if approvers.team_id != team_id:
        raise InvalidInputError(f"config/approvers: teamId is {approvers.team_id}, and the token is of {team_id}")
    if not approvers.user_ids and not approvers.user_group_ids:
        raise InvalidInputError("config/approvers: neither userIds nor userGroupIds names anybody")
    found.append(approvers)
    return f"{len(approvers.user_ids)} users, {len(approvers.user_group_ids)} user groups"
