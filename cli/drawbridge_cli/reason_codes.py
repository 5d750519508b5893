"""What each reason asks for: whose turn it is, what is to be done, and the command to begin with.

A code that is not here is the name of an error that nobody expected.
"""

import re
from collections.abc import Mapping

from drawbridge.decision.consumer_standing import SUSPENDED, UNPROVED
from drawbridge.decision.delayed import DELAYED
from drawbridge.decision.let_in import UNAPPROVED
from drawbridge.status import Reason
from drawbridge_cli.turns import Advice, Command, WhoseTurn

SHARE_NOT_ACCEPTED = "share-not-accepted"
"""The code of the reason that a plan gives for a share that is not let in."""

CAPPED = "withdrawal-capped"
DRIFT = "drift"
ATTEMPT = "attempt-under-way"
ANSWERED = "answered"
SILENT = "attempt-silent"
UNEXPLAINED = "unexplained"
TO_BE_CONFIRMED = "to-be-confirmed"
"""The codes of reasons that no row has, and ``status`` gives: they follow from the rest of the row."""


def _policy(to_do: str) -> Advice:
    return Advice(WhoseTurn.OPERATOR, to_do)


def _binding(to_do: str) -> Advice:
    return Advice(WhoseTurn.OPERATOR, to_do, Command.SHOW_BINDING)


def _mend(to_do: str) -> Advice:
    return Advice(WhoseTurn.OPERATOR, to_do, Command.RETRY)


def _execution(to_do: str) -> Advice:
    """Return what is to be done about how an execution went, which its request's story links to."""
    return Advice(WhoseTurn.OPERATOR, to_do, Command.WHY)


def _other_side(to_do: str) -> Advice:
    return Advice(WhoseTurn.OTHER_SIDE, to_do, Command.LOOK_ON)


def _aws(to_do: str) -> Advice:
    return Advice(WhoseTurn.AWS, to_do, Command.LOOK_ON)


def _by_itself(to_do: str) -> Advice:
    return Advice(WhoseTurn.DRAWBRIDGE, to_do, Command.LOOK_ON)


def _nothing(to_do: str = "nothing") -> Advice:
    return Advice(WhoseTurn.NOBODY, to_do)


_OF_DECISIONS: Mapping[str, Advice] = {
    "adopted": _nothing(),
    "approval-not-configured": Advice(
        WhoseTurn.OPERATOR, "permit or reject it by policy, or set Slack up", Command.CHECK_SLACK
    ),
    "approval-timed-out": _mend("have it asked again at once, or permit or reject it by policy"),
    "approved": _nothing(),
    SUSPENDED: Advice(WhoseTurn.OPERATOR, "resume the consumer, or leave it held", Command.RESUME_CONSUMER),
    UNPROVED: Advice(WhoseTurn.OPERATOR, "give the consumer a challenge, which it answers", Command.CHALLENGE_CONSUMER),
    DELAYED: _by_itself("it is let in then; to keep it out, forbid or withdraw it"),
    "decided-again": _by_itself("it is decided again"),
    "facts-unavailable": _policy("let Drawbridge ask (OrganizationsRoleName), or write a policy that needs less"),
    "forbidden": _policy("change the policy that forbids it, or leave it held"),
    "kept": _policy("write a policy that permits accept, or withdraw it"),
    "more": _nothing("see what policies say of it"),
    "no-policy-permits": _policy("write a policy that permits accept, askApprover or reject"),
    "policy": _policy("change that policy if it should say otherwise"),
    "policy-broken": _policy("correct the policy; the version before it stays in force"),
    "policy-error": _policy("correct the policy: a has before an attribute that may lack"),
    "recovered": _nothing(),
    "slack-unavailable": Advice(WhoseTurn.APPROVER, "approve or deny it here", Command.APPROVE),
    "too-many-questions": Advice(WhoseTurn.APPROVER, "answer the account's open questions", Command.QUESTIONS),
    "was-live": _nothing(),
}

_OF_ENDS: Mapping[str, Advice] = {
    "cannot-leave": _nothing("a share in effect can't be left, and nothing of it is associated"),
    "deadline-passed": _other_side("ask the account to share again"),
    "expired": _other_side("ask the consumer to make a new endpoint or attachment"),
    "gone": _by_itself("once AWS has confirmed it, what was made is taken down"),
    "orphan": _nothing(),
    "over": _other_side("ask the consumer to make a new endpoint or attachment, if it is still wanted"),
    "rejected-elsewhere": _other_side("ask the account to share again, if it is still wanted"),
    "service-not-managed": _policy("tag the service drawbridge:managed = true again, if it is to be managed"),
}

