"""What ``discover_requests`` works with."""

from collections.abc import Callable
from datetime import datetime
from functools import cache

from drawbridge.aws.approvals import Approvals
from drawbridge.aws.bus import Bus
from drawbridge.aws.consumers import Consumers
from drawbridge.aws.dead_letters import DeadLetters
from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.ledger import Ledger
from drawbridge.aws.parameter_store import Configuration
from drawbridge.aws.resource_shares import ResourceShares
from drawbridge.aws.surroundings import Surroundings
from drawbridge.aws.survey import Survey
from drawbridge.aws.task_callback import TaskCallback
from drawbridge.aws.workflow import OnboardingWorkflow
from drawbridge.aws.zone_survey import ZoneSurvey
from drawbridge.bootstrap.clients import client, table
from drawbridge.decision.in_force import compiled
from drawbridge.discovery.announcements import Announcements
from drawbridge.discovery.configuration import SweepConfiguration
from drawbridge.discovery.drift import Drift
from drawbridge.discovery.endings import Endings
from drawbridge.discovery.fingerprints import Configured, Registered
from drawbridge.discovery.observation import Observer
from drawbridge.discovery.planned import Planned
from drawbridge.discovery.reviewer import PolicyReviewer
from drawbridge.discovery.sweep import Discoverer
from drawbridge.discovery.waiting import WaitingRequests
from drawbridge.environment import Environment


@cache
def environment() -> Environment:
    return Environment()


@cache
def dead_letters() -> DeadLetters:
    return DeadLetters(client("sqs"), environment().hints_dead_letter_queue)


def configuration() -> SweepConfiguration:
    """Read what people configured, anew for each sweep."""
    settings = environment()
    parameters = Configuration(client("ssm"), prefix=settings.prefix)
    return SweepConfiguration(parameters, everything_is_meant=settings.everything_may_be_permitted)


def discoverer(
    configuration: SweepConfiguration, now: Callable[[], datetime], on_broken: Callable[[str], None]
) -> Discoverer:
    """Build it for one look: the configuration is read anew for each. ``on_broken`` hears of broken rows."""
    settings = environment()
    ledger = Ledger(table(settings.ledger_table), now=now, on_broken=on_broken)
    workflow = OnboardingWorkflow(client("stepfunctions"), settings.onboarding_workflow)
    bus = Bus(client("events"), settings.bus)
    registry = Registered(Consumers(table(settings.consumers_table)))
    survey = Survey(client("ec2"), client("vpc-lattice"))
    surroundings = Surroundings(
        client("ec2"),
        client("vpc-lattice"),
        lambda: client("route53"),
        survey,
        account_id=settings.account_id,
    )
    services = EndpointServices(
        client("ec2"),
        listed=settings.managed_services,
        topic_arn=settings.notification_topic,
    )
    configured = Configured(configuration.policies, configuration.bindings, configuration.quotas, registry)
    return Discoverer(
        observer=Observer(ResourceShares(client("ram")), services, configured),
        services=services,
        ledger=ledger,
        workflow=workflow,
        endings=Endings(workflow, ledger, bus),
        configured=configured,
        announcements=Announcements(bus),
        reviewer=PolicyReviewer(compiled(configuration.policies), registry),
        drift=Drift(survey, ZoneSurvey(lambda: client("route53"))),
        planned=Planned(configuration.bindings, configuration.quotas, surroundings, survey),
        questions_at_once=settings.open_questions,
        waiting=WaitingRequests(
            Approvals(table(settings.approvals_table), now=now), TaskCallback(client("stepfunctions"))
        ),
    )
