"""How far a request has come, turned into the status that the ledger shows."""

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import assert_never

import msgspec
from msgspec import Struct

from drawbridge.acceptance import Acceptance, AcceptanceResult
from drawbridge.association import (
    DesiredAttachment,
    Plan,
    ResourceEndpointAttachment,
    ServiceNetworkAttachment,
    ServiceNetworkEndpointAttachment,
)
from drawbridge.association.refusals import NOT_PERMITTED
from drawbridge.bounds import fitting
from drawbridge.decision import ActionableDecision, AlreadyResolved, AskApprover, Delay, Hold, Keep
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.decision.let_in import APPROVAL_NOT_CONFIGURED, DENIED, UNAPPROVED, LetIn
from drawbridge.errors import RequestGoneError
from drawbridge.parsing import UnreadableError, read_json
from drawbridge.publication import AttachmentSnapshot, Publication
from drawbridge.record import GONE, Outcome, OutcomeBasis
from drawbridge.record.removals import failed_removals, parameters_gone, withdrawn_reasons
from drawbridge.status import Reason, Status
from drawbridge.withdrawal import (
    NOTHING,
    EarlierAttachments,
    RemovalResult,
    StaysAfterAll,
    WithdrawalPlan,
    Withdrawn,
    reason_of,
)

PUBLISHED_BYTES = 40_000
"""Of the names of parameters that one status adds to a row and to its event: 120 of the longest."""

ATTACHMENTS_BYTES = 80_000
"""Of how associations were left, which the sweep compares: 150 of the usual, 75 of the longest."""

_LOOK_AGAIN = OutcomeBasis(observed_fingerprint="withdrawn")

_CUT_NAMES = "{} more names are published than are told here; Parameter Store has them all."
_CUT_ATTACHMENTS = "{} associations are not looked at for drift: there is no room for how they were left."


class Decided(Struct, frozen=True, tag="decision", tag_field="step"):
    """A decision that ends the attempt."""

    decision: AskApprover | Hold | Delay | AlreadyResolved
    decision_fingerprint: str = msgspec.field(name="permitted")
    """Of all that it depends on besides what AWS lists of the request."""
    decision_record: DecisionRecord | None = msgspec.field(default=None, name="grounds")
    """``None`` if the request was over before it could be decided."""


class Questioned(Struct, frozen=True, tag="question", tag_field="step"):
    """A person is asked, and the attempt waits for the answer."""

    decision: AskApprover
    decision_fingerprint: str = msgspec.field(name="permitted")
    decision_record: DecisionRecord | None = msgspec.field(default=None, name="grounds")
    trouble: "WorkflowError | None" = None
    """Why nobody could be asked in Slack."""


class Accepted(Struct, frozen=True, tag="acceptance", tag_field="step"):
    """The answer that was given."""

    decision: ActionableDecision
    acceptance: Acceptance
    decision_record: DecisionRecord | None = msgspec.field(default=None, name="grounds")
    let_in: LetIn | None = None
    """What is let in if it was accepted."""


class Planned(Struct, frozen=True, tag="plan", tag_field="step"):
    plan: Plan
    withdrawal: WithdrawalPlan = NOTHING


# A Lambda function's error comes as {"errorMessage": …, "errorType": …, "stackTrace": […]}.
_MESSAGE = re.compile(r'\s*\{\s*"errorMessage"\s*:\s*"((?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*)')


class WorkflowError(Struct, frozen=True, rename="pascal"):
    """An error as Step Functions hands it to a Catch."""

    error: str
    cause: str = ""

    @property
    def text(self) -> str:
        """The message within the cause, which for a Lambda function is JSON, and may have been cut short."""
        found = _MESSAGE.match(self.cause)
        if found is None:
            return self.cause
        try:
            return read_json(f'"{found.group(1)}"', str)
        except UnreadableError:
            # Cut between the two halves of one character.
            return found.group(1)


class Failure(Struct, frozen=True, kw_only=True, tag="failure"):
    """An association or its publication that did not come about."""

    name: str
    error: WorkflowError


class Published(Struct, frozen=True, tag="publication"):
    publication: Publication


class Refused(Struct, frozen=True, tag="refused"):
    """An association that was planned, and is not desired, permitted or possible any longer."""

    because: Reason


ItemResult = Published | Failure | Refused
"""The result of one association."""


