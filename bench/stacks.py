"""Stacks in accounts of their own, as deployed."""

from local_stack.stack import deploy_stack
from scenarios.people import Person


def deploy_in(url: str, account_id: str) -> Person:
    """Deploy the stack with the template's own schedule, and nobody to ask in Slack."""
    deploy_stack(account_id, parameters={"SlackChannel": "", "LookEvery": "rate(5 minutes)"})
    return Person(url, account_id, f"somebody-in-{account_id}")