OF_REFUSALS: Mapping[str, Advice] = {
    "address-type-fixed": _binding("delete it to have it made anew, or correct attach.ipAddressType"),
    "alias-not-possible": _binding("correct attach.alias.name, or match only what has such a name"),
    "alias-public": _binding("name a private zone, or write attach.alias.public: true"),
    "alias-reserved": _binding('write another name, or have a policy permit it that says @alias("reserved")'),
    "alias-taken": _binding("write another name in one of the two, or delete what is published for the other"),
    "association-failed": _mend("see to the cause that AWS tells, then delete what failed"),
    "association-not-permitted": _policy("write a policy that permits the action associate, or match less"),
    "binding-broken": _binding("correct the binding; the version before it stays in force"),
    "both-foreign": _binding("name a service network of this account"),
    "denied": _policy("see what policies say of the share; a policy that permits accept lets it in all the same"),
    "kind-not-supported": _binding("match the group instead of its child; what is of type CIDR can't be reached"),
    "mode-not-possible": _binding("use the mode that the reason names, or leave out what it names"),
    "name-taken": _binding("match only one of the two resources of that name"),
    "network-shareable": _binding("name a network that Drawbridge creates, or ask the provider to allow it"),
    "no-binding-wants-it": _nothing("nothing: the next attempt goes by what the bindings say now"),
    "no-hosted-zone": _binding("correct attach.alias.zone: it is the id of a zone of this account"),
    "no-longer-shared": _nothing("nothing, or ask the provider"),
    "no-security-group": _binding("correct attach.securityGroups"),
    "no-service-network": _binding("name one in attach.serviceNetwork, create it, or add create: true"),
    "no-subnet": _binding("make a subnet in that VPC, or correct attach.subnets"),
    "no-vpc": _binding("make the VPC or tag it, or correct attach.vpc"),
    "not-let-in": _policy("write a policy that permits accept, or approve the share as it is now"),
    "not-ours": _binding("change it by hand, or delete it to have it made anew"),
    "ownership-lost": _mend("put its tags back, or delete it to have it made anew"),
    "private-dns-differs": _binding("write the same privateDns in both bindings"),
    "private-dns-fixed": _binding("delete it to have it made anew, or set privateDns: off"),
    "private-dns-twice": _binding("set privateDns: off in one of the two bindings"),
    "quota-reached": _mend("ask Service Quotas for more, and write the new limit down below config/quotas"),
    "resource-not-visible": _other_side("ask the provider whether it is shared still, and with permissions to use it"),
    "resource-unavailable": _other_side("ask the provider to see to it; AWS says what is the matter"),
    "security-groups-differ": _binding("name the same security groups in both bindings"),
    SHARE_NOT_ACCEPTED: _policy("see what policies say of the share"),
    "subnet-unsuitable": _binding("leave that subnet out of attach.subnets"),
    "subnets-fixed": _binding("delete it to have it made anew, or name the subnets that it is in"),
    "too-many-associations": _binding("match fewer, or have the provider use several shares"),
    "vpc-associated-elsewhere": _binding("use mode service-network-endpoint, or the network that the VPC has"),
    "vpc-without-dns": _binding("turn on enableDnsSupport and enableDnsHostnames, or set privateDns: off"),
    "wrong-security-group": _binding("name security groups of that VPC; leave them out where attach.vpc is a tag"),
}

_OF_ATTEMPTS: Mapping[str, Advice] = {
    ANSWERED: _by_itself("the next sweep goes on by that"),
    ATTEMPT: _by_itself("it goes on by itself"),
    SILENT: _execution("look at its execution, which the story links to; once that is stopped, it is tried again"),
    "associating": _aws("AWS makes it"),
    "nothing-in-it": _nothing("what comes is published"),
    "no-outcome": Advice(WhoseTurn.DRAWBRIDGE, "the next attempt finds what there is", Command.RETRY),
    "not-usable-yet": _aws("it is published once AWS gives a name"),
    "published": _nothing(),
    DRIFT: _mend("see who changes it; each attempt puts it back as bindings and policies want it"),
    UNEXPLAINED: _execution("look at its last execution, which the story links to"),
}

_OF_WITHDRAWALS: Mapping[str, Advice] = {
    "called-for-again": _by_itself("a binding wants it again"),
    CAPPED: Advice(WhoseTurn.OPERATOR, "let it go, or find out why so much would go at once", Command.LET_GO),
    "listed-again": _by_itself("the next sweep starts another attempt"),
    "no-longer-permitted": _policy("change what forbids it, write a policy that permits it, or let it go"),
    "not-known": _by_itself("it is asked again"),
    "not-withdrawn": _mend("see to what AWS says"),
    "orphaned": _by_itself("it goes once AWS has confirmed that nothing calls for it"),
    "no-room-for-offer": _mend("see what doctor says of quotas, and ask AWS for more; it is tried again an hour later"),
    "offer-refused": _by_itself("it is tried again an hour after AWS refused it; what AWS refuses, its own words say"),
    "invitation-not-accepted": _by_itself("it is put into the share again twelve hours after it was put in last"),
    "permitted-again": _by_itself("the next sweep starts another attempt"),
    "shared-again": _nothing("what leads to it is that share's"),
    TO_BE_CONFIRMED: _aws("AWS is asked once more before it is taken down"),
    "unconfirmed": _aws("it stays until AWS has confirmed that it is gone"),
    "withdrawing": _aws("AWS takes it down"),
    "withdrawn": _nothing(),
    "withdrawn-on-command": _by_itself("the next sweep has it taken down"),
}