class Ended(Struct, frozen=True, tag="end", tag_field="step"):
    """Every association has been made and published, or refused, or has failed."""

    refused: tuple[Reason, ...]
    results: tuple[ItemResult, ...]
    cut: tuple[str, ...] = ()
    """What of the plan there was no room for."""
    removals: tuple[RemovalResult, ...] = ()
    """What came of each removal of the same attempt."""
    earlier: EarlierAttachments = EarlierAttachments()
    more_to_withdraw: bool = False
    """Whether there was no room for all removals."""


class Failed(Struct, frozen=True, tag="failure", tag_field="step"):
    """The attempt broke off."""

    error: WorkflowError


Progress = Decided | Questioned | Accepted | Planned | Ended | Failed


def outcome_of(progress: Progress) -> Outcome:
    """Return the status that the progress amounts to."""
    match progress:
        case Decided(decision, decision_fingerprint, decision_record):
            return msgspec.structs.replace(_decided(decision, decision_fingerprint), decision_record=decision_record)
        case Questioned():
            return _questioned(progress)
        case Accepted(decision, acceptance, decision_record, let_in):
            return msgspec.structs.replace(_accepted(decision, acceptance, let_in), decision_record=decision_record)
        case Planned(plan, withdrawal):
            return _planned(plan, withdrawal)
        case Ended():
            return _ended(progress)
        case Failed(error):
            return _broken_off(error)
        case _:
            assert_never(progress)


def _decided(decision: AskApprover | Hold | Delay | AlreadyResolved, decision_fingerprint: str) -> Outcome:
    basis = OutcomeBasis(decision_fingerprint=decision_fingerprint)
    match decision:
        case Hold(because):
            return Outcome(status=Status.HELD, reasons=because, settled=True, kept=(), basis=basis, delayed=None)
        case Delay(because, delayed):
            return Outcome(status=Status.PENDING, reasons=because, settled=True, kept=(), basis=basis, delayed=delayed)
        case AskApprover(because):
            nobody = Reason(
                APPROVAL_NOT_CONFIGURED,
                "A policy asks for an approver, and no way to ask one is configured. Permit or reject it by policy.",
            )
            reasons = (nobody, *because)
            return Outcome(status=Status.HELD, reasons=reasons, settled=True, kept=(), basis=basis, delayed=None)
        case AlreadyResolved(status, because):
            return Outcome(status=status, reasons=because, settled=True, kept=(), basis=_of_end(status), delayed=None)
        case _:
            assert_never(decision)


def _questioned(progress: Questioned) -> Outcome:
    reasons = progress.decision.because
    if progress.trouble is not None:
        text = f"{progress.trouble.text} Answer with: drawbridge approve, or drawbridge deny."
        reasons = (Reason("slack-unavailable", text), *reasons)
    return Outcome(
        status=Status.WAITING_FOR_APPROVAL,
        reasons=reasons,
        settled=False,
        decision_record=progress.decision_record,
        delayed=None,
        basis=OutcomeBasis(decision_fingerprint=progress.decision_fingerprint),
    )


def _of_end(status: Status) -> OutcomeBasis | None:
    return GONE if status is Status.WITHDRAWN else None


_OF_RESULT = {
    AcceptanceResult.ACCEPTED: Status.ACCEPTED,
    AcceptanceResult.REJECTED: Status.REJECTED,
    AcceptanceResult.EXPIRED: Status.EXPIRED,
    AcceptanceResult.WITHDRAWN: Status.WITHDRAWN,
}


def _accepted(decision: ActionableDecision, acceptance: Acceptance, let_in: LetIn | None) -> Outcome:
    status = _OF_RESULT[acceptance.result]
    kept = isinstance(decision, Keep) and status is Status.ACCEPTED
    # What let it in stays in the row where it is only kept.
    decided_by = (let_in.because if let_in else ()) if kept else decision.because
    return Outcome(
        status=status,
        reasons=(*acceptance.because, *decision.because),
        settled=status is not Status.ACCEPTED,
        decided_by=decided_by,
        let_in=let_in if status is Status.ACCEPTED else None,
        kept=decision.because if kept else (),
        delayed=decision.delayed if isinstance(decision, Keep) and kept else None,
        basis=_of_end(status),
    )


