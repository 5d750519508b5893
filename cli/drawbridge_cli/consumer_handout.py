"""Reading what a consumer needs: of the registry, of EC2, of its load balancers, of AWS RAM and of the policies."""

from collections.abc import Collection, Iterable
from typing import Any, assert_never

import typer
from botocore.exceptions import ClientError
from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.aws.errors import code_of, translated
from drawbridge.aws.offered_shares import OFFER_TAG, OfferedSharesOfRam
from drawbridge.decision import Accept, AlreadyResolved, AskApprover, Decision, Delay, Hold, Keep, Reject
from drawbridge.decision.consumer_standing import Standing, standing_of
from drawbridge.decision.decide import decide
from drawbridge.decision.delay import delay_text
from drawbridge.decision.delayed import delayed_by
from drawbridge.decision.facts import ConnectionFacts, Consumer, Requester, Service
from drawbridge.decision.registration import Registration
from drawbridge.errors import AccessDeniedError, GoneError, RefusedError
from drawbridge.intake.offering.desired import NotOffered, OfferRules, Target, id_of
from drawbridge.intake.offering.offers import OfferedShare
from drawbridge.legible import legible
from drawbridge.request.connections import ManagedService
from drawbridge_cli.command_lines import command
from drawbridge_cli.handout import (
    ComingShare,
    EndpointOutcome,
    Handout,
    NothingOfferedError,
    OfferedService,
    Port,
    PrivateName,
    Proof,
    readable_challenge,
    sorted_ports,
)
from drawbridge_cli.handout_rendering import document, markdown
from drawbridge_cli.screen import complain, say, show_json
from drawbridge_cli.share_plans import PlanContext
from drawbridge_cli.stack import Stack


def show_handout(stack: Stack, entry: Registration, *, as_json: bool) -> None:
    """Print what a consumer needs.

    Raises:
        Exit: there is nothing to hand over, which is complained of.
    """
    try:
        handout = handout_of(stack, entry.account_id, entry.consumer)
    except NothingOfferedError as error:
        complain(str(error))
        raise typer.Exit(1) from error
    if as_json:
        show_json(document(handout))
        return
    for line in markdown(handout).removesuffix("\n").split("\n"):
        say(line)


def handout_of(stack: Stack, account_id: str, consumer: Consumer) -> Handout:
    """Return what is handed over to a consumer.

    Raises:
        NothingOfferedError: it is suspended, nothing is there for it, or policies let nothing be offered.
    """
    if consumer.is_suspended:
        at = consumer.suspended_at
        since = f"since {at:%Y-%m-%d %H:%M} UTC" if at else "since when can't be read"
        raise NothingOfferedError(f"{account_id} is suspended, {since}: nothing is offered to it")
    if consumer.unreadable:
        fields = ", ".join(map(legible, consumer.unreadable))
        complain(f"{account_id}: its entry has fields that can't be read, and do not count: {fields}")
    called_for: tuple[Target, ...] = (
        *_reached(stack, account_id, consumer),
        *_shares(stack, account_id, consumer.tier),
    )
    context = stack.plan_context() if called_for else None
    offered = _offered(stack, context, Registration(account_id=account_id, consumer=consumer), called_for)
    reached = [each for each in offered if isinstance(each, ManagedService)]
    shares = tuple(_coming(each) for each in offered if isinstance(each, OfferedShare))
    if called_for and not offered:
        raise NothingOfferedError(f"nothing is offered to {account_id}: policies forbid all that its entry calls for")
    if context is None:
        tier = f" or of its tier {consumer.tier}" if consumer.tier else ""
        raise NothingOfferedError(
            f"nothing is offered to {account_id}: no managed service is among its services{tier}, and no share is "
            f"tagged {OFFER_TAG} for it"
        )
    return Handout(
        account_id=account_id,
        name=consumer.name,
        provider_account_id=stack.place.account_id,
        proof=_proof(stack, account_id) if standing_of(consumer) is Standing.UNPROVED else None,
        principals=tuple(sorted(consumer.principals)),
        services=_services(stack, context, account_id, reached) if reached else (),
        shares=shares,
    )


