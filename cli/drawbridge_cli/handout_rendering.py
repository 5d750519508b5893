"""The handout, rendered: Markdown for people, a document for programs."""

import re
from collections.abc import Iterable, Iterator

import msgspec

from drawbridge.legible import legible
from drawbridge_cli.handout import ComingShare, EndpointOutcome, Handout, OfferedService, Proof
from drawbridge_cli.handout_commands import (
    INVITATION_LASTS_HOURS,
    PROOF_FILE,
    private_name_command,
    proof_commands,
    service_commands,
    share_commands,
    state_command,
    zones_command,
)


def document(handout: Handout) -> dict[str, object]:
    """Return the handout for programs, with what to run."""
    given: dict[str, object] = msgspec.to_builtins(handout)
    proof = handout.proof
    return {
        "schema_version": 1,
        **given,
        "proof": None if proof is None else msgspec.to_builtins(proof) | {"run": proof_commands(proof)},
        "services": [
            msgspec.to_builtins(each) | {"run": [msgspec.to_builtins(way) for way in service_commands(each)]}
            for each in handout.services
        ],
        "shares": [
            msgspec.to_builtins(each)
            | {
                "invitation_lasts_hours": INVITATION_LASTS_HOURS,
                "run": msgspec.to_builtins(share_commands(each, handout.provider_account_id)),
            }
            for each in handout.shares
        ],
    }


def markdown(handout: Handout) -> str:
    """Return the handout as a page of Markdown: whatever a name says, it is text there."""
    return "\n".join(_page(handout)) + "\n"


def _page(handout: Handout) -> Iterator[str]:
    of = f" of {text(handout.name)}" if handout.name else ""
    yield f"# How account {code(handout.account_id)}{of} connects"
    yield ""
    yield f"What is offered here belongs to account {code(handout.provider_account_id)}."
    if handout.proof is not None:
        yield from _proof(handout.proof)
    if handout.principals:
        yield ""
        yield "Only these principals of your account can find the services and create endpoints to them:"
        yield ""
        yield from (f"- {code(each)}" for each in handout.principals)
    for service in handout.services:
        yield from _service(service)
    for share in handout.shares:
        yield from _share(share, handout.provider_account_id)


def _proof(proof: Proof) -> Iterator[str]:
    yield ""
    yield "## First, prove that the account is yours"
    yield ""
    yield "Nothing is offered before that."
    yield ""
    if not proof.challenge:
        yield "There is no challenge for you to answer yet; ask us for one."
        return
    yield (
        "Run this with credentials of your account, of whatever rights. It signs the challenge, once and for us alone, "
        "and gives us no access:"
    )
    yield from fenced("sh", proof_commands(proof))
    if not proof.url:
        yield ""
        yield f"Then send us the file {code(PROOF_FILE)} at once, as you would a password: it is good for 15 minutes."


def _service(service: OfferedService) -> Iterator[str]:
    yield ""
    yield f"## {text(service.title)}"
    yield ""
    yield f"- Service name: {code(service.service_name)}"
    others = f"; from elsewhere also {codes(service.other_regions)}" if service.other_regions else ""
    yield f"- Region: {code(service.region)}{others}"
    yield f"- Endpoint type: {code(service.endpoint_type) if service.endpoint_type else _UNKNOWN}"
    if service.state and service.state.lower() != "available":
        yield f"- State of the service: {code(service.state)}"
    zones = codes(service.zone_ids) if service.zone_ids else _UNKNOWN
    yield f"- Availability Zones, by id: {zones}"
    yield f"- Address types: {_address_types(service)}"
    yield f"- Ports: {_ports(service)}"
    yield f"- Private DNS name: {_private_name(service)}"
    ways = service_commands(service)
    if not ways:
        yield ""
        yield "AWS does not tell which type of endpoint leads there; ask us."
        return
    yield from _creation(service)
    for way in ways:
        if len(ways) > 1:
            yield ""
            yield f"### In {codes(way.regions)}"
            if service.region not in way.regions:
                yield ""
                yield (
                    "Your zones need not be those of the service then, and who creates the endpoint needs the "
                    f"permission {code('vpce:AllowMultiRegion')}. Write the Region that is yours."
                )
        for tool, language, lines in (
            ("With the AWS CLI:", "sh", way.cli),
            ("With Terraform:", "hcl", way.terraform),
            ("With CloudFormation:", "yaml", way.cloudformation),
        ):
            yield ""
            yield tool
            yield from fenced(language, lines)
    yield from _afterwards(service)


_UNKNOWN = "unknown; ask us"


def _address_types(service: OfferedService) -> str:
    if not service.address_types:
        return _UNKNOWN
    both = {"ipv4", "ipv6"} <= {*service.address_types}
    more = f" (dual-stack: an endpoint may also be {code('dualstack')})" if both else ""
    return f"{codes(service.address_types)}{more}"


def _ports(service: OfferedService) -> str:
    known = _port_codes(service)
    if not service.ports_unknown:
        return known or "none: nothing listens yet"
    return f"{known}, and perhaps others: {text(service.ports_unknown)}" if known else _UNKNOWN


