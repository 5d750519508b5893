"""How far a request has come, turned into the status that the ledger shows."""

import re
from typing import assert_never

import msgspec
from msgspec import Struct

from drawbridge.acceptance import Acceptance, Result
from drawbridge.association import Plan, WantedAssociation
from drawbridge.decision import Accept, AskApprover, Hold, Moot, Reject
from drawbridge.decision.grounds import Grounds
from drawbridge.publication import Publication
from drawbridge.record import GONE, Basis, Outcome
from drawbridge.status import Reason, Status


class Decided(Struct, frozen=True, tag="decision", tag_field="step"):
    """A decision that ends the attempt."""

    decision: AskApprover | Hold | Moot
    permitted: str
    """The digest of the policies that it was made by."""
    grounds: Grounds | None = None
    """``None`` for what was over before it could be decided."""


class Questioned(Struct, frozen=True, tag="question", tag_field="step"):
    """A person is asked, and the attempt waits for the answer."""

    decision: AskApprover
    permitted: str
    grounds: Grounds | None = None
    trouble: "WorkflowError | None" = None
    """Why nobody could be told of it in Slack."""


class Accepted(Struct, frozen=True, tag="acceptance", tag_field="step"):
    """The answer that was given."""

    decision: Accept | Reject
    acceptance: Acceptance
    grounds: Grounds | None = None


class Planned(Struct, frozen=True, tag="plan", tag_field="step"):
    plan: Plan


# A Lambda function's error is told as {"errorMessage": …, "errorType": …, "stackTrace": […]}.
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
            return str(msgspec.json.decode(f'"{found.group(1)}"'))
        except msgspec.DecodeError:
            # Cut between the two halves of one character.
            return found.group(1)


class Failure(Struct, frozen=True, kw_only=True, tag="failure"):
    """An association or its publication that did not come about."""

    name: str
    error: WorkflowError


class Published(Struct, frozen=True, tag="publication"):
    publication: Publication


class Ended(Struct, frozen=True, tag="end", tag_field="step"):
    """Every association has been made and published, or has failed."""

    refused: tuple[Reason, ...]
    results: tuple[Failure | Published, ...]


class Failed(Struct, frozen=True, tag="failure", tag_field="step"):
    """The attempt broke off."""

    error: WorkflowError


Progress = Decided | Questioned | Accepted | Planned | Ended | Failed


def outcome_of(progress: Progress) -> Outcome:
    """Tell the status that the progress amounts to."""
    match progress:
        case Decided(decision, permitted, grounds):
            return msgspec.structs.replace(_decided(decision, permitted), grounds=grounds)
        case Questioned():
            return _questioned(progress)
        case Accepted(decision, acceptance, grounds):
            return msgspec.structs.replace(_accepted(decision, acceptance), grounds=grounds)
        case Planned(plan):
            return _planned(plan)
        case Ended(refused, results):
            return _ended(refused, results)
        case Failed(error):
            return _broken_off(error)
        case _:
            assert_never(progress)


def _decided(decision: AskApprover | Hold | Moot, permitted: str) -> Outcome:
    basis = Basis(permitted=permitted)
    match decision:
        case Hold(because):
            return Outcome(status=Status.HELD, reasons=because, settled=True, basis=basis)
        case AskApprover(because):
            nobody = Reason(
                "approval-not-configured",
                "A policy asks for an approver, and no way to ask one is configured. Permit or reject it by policy.",
            )
            return Outcome(status=Status.HELD, reasons=(nobody, *because), settled=True, basis=basis)
        case Moot(status, because):
            return Outcome(status=status, reasons=because, settled=True, basis=_of_end(status))
        case _:
            assert_never(decision)


def _questioned(progress: Questioned) -> Outcome:
    reasons = progress.decision.because
    if progress.trouble is not None:
        told = f"{progress.trouble.text} Answer with: drawbridge approve, or drawbridge deny."
        reasons = (Reason("slack-unavailable", told), *reasons)
    return Outcome(
        status=Status.WAITING_FOR_APPROVAL,
        reasons=reasons,
        settled=False,
        grounds=progress.grounds,
        basis=Basis(permitted=progress.permitted),
    )