def _proof(stack: Stack, account_id: str) -> Proof:
    challenge = readable_challenge(stack.challenges.challenge(account_id), account_id)
    if not challenge:
        makes = command("consumers", "challenge", account_id)
        complain(f"{account_id} has to prove that it is who it says, and has no challenge to answer; {makes} makes one")
    return Proof(challenge=challenge, url=stack.proof_url)


def _reached(stack: Stack, account_id: str, consumer: Consumer) -> list[ManagedService]:
    """Return the services that an entry calls for; none if it can't be read to whom they are offered."""
    reached = [each for each in stack.services if consumer.may_reach(each.service_id, each.tags)]
    if reached and "principals" in consumer.unreadable:
        complain(f"{account_id}: no service is offered to it as long as its principals can't be read")
        return []
    return reached


def _shares(stack: Stack, account_id: str, tier: str) -> list[OfferedShare]:
    """Return the shares that an entry calls for; an account's own are not for itself."""
    if not tier or account_id == stack.place.account_id:
        return []
    offered = OfferedSharesOfRam(stack.client("ram")).offered()
    return sorted((each for each in offered if each.tier == tier), key=lambda each: each.arn)


def _coming(share: OfferedShare) -> ComingShare:
    return ComingShare(arn=share.arn, name=share.name, region=Arn.parse(share.arn).region)


def _offered(
    stack: Stack, context: PlanContext | None, entry: Registration, called_for: Iterable[Target]
) -> list[Target]:
    """Return what of all that an entry calls for no policy forbids to offer; the operator is told what one does.

    Raises:
        NothingOfferedError: no policy is in force.
    """
    if context is None:
        return []
    rules = OfferRules(context.policies, partition=stack.place.partition)
    if rules.why_nothing:
        raise NothingOfferedError(f"{entry.account_id}: {rules.why_nothing}")
    offered: list[Target] = []
    for each in called_for:
        if reasons := rules.forbidding(each, entry, context.evaluation_time):
            complain(legible(str(NotOffered(target=id_of(each), account_id=entry.account_id, reasons=reasons))))
        else:
            offered.append(each)
    return offered


def _services(
    stack: Stack, context: PlanContext, account_id: str, reached: Collection[ManagedService]
) -> tuple[OfferedService, ...]:
    configurations = _configurations(stack, {each.service_id for each in reached})
    requester = context.gatherer.requester(account_id)
    ids = _zone_ids(stack, configurations.values())
    return tuple(
        _service(stack, each, configurations[each.service_id], ids, _answer(context, requester, each))
        for each in sorted(reached, key=lambda each: each.service_id)
        # It was deleted a moment ago.
        if each.service_id in configurations
    )


def _configurations(stack: Stack, service_ids: Collection[str]) -> dict[str, Any]:
    with translated("list endpoint services"):
        pages = stack.client("ec2").get_paginator("describe_vpc_endpoint_service_configurations").paginate()
        return {
            each["ServiceId"]: each
            for page in pages
            for each in page["ServiceConfigurations"]
            if each["ServiceId"] in service_ids
        }


class EndpointAnswer(Struct, frozen=True):
    """What becomes of a consumer's endpoint, and how long it waits for that, if it is accepted after a delay."""

    outcome: EndpointOutcome
    delay: str = ""


def _service(
    stack: Stack, managed: ManagedService, configuration: Any, zone_ids: dict[str, str], answer: EndpointAnswer
) -> OfferedService:
    region = stack.place.region
    regions = {each["Region"] for each in configuration.get("SupportedRegions", ()) if _is_open(each)}
    ports, ports_unknown = _ports(stack, configuration)
    private_name = configuration.get("PrivateDnsName", "")
    verification = configuration.get("PrivateDnsNameConfiguration", {})
    return OfferedService(
        service_id=managed.service_id,
        name=(managed.tags or {}).get("Name", ""),
        service_name=managed.name,
        region=region,
        other_regions=tuple(sorted(regions - {region})),
        state=configuration.get("ServiceState", ""),
        endpoint_type=next(iter(managed.types)) if len(managed.types) == 1 else "",
        zone_ids=_zones(configuration, zone_ids),
        address_types=tuple(sorted(configuration.get("SupportedIpAddressTypes", ()))),
        private_name=PrivateName(name=private_name, state=verification.get("State", "")) if private_name else None,
        ports=ports,
        ports_unknown=ports_unknown,
        answer=answer.outcome,
        delay=answer.delay,
    )


