"""Policies that let somebody in."""

from scenarios.people import Person


def permit(provider: Person) -> str:
    return f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
