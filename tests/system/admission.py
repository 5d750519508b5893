"""Policies that let a provider in."""

from scenarios.people import Person


def permit(provider: Person) -> str:
    return f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