def permitted_by(outcome: Outcome) -> set[str]:
    """Return the policies that let the request in, or permitted an association, by their names."""
    of_request = outcome.decision_record if outcome.let_in is not None else None
    names = {each.partition("@")[0] for each in of_request.determined_by} if of_request else set()
    of_associations = outcome.association_decision_record
    return names | {*of_associations.determined_by} if of_associations else names


def _planned(plan: Plan, withdrawal: WithdrawalPlan) -> Outcome:
    return msgspec.structs.replace(
        _of_plan(plan, withdrawal),
        association_decision_record=plan.decision_record,
        cut=(*plan.cut, *withdrawal.cut),
    )


def _of_plan(plan: Plan, withdrawal: WithdrawalPlan) -> Outcome:
    basis = OutcomeBasis(
        observed_fingerprint=plan.observed_fingerprint,
        bindings_fingerprint=plan.bindings_fingerprint,
        matching_bindings_fingerprint=plan.matching_bindings_fingerprint,
        contents=plan.contents,
        inputs=plan.inputs,
    )
    stays = (*plan.refused, *withdrawal.unconfirmed, *plan.broken)
    if plan.associations or withdrawal.removals:
        desired = tuple(
            Reason("associating", f"{desired.resource.name} into {_where(desired)}", source=desired.binding)
            for desired in plan.associations
        )
        reasons = (*desired, *map(reason_of, withdrawal.removals), *stays)
        return Outcome(status=Status.ASSOCIATING, reasons=reasons, settled=False, basis=basis)
    connected = _stays_connected(withdrawal.earlier, plan.refused)
    outcome = _without_associations(plan.refused, stays, connected=connected)
    # What stays may have been in no row until now.
    staying = fitting(withdrawal.earlier.staying, ATTACHMENTS_BYTES) or None
    return msgspec.structs.replace(outcome, basis=basis, attachments=staying)


def _without_associations(refused: tuple[Reason, ...], stays: tuple[Reason, ...], *, connected: bool) -> Outcome:
    """Return what becomes of a share of which nothing is to be associated, nor taken down."""
    if connected:
        incomplete = any(reason.code not in _HOLDS_NOTHING_UP for reason in refused)
        return Outcome(status=Status.AVAILABLE, reasons=stays, settled=True, incomplete=incomplete)
    if any(reason.code not in _HOLDS_NOTHING_UP for reason in refused):
        return Outcome(status=Status.HELD, reasons=stays, settled=True)
    if any(reason.code == DENIED for reason in refused):
        return Outcome(status=Status.ACCEPTED, reasons=stays, settled=True)
    nothing = Reason("no-binding-wants-it", "Accepted; no binding wants any resource of it. Write a binding that does.")
    return Outcome(status=Status.ACCEPTED, reasons=(nothing, *stays), settled=True)


def _stays_connected(earlier: EarlierAttachments, refused: tuple[Reason, ...]) -> bool:
    """Return whether something stays connected, and nothing is refused but by policies or a person.

    What policies refuse is announced first, and what a person denied, or did not approve, is nothing that is connected.
    """
    codes = {each.code for each in refused}
    return bool(earlier.staying) and bool(codes) and codes <= {NOT_PERMITTED, *UNAPPROVED}


_HOLDS_NOTHING_UP = frozenset({DENIED})
"""Codes of reasons that time passing, or a change of policies, does nothing about."""