_PASSES = "it is tried again by itself"

_OF_ERRORS: Mapping[str, Advice] = {
    "AccessDeniedError": _mend(
        "see what denies it: the role, a permissions boundary, a policy of the organization, or the share"
    ),
    "AssociationFailedError": _mend("see to the cause that AWS tells, then delete what failed"),
    "ConflictError": _mend("see to what is in the way: it is not ours"),
    "DecisionOutdated": _by_itself("it is decided again"),
    "DrawbridgeError": _mend("look into the log of the step that failed"),
    "GoneError": _mend("see that what it names exists, and that the binding names the right one"),
    "InvalidInputError": _mend("correct what the message names"),
    "NotReadyError": Advice(WhoseTurn.AWS, "AWS has not finished, and it is tried again", Command.RETRY),
    "OwnershipLostError": _mend("put its tags back, or delete it by hand"),
    "QuotaExceededError": _mend("ask Service Quotas for more, or delete what is not needed"),
    "RefusedError": _mend("see to what AWS says"),
    "RequestGoneError": _by_itself("once AWS has confirmed it, what was made is taken down"),
    "SlotNotDueError": Advice(WhoseTurn.DRAWBRIDGE, _PASSES, Command.RETRY),
    "ThrottledError": Advice(WhoseTurn.DRAWBRIDGE, _PASSES, Command.RETRY),
    "UpstreamError": Advice(WhoseTurn.AWS, _PASSES, Command.RETRY),
    "execution-aborted": _mend("have it tried again, if whoever stopped it is done"),
    "execution-failed": _execution("look at its execution, which the story links to"),
    "execution-timed-out": _execution("look at its execution, which the story links to: it took too long"),
    "execution-unrecorded": _execution("look at its execution, which the story links to: it recorded nothing"),
}

OF_STEP_FUNCTIONS: Mapping[str, Advice] = {
    "Lambda.AWSLambdaException": Advice(WhoseTurn.AWS, _PASSES, Command.RETRY),
    "Lambda.ClientExecutionTimeoutException": Advice(WhoseTurn.AWS, _PASSES, Command.RETRY),
    "Lambda.SdkClientException": Advice(WhoseTurn.AWS, _PASSES, Command.RETRY),
    "Lambda.ServiceException": Advice(WhoseTurn.AWS, _PASSES, Command.RETRY),
    "SQS.SdkClientException": Advice(WhoseTurn.AWS, _PASSES, Command.RETRY),
    "SQS.AmazonSQSException": Advice(WhoseTurn.AWS, _PASSES, Command.RETRY),
    "Lambda.TooManyRequestsException": Advice(WhoseTurn.DRAWBRIDGE, _PASSES, Command.RETRY),
    "Lambda.Unknown": Advice(WhoseTurn.AWS, _PASSES, Command.RETRY),
    "Runtime.ExitError": _mend("look into the log of the step that failed: its process ended"),
    "Sandbox.Timedout": _mend("look into the log of the step that failed: it took too long"),
    "States.DataLimitExceeded": _mend("match less in one share: a step passed on more than Step Functions takes"),
    "States.Timeout": Advice(WhoseTurn.AWS, "a step took too long, and is tried again", Command.RETRY),
}
"""Errors of Lambda and Step Functions themselves, as far as there is something to be said of them."""

ADVICE: Mapping[str, Advice] = {
    **_OF_DECISIONS,
    **_OF_ENDS,
    **OF_REFUSALS,
    **_OF_ATTEMPTS,
    **_OF_WITHDRAWALS,
    **_OF_ERRORS,
    **OF_STEP_FUNCTIONS,
}

_UNEXPECTED = _mend("look into the log of the step that failed")

_ERROR_WITHIN = re.compile(r": ([A-Z][A-Za-z.]{2,60}): ")


def advice_of(reason: Reason) -> Advice:
    """Return what a reason asks for: of what was not taken down, by the error that its text names."""
    if reason.code == "not-withdrawn":
        within = (ADVICE.get(each) for each in _ERROR_WITHIN.findall(reason.text))
        return next((each for each in within if each is not None), ADVICE[reason.code])
    return ADVICE.get(reason.code, _UNEXPECTED)


def what_to_do(reason: Reason) -> str:
    """Return what is to be done about a reason for which something desired is not associated."""
    return ADVICE[reason.code].to_do if reason.code in {*OF_REFUSALS, *UNAPPROVED} else ""