def _is_open(region: Any) -> bool:
    return str(region.get("ServiceState", "Available")).lower() == "available"


def _zone_ids(stack: Stack, configurations: Iterable[Any]) -> dict[str, str]:
    """Return the ids of this account's zones by their names; none where nobody needs them, or AWS does not tell."""
    if all(each.get("AvailabilityZoneIds") for each in configurations):
        return {}
    try:
        with translated("list the zones"):
            answer = stack.client("ec2").describe_availability_zones()
    except AccessDeniedError:
        return {}
    return {each["ZoneName"]: each["ZoneId"] for each in answer["AvailabilityZones"] if each.get("ZoneId")}


def _zones(configuration: Any, zone_ids: dict[str, str]) -> tuple[str, ...] | None:
    if told := configuration.get("AvailabilityZoneIds"):
        return tuple(sorted(told))
    names = configuration.get("AvailabilityZones", ())
    # Half of them would keep a consumer out of the others.
    known = bool(names) and all(name in zone_ids for name in names)
    return tuple(sorted(zone_ids[name] for name in names)) if known else None


def _ports(stack: Stack, configuration: Any) -> tuple[tuple[Port, ...], str]:
    """Return the ports of the load balancers behind a service, and why there may be others; empty if there are none."""
    balancers = configuration.get("NetworkLoadBalancerArns", ())
    if configuration.get("GatewayLoadBalancerArns"):
        return (), "a Gateway Load Balancer takes all traffic that is routed to it"
    if not balancers:
        return (), "AWS does not tell what is behind the service"
    found: list[Port] = []
    unknown = ""
    for arn in balancers:
        try:
            found += _listeners(stack, arn)
        except (AccessDeniedError, GoneError, RefusedError) as error:
            complain(f"{arn}: its listeners are unknown: {error}")
            unknown = "not all load balancers behind the service show theirs"
    return sorted_ports(found), unknown


def _listeners(stack: Stack, balancer: str) -> list[Port]:
    with translated("list the listeners of a load balancer"):
        try:
            pages = stack.client("elbv2").get_paginator("describe_listeners").paginate(LoadBalancerArn=balancer)
            return [Port(each["Protocol"], each["Port"]) for page in pages for each in page["Listeners"]]
        except ClientError as error:
            if code_of(error) == "LoadBalancerNotFound":
                raise GoneError("there is no such load balancer") from error
            raise


def _answer(context: PlanContext, requester: Requester, service: ManagedService) -> EndpointAnswer:
    """Return what becomes of the consumer's first endpoint; from which Region it comes is not known yet."""
    if service.acceptance_required is False:
        return EndpointAnswer(EndpointOutcome.CONNECTED_AT_ONCE)
    facts = ConnectionFacts(
        requester=requester,
        service=Service(
            id=service.service_id,
            name=service.name,
            acceptance_required=service.acceptance_required,
            private_dns_name=service.private_dns_name,
            tags=service.tags,
        ),
        endpoint_type=next(iter(service.types)) if len(service.types) == 1 else "",
        region="",
    )
    decision = decide(facts, context.policies, context.evaluation_time)
    delay = delayed_by(decision)
    return EndpointAnswer(answer_of(decision, asks=context.asks), delay_text(delay) if delay else "")


def answer_of(decision: Decision, *, asks: bool) -> EndpointOutcome:
    """Return what a decision on an endpoint means to its owner; ``asks`` says whether a person can be asked."""
    match decision:
        case Accept(delay=delay):
            return EndpointOutcome.ACCEPTED if delay is None else EndpointOutcome.ACCEPTED_LATER
        case AskApprover():
            return EndpointOutcome.PERSON_DECIDES if asks else EndpointOutcome.WAITS
        case Reject() | Hold() | Delay() | Keep() | AlreadyResolved():
            return EndpointOutcome.WAITS
        case _:
            assert_never(decision)