def _of_end(status: Status) -> Basis | None:
    return GONE if status is Status.WITHDRAWN else None


_OF_RESULT = {
    Result.ACCEPTED: Status.ACCEPTED,
    Result.REJECTED: Status.REJECTED,
    Result.EXPIRED: Status.EXPIRED,
    Result.WITHDRAWN: Status.WITHDRAWN,
}


def _accepted(decision: Accept | Reject, acceptance: Acceptance) -> Outcome:
    status = _OF_RESULT[acceptance.result]
    return Outcome(
        status=status,
        reasons=(*acceptance.because, *decision.because),
        settled=status is not Status.ACCEPTED,
        decided_by=decision.because,
        basis=_of_end(status),
    )


def _planned(plan: Plan) -> Outcome:
    return msgspec.structs.replace(_of_plan(plan), association_grounds=plan.grounds)


def _of_plan(plan: Plan) -> Outcome:
    contents = msgspec.json.encode(plan.contents).decode()
    basis = Basis(seen=plan.state, wanted=plan.wanted, matched=plan.matched, contents=contents)
    if plan.associations:
        wanted = tuple(
            Reason("associating", f"{wanted.resource_name} into {_where(wanted)}", source=wanted.binding)
            for wanted in plan.associations
        )
        reasons = (*wanted, *plan.refused, *plan.broken)
        return Outcome(status=Status.ASSOCIATING, reasons=reasons, settled=False, basis=basis)
    if plan.refused:
        return Outcome(status=Status.HELD, reasons=(*plan.refused, *plan.broken), settled=True, basis=basis)
    nothing = Reason("no-binding-wants-it", "Accepted; no binding wants any resource of it. Write a binding that does.")
    return Outcome(status=Status.ACCEPTED, reasons=(nothing, *plan.broken), settled=True, basis=basis)


def _ended(refused: tuple[Reason, ...], results: tuple[Failure | Published, ...]) -> Outcome:
    failures = tuple(
        Reason(result.error.error, result.error.text, source=result.name)
        for result in results
        if isinstance(result, Failure)
    )
    published = tuple(
        name for result in results if isinstance(result, Published) for name in result.publication.parameters
    )
    if failures:
        return Outcome(status=Status.FAILED, reasons=(*failures, *refused), settled=True, published=published)
    publications = [result.publication for result in results if isinstance(result, Published)]
    names = tuple(
        Reason("published", each.dns_name or _NAMELESS, source=each.parameters[0])
        for each in publications
        if each.parameters
    )
    waiting = tuple(
        Reason("not-usable-yet", f"{arn} has no name yet; it is published once AWS gives one")
        for each in publications
        for arn in each.pending
    )
    empty = tuple(
        Reason("nothing-in-it", "There is nothing in it yet; what comes is published.")
        for each in publications
        if not each.parameters and not each.pending
    )
    return Outcome(
        status=Status.AVAILABLE,
        reasons=(*names, *waiting, *empty, *refused),
        settled=True,
        published=published,
        taken_back=tuple(name for each in publications for name in each.taken_back),
        ways=tuple(each.way for each in publications if each.way is not None),
        incomplete=bool(refused),
    )


_NAMELESS = "It is connected; a Gateway Load Balancer endpoint has no DNS name."


def _where(wanted: WantedAssociation) -> str:
    called = f"service network {wanted.network.called}" if wanted.network else ""
    return " by ".join(filter(None, (wanted.vpc_id, called)))


def _broken_off(error: WorkflowError) -> Outcome:
    # Gone is no failure of ours: the other side took the request back while it was under way.
    status = Status.WITHDRAWN if error.error == "GoneError" else Status.FAILED
    return Outcome(status=status, reasons=(Reason(error.error, error.text),), settled=True, basis=_of_end(status))
