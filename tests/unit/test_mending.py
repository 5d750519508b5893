"""What mends an entry of the registry that can't be read."""

import pytest

from drawbridge.intake.registration.mending import mending

ACCOUNT = "222222222222"
RESUME = ("consumers", "resume", ACCOUNT)
CHALLENGE = ("consumers", "challenge", ACCOUNT)
ADD = ("consumers", "add", ACCOUNT, "--replace", "--service", "SERVICE")


@pytest.mark.parametrize(
    ("fields", "commands"),
    [
        ((), []),
        (("suspended_at",), [RESUME]),
        (("proved_at",), [CHALLENGE]),
        (("proved_by",), [CHALLENGE]),
        (("challenge",), [CHALLENGE]),
        (("tier",), [ADD]),
        (("changed_at",), [ADD]),
        (("principals",), [(*ADD, "--principal", "ARN")]),
        (("proof_required", "services"), [(*ADD, "--require-proof")]),
        (("notes", "proved_at", "suspended_at"), [RESUME, CHALLENGE, ADD]),
    ],
)
def test_each_field_is_mended_by_what_writes_it(fields: tuple[str, ...], commands: list[tuple[str, ...]]) -> None:
    assert [each.words for each in mending(ACCOUNT, fields)] == commands
