"""What other policies would change of offered shares: who is in one, and would be announced to leave it, or stay."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from msgspec import Struct

from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.permission import Lapsed
from drawbridge.decision.registration import Registration
from drawbridge.errors import DrawbridgeError
from drawbridge.intake.offering.desired import OfferRules
from drawbridge.intake.offering.offers import OfferedShare, OfferRecord, is_share
from drawbridge.legible import legible
from drawbridge.status import Reason
from drawbridge_cli.reason_screen import made_legible, reason_text
from drawbridge_cli.screen import complain, say
from drawbridge_cli.stack import Stack


class ShareChange(Struct, frozen=True, kw_only=True, rename="camel"):
    """An account that is in an offered share, or invited, and of which other policies would decide otherwise."""

    share_arn: str
    account_id: str
    leaves: bool
    """Whether it would be announced to leave; else that would be called off."""
    urgent: bool
    """Whether it would leave at once."""
    reasons: tuple[Reason, ...]
    """Why it would leave, or is to leave now."""


def share_changes(
    records: Iterable[tuple[OfferedShare, Iterable[OfferRecord]]],
    entries: Mapping[str, Registration],
    now: OfferRules,
    then: OfferRules,
    evaluation_time: EvaluationTime,
) -> Iterator[ShareChange]:
    """Yield what becomes otherwise of accounts that are in shares by our records."""
    for share, of_share in records:
        there = {each.account_id for each in of_share if each.refused_at is None and not each.is_out}
        of_there = [entries[account_id] for account_id in sorted(there & entries.keys())]
        forbidden_now, forbidden_then = (
            rules.desired(share, of_there, evaluation_time).forbidden for rules in (now, then)
        )
        for entry in of_there:
            before, after = forbidden_now.get(entry.account_id), forbidden_then.get(entry.account_id)
            if after is not None and (before is None or after.urgent > before.urgent):
                yield _change(share, entry, after, leaves=True)
            elif before is not None and after is None:
                yield _change(share, entry, before, leaves=False)


def _change(share: OfferedShare, entry: Registration, lapsed: Lapsed, *, leaves: bool) -> ShareChange:
    return ShareChange(
        share_arn=share.arn,
        account_id=entry.account_id,
        leaves=leaves,
        urgent=leaves and lapsed.urgent,
        reasons=lapsed.because,
    )


def changes_of_shares(
    stack: Stack, now: PolicySet, then: PolicySet, evaluation_time: EvaluationTime
) -> tuple[ShareChange, ...] | None:
    """Return what other policies would change of offered shares; ``None`` if that can't be read, which is told."""
    from drawbridge.aws.offered_shares import OfferedSharesOfRam  # noqa: PLC0415 - only where there are offers

    if stack.offers is None:
        return ()
    try:
        with_records = {target for target in stack.offers.targets() if is_share(target)}
        if not with_records:
            return ()
        shares = [each for each in OfferedSharesOfRam(stack.client("ram")).offered() if each.arn in with_records]
        records = [(each, tuple(stack.offers.of(each.arn).values())) for each in sorted(shares, key=attrgetter("arn"))]
        entries = {each.account_id: each for each in stack.consumers.all()}
    except DrawbridgeError as error:
        complain(f"what would become of offered shares can't be shown: {error}")
        return None
    partition = stack.place.partition
    rules_now, rules_then = (OfferRules(each, partition=partition) for each in (now, then))
    return tuple(share_changes(records, entries, rules_now, rules_then, evaluation_time))


_MOST_SHOWN = 20


def show_share_changes(changes: Sequence[ShareChange], withdraw_after_hours: str) -> None:
    """Print who would be announced to leave a share, or stay in it, and why."""
    for each in changes[:_MOST_SHOWN]:
        when = "at once" if each.urgent else f"{withdraw_after_hours} hours after that is announced"
        becomes = f"leaves {when}" if each.leaves else "stays: that it leaves is called off"
        say()
        say(f"{legible(each.share_arn)}: {legible(each.account_id)} {becomes}", "doubtful")
        for reason in each.reasons:
            say(f"  {'then' if each.leaves else 'now':<5} {reason_text(made_legible(reason))}")
    if len(changes) > _MOST_SHOWN:
        say()
        say(f"and {len(changes) - _MOST_SHOWN} more accounts in offered shares: --json", "aside")