def _port_codes(service: OfferedService) -> str:
    return codes(f"{each.protocol} {each.port}" for each in service.ports)


def _private_name(service: OfferedService) -> str:
    name = service.private_name
    if name is None:
        return "none"
    return f"{code(name.name)}, {'verified' if name.is_verified else 'not verified: it can not be used'}"


def _creation(service: OfferedService) -> Iterator[str]:
    yield ""
    yield "Create an endpoint in your VPC, in one of these ways."
    if service.zone_ids and service.is_interface:
        yield "Take subnets in zones of these ids: names of zones differ from account to account. Yours are shown by"
        yield from fenced("sh", zones_command(service.region))
    if service.is_interface:
        yield ""
        through = _port_codes(service) or "the ports that it uses"
        yield f"Its security group has to let your clients in to {through}."
    else:
        yield ""
        yield "It takes one subnet, and no security group; afterwards routes of yours lead to it."


_AFTERWARDS = {
    EndpointOutcome.CONNECTED_AT_ONCE: "The connection needs no acceptance: the endpoint is available within minutes.",
    EndpointOutcome.ACCEPTED: "The connection is accepted automatically, as a rule within a minute or two.",
    EndpointOutcome.ACCEPTED_LATER: "The connection is accepted automatically, {delay} after it was asked for.",
    EndpointOutcome.PERSON_DECIDES: "A person of ours decides on the connection.",
    EndpointOutcome.WAITS: "As things are, the connection waits until we let it in: tell us once it is there.",
}


def _afterwards(service: OfferedService) -> Iterator[str]:
    yield ""
    yield "### What happens then"
    yield ""
    waits = (
        ""
        if service.answer is EndpointOutcome.CONNECTED_AT_ONCE
        else f" Until then its state is {code('pendingAcceptance')}."
    )
    yield f"{_AFTERWARDS[service.answer].format(delay=service.delay)}{waits}"
    if not service.is_interface:
        return
    yield ""
    yield "Once it is available, the name to use is your endpoint's own, which this shows beside the state:"
    yield from fenced("sh", state_command(service.region))
    if service.uses_private_name and service.private_name is not None:
        yield ""
        named = f"{code(service.private_name.name)} leads to your endpoint in your VPC"
        needs = f"the VPC needs {code('enableDnsSupport')} and {code('enableDnsHostnames')}"
        if service.has_private_name_from_start:
            yield f"{named} as well; {needs}."
            return
        yield f"With this, once it is available, {named} as well; {needs}:"
        yield from fenced("sh", private_name_command(service.region))


def _share(share: ComingShare, provider_account_id: str) -> Iterator[str]:
    commands = share_commands(share, provider_account_id)
    yield ""
    yield f"## Share {text(share.name)}"
    yield ""
    yield f"- Share: {code(share.arn)}"
    yield f"- Region: {code(share.region)}"
    yield ""
    yield (
        f"An invitation of account {code(provider_account_id)} to the share {code(share.name)} comes to AWS RAM in "
        f"your account. It expires {INVITATION_LASTS_HOURS} hours after it was sent. Inside of one AWS organization "
        "none comes: the share is there at once. List it, accept it, and, some seconds later, see what the share holds:"
    )
    yield from fenced("sh", commands.cli)
    yield ""
    yield (
        f"What is of type {code('vpc-lattice:ResourceConfiguration')} is reached by an endpoint in your VPC, whose "
        "security group has to let your clients in:"
    )
    yield from fenced("sh", commands.endpoint)
    yield ""
    yield "Once it is available, the name to use is shown by"
    yield from fenced("sh", commands.name)
    yield ""
    yield "AWS lets nobody leave such a share: delete the endpoint to end it."
    yield ""
    yield "With Drawbridge in your account, a binding and a policy do the same, and connect what is inside:"
    yield from fenced("yaml", commands.binding)
    yield from fenced("cedar", commands.policy)


_PUNCTUATION = re.compile(r"([!-&*+/:-@\[-`{-~]|\.(?=\S))")
"""What means something inside of a line, or makes a link of an address."""


def text(written: str) -> str:
    """Return a text of others as Markdown has it in a line, where nothing in it means anything."""
    return _PUNCTUATION.sub(r"\\\1", legible(written))


def code(written: str) -> str:
    """Return a text as a span of code, whatever backticks are in it."""
    shown = legible(written, _LONGEST)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    padding = " " if shown.startswith("`") or shown.endswith("`") or not shown else ""
    return f"{fence}{padding}{shown}{padding}{fence}"


_LONGEST = 2000


def codes(several: Iterable[str]) -> str:
    return ", ".join(code(each) for each in several)


def fenced(language: str, lines: str) -> Iterator[str]:
    """Yield a block of code, whatever backticks are in it."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", lines)), default=0))
    yield ""
    yield f"{fence}{language}"
    yield from lines.rstrip("\n").split("\n")
    yield fence
