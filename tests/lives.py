"""The ledger's rows in each state of the life of each kind of request."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from drawbridge.association import MadeAttachment
from drawbridge.lattice import ResourceKind
from drawbridge.publication import AttachmentSnapshot
from drawbridge.record.entry import Entry, HistoryEntry
from drawbridge.request import EndpointConnectionRequest, OrphanRequest, Request, ResourceShareRequest, kind_of
from drawbridge.request.absence import Absence
from drawbridge.request.announced import Announced, WithdrawalCommand
from drawbridge.status import Reason, Status
from tests.builders import CONSUMER, NOW, PROVIDER, RESOURCE_ARN, SERVICE_ID

EXPIRING_WITHIN = timedelta(hours=3)

POLICY = Reason("policy", "nobody asks at night", source="nights.0")
FORBIDDEN = Reason("forbidden", "Nothing is permitted: a policy forbids it, or could not be evaluated.")
PUBLISHED = Reason("published", "db.example", source="/drawbridge/connections/orders/orders-db/dns-name")
NO_VPC = Reason("no-vpc", "orders-db: no VPC fits Environment=prod", source="orders")
OPERATOR = "arn:aws:iam::222222222222:user/alice"

ATTACHMENT = AttachmentSnapshot(
    name="orders/orders-db/vpc-1",
    resource_arn=RESOURCE_ARN,
    resource_kind=ResourceKind.RESOURCE_CONFIGURATION,
    holds_others=False,
    made=MadeAttachment(endpoint_id="vpce-0aaa"),
    observed_fingerprint="as it was left",
)

NESTED = json.dumps(
    {
        "Error": "States.TaskFailed",
        "Cause": json.dumps(
            {
                "errorMessage": 'AccessDeniedException: no identity-based policy allows "vpc-lattice:GetService"',
                "errorType": "AccessDeniedError",
                "stackTrace": ['  File "/opt/python/drawbridge/aws/errors.py", line 1, in translated\n'],
            }
        ),
    }
)
"""An error that was passed on twice, each time in JSON."""


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def share(number: int) -> ResourceShareRequest:
    return ResourceShareRequest(
        share_arn=f"arn:aws:ram:us-east-1:{PROVIDER}:resource-share/aaaaaaaa-bbbb-cccc-dddd-{number:012}"
    )


def connection(number: int) -> EndpointConnectionRequest:
    return EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=f"vpce-{number:017x}")


def orphan(number: int) -> OrphanRequest:
    return OrphanRequest(
        resource_arn=f"arn:aws:vpc-lattice:us-east-1:{PROVIDER}:resourceconfiguration/rcfg-{number:017x}"
    )


def entry(request: Request, status: Status, *reasons: Reason, hours: float = 1, **changes: Any) -> Entry:
    """Return the row of a request that reached its status some hours ago, in its first attempt."""
    fields: dict[str, Any] = {
        "request": request,
        "request_id": request.request_id,
        "kind": kind_of(request),
        "subject": request.subject,
        "account_id": CONSUMER if isinstance(request, EndpointConnectionRequest) else PROVIDER,
        "status": status,
        "attempt": 1,
        "settled": True,
        "updated_at": ago(hours).isoformat(timespec="milliseconds"),
        "reasons": reasons,
        "history": history((Status.PENDING, 1, hours + 0.1), (status, 1, hours)),
    }
    return Entry(**(fields | changes))


def history(*reached: tuple[Status, int, float]) -> tuple[HistoryEntry, ...]:
    """Return a history of statuses, each with the attempt that reached it, and how many hours ago."""
    return tuple(
        HistoryEntry(status=status, attempt=attempt, at=ago(hours).isoformat(timespec="milliseconds"))
        for status, attempt, hours in reached
    )


def _mark(since: float, after: float, **changes: Any) -> Announced:
    fields: dict[str, Any] = {
        "since": ago(since),
        "withdraw_after": NOW + timedelta(hours=after),
        "forbidden": True,
        "reasons": (Reason("policy", "the contract has ended", source="churned.0"),),
    }
    return Announced(**(fields | changes))


_FAILED_TWICE = history(
    (Status.AVAILABLE, 1, 90),
    (Status.PENDING, 2, 8.2),
    (Status.ASSOCIATING, 2, 8.1),
    (Status.FAILED, 2, 8),
    (Status.PENDING, 3, 1.2),
    (Status.ACCEPTED, 3, 1.1),
    (Status.FAILED, 3, 1),
)
_UNDER_WAY: dict[str, Any] = {"settled": False, "hours": 0.05}

SHARES: Mapping[str, Entry] = {
    "entered": entry(share(1), Status.PENDING, **_UNDER_WAY),
    "asked": entry(share(2), Status.WAITING_FOR_APPROVAL, POLICY, settled=False, deadline=ago(-9).isoformat()),
    "asked quietly": entry(
        share(3),
        Status.WAITING_FOR_APPROVAL,
        Reason("slack-unavailable", "channel_not_found Answer with: drawbridge approve, or drawbridge deny."),
        POLICY,
        settled=False,
    ),
    "let in": entry(share(4), Status.ACCEPTED, POLICY, **_UNDER_WAY),
    "wanted by no binding": entry(share(5), Status.ACCEPTED, Reason("no-binding-wants-it", "Accepted; no binding.")),
    "wanted by a broken binding": entry(
        share(6),
        Status.ACCEPTED,
        Reason("no-binding-wants-it", "Accepted; no binding."),
        Reason("binding-broken", "line 3: attach.vpc: there is no such field", source="orders"),
    ),
    "associating": entry(
        share(7),
        Status.ASSOCIATING,
        Reason("associating", "orders-db into vpc-1", source="orders"),
        **_UNDER_WAY,
    ),
    "connected": entry(share(8), Status.AVAILABLE, PUBLISHED, attachments=(ATTACHMENT,)),
    "a group that is not whole": entry(
        share(9), Status.AVAILABLE, PUBLISHED, Reason("not-usable-yet", f"{RESOURCE_ARN} has no name yet")
    ),
    "connected in part": entry(share(10), Status.AVAILABLE, PUBLISHED, NO_VPC, incomplete=True),
    "held": entry(share(11), Status.HELD, FORBIDDEN, POLICY, deadline=ago(-4).isoformat()),
    "held for want of a policy": entry(
        share(12), Status.HELD, Reason("no-policy-permits", "No policy permits to accept it.")
    ),
    "not answered": entry(
        share(13),
        Status.HELD,
        Reason("approval-timed-out", "Nobody answered in time; it is asked again later."),
        POLICY,
    ),
    "not asked yet": entry(
        share(14),
        Status.HELD,
        Reason("too-many-questions", f"3 questions of account {PROVIDER} are open."),
        POLICY,
        awaits_question_slot=True,
    ),
    "asked too late": entry(
        share(15),
        Status.HELD,
        Reason("deadline-passed", "Too little time is left to ask anybody; the provider has to share again."),
        POLICY,
    ),
    "not shown": entry(
        share(16), Status.HELD, Reason("resource-unavailable", f"{RESOURCE_ARN}: its status in AWS RAM is SUSPENDED")
    ),
    "refused": entry(share(17), Status.HELD, NO_VPC, Reason("more", "and 4 more"), Reason("denied", "Denied by bob")),
    "failed": entry(
        share(18),
        Status.FAILED,
        Reason("UpstreamError", "AWS is out of order", source="orders/other-db/vpc-1"),
        Reason("States.TaskFailed", NESTED, source="orders/orders-db/vpc-1"),
        history=_FAILED_TWICE,
        attempt=3,
        failures=2,
    ),
    "failing by itself": entry(share(19), Status.FAILED, Reason("ThrottledError", "Rate exceeded"), failures=9),
    "expiring": entry(share(20), Status.HELD, FORBIDDEN, POLICY, deadline=ago(-2).isoformat()),
    "asked and expiring": entry(
        share(21), Status.WAITING_FOR_APPROVAL, POLICY, settled=False, deadline=ago(-1).isoformat()
    ),
    "expired unseen": entry(share(22), Status.HELD, FORBIDDEN, POLICY, deadline=ago(0.1).isoformat()),
    "announced": entry(share(23), Status.AVAILABLE, PUBLISHED, announced=(_mark(20, 148),)),
    "announced in part": entry(
        share(24),
        Status.AVAILABLE,
        PUBLISHED,
        announced=(_mark(20, 148, binding="orders", resource_arn=RESOURCE_ARN, reasons=()),),
        attachments=(ATTACHMENT,),
    ),
    "held back": entry(
        share(25),
        Status.AVAILABLE,
        PUBLISHED,
        absent=(Absence(of=share(25).subject, since=ago(5)),),
        withdrawal_capped=True,
    ),
    "gone": entry(share(26), Status.AVAILABLE, PUBLISHED, absent=(Absence(of=share(26).subject, since=ago(0.1)),)),
    "drifting": entry(share(27), Status.AVAILABLE, PUBLISHED, drift_fingerprint="moved"),
    "mended": entry(share(28), Status.AVAILABLE, PUBLISHED, drift_fingerprint="moved", hours=0.05),
    "kept": entry(
        share(29),
        Status.AVAILABLE,
        PUBLISHED,
        kept=(
            Reason("kept", "It is live and stays as it is, though it would not be let in any more."),
            Reason("facts-unavailable", "AWS Organizations was not asked, and that counts against it in: ours.0"),
        ),
    ),
    "kept as a person decided": entry(
        share(30), Status.AVAILABLE, PUBLISHED, kept=(Reason("denied", "Denied by bob"),), no_longer_permitted=True
    ),
    "commanded": entry(share(31), Status.AVAILABLE, PUBLISHED, commanded=WithdrawalCommand(by=OPERATOR, at=ago(0.1))),
    "being taken down": entry(
        share(32),
        Status.WITHDRAWING,
        Reason("withdrawing", "vpce-0aaa: the share is gone", source="no-longer-shared"),
        **_UNDER_WAY,
    ),
    "not taken down": entry(
        share(33),
        Status.WITHDRAWING,
        Reason("not-withdrawn", "endpoint vpce-0aaa: OwnershipLostError: vpce-0aaa lost its tag drawbridge:owner"),
        failures=1,
    ),
    "not yet gone": entry(
        share(34), Status.WITHDRAWING, Reason("unconfirmed", "vpce-0aaa: a listing leaves its VPC out", source="orders")
    ),
    "stuck": entry(share(35), Status.ASSOCIATING, settled=False, hours=4),
    "withdrawn": entry(share(36), Status.WITHDRAWN, Reason("gone", "The other side took it back.")),
    "rejected": entry(share(37), Status.REJECTED, Reason("policy", "not wanted", source="strangers.0")),
    "expired": entry(share(38), Status.EXPIRED, Reason("deadline-passed", "The invitation expired.")),
    "listed again": entry(share(39), Status.ACCEPTED, Reason("listed-again", "AWS lists it.")),
}

CONNECTIONS: Mapping[str, Entry] = {
    "entered": entry(connection(1), Status.PENDING, **_UNDER_WAY),
    "asked": entry(connection(2), Status.WAITING_FOR_APPROVAL, POLICY, settled=False),
    "let in": entry(connection(3), Status.ACCEPTED, POLICY, **_UNDER_WAY),
    "held": entry(connection(4), Status.HELD, FORBIDDEN, POLICY),
    "failed": entry(connection(5), Status.FAILED, Reason("DecisionOutdated", "It was decided too long ago.")),
    "connected": entry(connection(6), Status.AVAILABLE, PUBLISHED),
    "accepted by hand": entry(
        connection(7),
        Status.AVAILABLE,
        PUBLISHED,
        kept=(Reason("kept", "It is live and stays."), Reason("no-policy-permits", "No policy permits it.")),
    ),
    "announced": entry(connection(8), Status.AVAILABLE, PUBLISHED, announced=(_mark(20, 148),)),
    "held back": entry(
        connection(9), Status.AVAILABLE, PUBLISHED, announced=(_mark(170, -2, forbidden=False),), withdrawal_capped=True
    ),
    "being taken down": entry(
        connection(10),
        Status.WITHDRAWING,
        Reason("withdrawn-on-command", f"{OPERATOR} had it withdrawn."),
        **_UNDER_WAY,
    ),
    "withdrawn": entry(connection(11), Status.WITHDRAWN, Reason("gone", "The other side took it back.")),
    "rejected": entry(connection(12), Status.REJECTED, Reason("denied", "Denied by bob")),
}

ORPHANS: Mapping[str, Entry] = {
    "found": entry(orphan(1), Status.WITHDRAWING, Reason("orphaned", "Drawbridge made it."), failures=1),
    "held back": entry(
        orphan(2),
        Status.WITHDRAWING,
        Reason("orphaned", "Drawbridge made it."),
        absent=(Absence(of=orphan(2).subject, since=ago(1)),),
        withdrawal_capped=True,
        failures=1,
    ),
    "not taken down": entry(
        orphan(3), Status.WITHDRAWING, Reason("not-withdrawn", "vpce-0bbb: RefusedError: it is in use"), failures=3
    ),
    "withdrawn": entry(orphan(4), Status.WITHDRAWN, Reason("gone", "The other side took it back.")),
}

LIVES: Mapping[str, Mapping[str, Entry]] = {"share": SHARES, "connection": CONNECTIONS, "orphan": ORPHANS}

NAMED: Mapping[str, Entry] = {f"{kind}: {name}": each for kind, them in LIVES.items() for name, each in them.items()}