def _ended(ended: Ended) -> Outcome:
    failures = (
        *(
            Reason(result.error.error, result.error.text, source=result.name)
            for result in ended.results
            if isinstance(result, Failure)
        ),
        *failed_removals(ended.removals),
    )
    stays = tuple(each.because for each in ended.removals if isinstance(each, StaysAfterAll))
    refused = (*(each.because for each in ended.results if isinstance(each, Refused)), *stays, *ended.refused)
    publications = [result.publication for result in ended.results if isinstance(result, Published)]
    names = tuple(name for each in publications for name in each.parameters)
    # The first names of every publication come before the last of any: if there is not room for all, each has a part.
    in_turns = zip_longest(*(each.parameters for each in publications))
    room = {*fitting((name for turn in in_turns for name in turn if name is not None), PUBLISHED_BYTES)}
    published = tuple(name for name in names if name in room)
    left_out = len(names) - len(published) + sum(each.omitted for each in publications)
    cut = (*ended.cut, *([_CUT_NAMES.format(left_out)] if left_out else ()))
    gone = (*(name for each in publications for name in each.taken_back), *parameters_gone(ended.removals))
    taken_back = fitting((name for name in gone if name not in names), PUBLISHED_BYTES)
    all_attachments = _attachments(publications, ended)
    attachments = fitting(all_attachments, ATTACHMENTS_BYTES)
    without_room = len(all_attachments) - len(attachments)
    cut = (*cut, *([_CUT_ATTACHMENTS.format(without_room)] if without_room else ()))
    if failures:
        return Outcome(
            status=Status.FAILED,
            reasons=(*failures, *refused),
            settled=True,
            published=published,
            taken_back=taken_back,
            attachments=attachments,
            cut=cut,
        )
    hindered = any(reason.code not in UNAPPROVED for reason in refused)
    return Outcome(
        status=_status_of_end(publications, refused, connected=_stays_connected(ended.earlier, refused)),
        reasons=(*_published_reasons(publications), *withdrawn_reasons(ended.removals), *refused),
        settled=True,
        published=published,
        taken_back=taken_back,
        attachments=attachments,
        # What went may have been in the way of what was refused: the next sweep takes it for changed.
        basis=_LOOK_AGAIN if (hindered or ended.more_to_withdraw) and _anything_went(ended.removals) else None,
        # What a person denied is asked about again when it is something else, and not because time has passed.
        incomplete=any(reason.code not in _HOLDS_NOTHING_UP for reason in refused),
        cut=cut,
    )


def _attachments(publications: list[Publication], ended: Ended) -> tuple[AttachmentSnapshot, ...]:
    """Return how everything was left that is attached now, or may be: what was not made anew is as it was."""
    now = [each.attachment for each in publications if each.attachment is not None]
    names, earlier = {each.name for each in now}, ended.earlier
    gone = all(isinstance(each, Withdrawn) for each in ended.removals)
    as_before = (each for each in earlier.made_anew if each.name not in names)
    staying = (each for each in earlier.staying if not any(_is_part(each, one) for one in now))
    return (*now, *staying, *as_before, *(() if gone else earlier.going))


def _is_part(found: AttachmentSnapshot, made: AttachmentSnapshot) -> bool:
    """Return whether what was found is one binding's attachment, which was made anew under its own name."""
    of_same = (found.binding, found.resource_arn) == (made.binding, made.resource_arn)
    return of_same and not found.observed_fingerprint and found.made.ids <= made.made.ids


def _anything_went(removals: tuple[RemovalResult, ...]) -> bool:
    """Return whether anything was taken down: names that are somebody's by now are not."""
    return any(isinstance(each, Withdrawn) and (each.object_went or each.parameters) for each in removals)


def _status_of_end(publications: list[Publication], refused: tuple[Reason, ...], *, connected: bool) -> Status:
    """Return the status; ``connected`` says whether what earlier attempts attached is available."""
    if publications or connected:
        return Status.AVAILABLE
    return Status.HELD if any(reason.code not in _HOLDS_NOTHING_UP for reason in refused) else Status.ACCEPTED


_NAMELESS = "It is connected; a Gateway Load Balancer endpoint or a transit gateway attachment has no DNS name."


def _published_reasons(publications: list[Publication]) -> Iterator[Reason]:
    for each in publications:
        if each.parameters:
            yield Reason("published", each.dns_name or _NAMELESS, source=each.parameters[0])
    for each in publications:
        for arn in each.pending:
            yield Reason("not-usable-yet", f"{arn} has no name yet; it is published once AWS gives one")
    for each in publications:
        if not each.parameters and not each.pending:
            yield Reason("nothing-in-it", "There is nothing in it yet; what comes is published.")


def _where(desired: DesiredAttachment) -> str:
    match desired:
        case ResourceEndpointAttachment():
            return desired.vpc_id
        case ServiceNetworkAttachment() | ServiceNetworkEndpointAttachment():
            called = f"service network {desired.network.label}"
            return f"{desired.vpc_id} by {called}" if desired.vpc_id else called
        case _:
            assert_never(desired)


def _broken_off(error: WorkflowError) -> Outcome:
    # That is no failure of ours: the other side took the request back while it was under way.
    status = Status.WITHDRAWN if error.error == RequestGoneError.__name__ else Status.FAILED
    return Outcome(status=status, reasons=(Reason(error.error, error.text),), settled=True, basis=_of_end(status))
