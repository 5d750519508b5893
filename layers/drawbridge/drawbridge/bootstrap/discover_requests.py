"""The objects of ``discover_requests``."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

from drawbridge.arns import Arn
from drawbridge.aws.account_listing import AccountListing
from drawbridge.aws.approvals_table import ApprovalsTable
from drawbridge.aws.attachment_listing import AttachmentListing
from drawbridge.aws.configuration_parameters import ConfigurationParameters
from drawbridge.aws.consumers_table import ConsumersTable
from drawbridge.aws.dead_letter_queue import DeadLetterQueue
from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.event_bus import EventBus
from drawbridge.aws.existence import ExistenceById
from drawbridge.aws.hosted_zone_listing import HostedZoneListing
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.aws.offered_shares import OfferedSharesOfRam
from drawbridge.aws.offers_table import OffersTable
from drawbridge.aws.owned_object_listing import OwnedObjectListing
from drawbridge.aws.parameter_store import PublishedParameters
from drawbridge.aws.removed_consumers import RemovedConsumerItems
from drawbridge.aws.resource_associations import ResourceAssociations
from drawbridge.aws.resource_shares import ResourceShares
from drawbridge.aws.service_permissions import ServicePermissionsOfEc2
from drawbridge.aws.service_quotas import ServiceQuotas
from drawbridge.aws.state_machine import StateMachine
from drawbridge.aws.sweep_record_items import SweepRecordItems
from drawbridge.aws.task_callback import TaskCallback
from drawbridge.aws.withdraw_after_tags import ObjectTags
from drawbridge.bootstrap.clients import client, table
from drawbridge.bootstrap.history import history
from drawbridge.decision.in_force import compiled
from drawbridge.discovery.absence_watch import AbsenceWatch
from drawbridge.discovery.announcements import BusAnnouncements
from drawbridge.discovery.attempt_starter import AttemptStarter
from drawbridge.discovery.configuration import SweepConfiguration
from drawbridge.discovery.current_plan_inputs import CurrentPlanInputs
from drawbridge.discovery.decision_records import DecisionRecords
from drawbridge.discovery.drift import DriftDetector
from drawbridge.discovery.endings import EndingRecorder
from drawbridge.discovery.fingerprints import CachedRegistry, FingerprintsInForce
from drawbridge.discovery.observation import Observer
from drawbridge.discovery.offer_sweep import OfferSweep
from drawbridge.discovery.orphan_watch import OrphanWatch
from drawbridge.discovery.permission_watch import PermissionWatch
from drawbridge.discovery.reviewer import PolicyReviewer
from drawbridge.discovery.sweep import Sweeper
from drawbridge.discovery.waiting import WaitingRequests
from drawbridge.discovery.withdrawals import WithdrawalReconciler
from drawbridge.discovery.workflow import Workflows
from drawbridge.environment import Environment
from drawbridge.hint import SweepScope
from drawbridge.intake.disassociation.disassociate import LeaverReconciler
from drawbridge.intake.notices.tell import ShareTeller
from drawbridge.intake.offering.causes import CausesOfLeaving
from drawbridge.intake.offering.desired import OfferRules
from drawbridge.intake.offering.quotas import Limits
from drawbridge.intake.offering.reconcile import OfferReconciler
from drawbridge.record.history import GatheredHistory


@cache
def environment() -> Environment:
    return Environment()


@cache
def dead_letters() -> DeadLetterQueue:
    return DeadLetterQueue(client("sqs"), environment().hints_dead_letter_queue)


def configuration(scope: SweepScope) -> SweepConfiguration:
    """Return what people configured, read anew for each sweep, as far as the scope needs it."""
    settings = environment()
    parameters = ConfigurationParameters(client("ssm"), prefix=settings.prefix)
    return SweepConfiguration(parameters, scope, everything_may_be_permitted=settings.everything_may_be_permitted)


def sweep_records() -> SweepRecordItems:
    return SweepRecordItems(table(environment().approvals_table))


def look_every() -> timedelta:
    return environment().look_every


def sweeper(
    configuration: SweepConfiguration, now: Callable[[], datetime], on_broken: Callable[[str], None]
) -> Sweeper:
    """Return a sweeper for one sweep, which calls ``on_broken`` for each broken row."""
    settings = environment()
    gathered = GatheredHistory(history(settings))
    ledger = LedgerTable(table(settings.ledger_table), now=now, on_broken=on_broken, history=gathered)
    workflows = Workflows(
        StateMachine(client("stepfunctions"), settings.onboarding_workflow),
        StateMachine(client("stepfunctions"), settings.withdrawal_workflow),
    )
    bus = EventBus(client("events"), settings.bus)
    consumers = ConsumersTable(table(settings.consumers_table))
    registry = CachedRegistry(consumers)
    attachments = AttachmentListing(client("ec2"), client("vpc-lattice"))
    inventory = AccountListing(
        client("ec2"),
        client("vpc-lattice"),
        lambda: client("route53"),
        attachments,
        account_id=settings.account_id,
    )
    services = EndpointServices(
        client("ec2"),
        listed=settings.managed_services,
        topic_arn=settings.notification_topic,
    )
    reviewer = PolicyReviewer(
        configuration.policies, registry, ConfigurationParameters(client("ssm"), prefix=settings.prefix).is_written
    )
    announcements = BusAnnouncements(bus)
    configured = FingerprintsInForce(configuration.policies, configuration, registry)
    endings = EndingRecorder(workflows, ledger, bus)
    attempts = AttemptStarter(ledger, workflows, endings, announcements, gathered)
    decision_records = DecisionRecords(ledger)
    permissions = PermissionWatch(
        reviewer,
        ledger,
        decision_records,
        announcements,
        ObjectTags(client("ec2"), client("vpc-lattice"), client("ssm")),
        withdraw_after=settings.withdraw_after,
        prefix=settings.prefix,
        account_id=settings.account_id,
    )
    offered_shares = OfferedSharesOfRam(client("ram"))
    offers = OffersTable(table(settings.offers_table), on_broken=on_broken)
    offer_rules = OfferRules(
        compiled(configuration.policies), partition=Arn.parse(settings.onboarding_workflow).partition
    )
    removed = RemovedConsumerItems(table(settings.offers_table), now=now, on_broken=on_broken)
    causes = CausesOfLeaving(removed)
    return Sweeper(
        observer=Observer(ResourceShares(client("ram")), services, configured),
        services=services,
        ledger=ledger,
        decision_records=decision_records,
        endings=endings,
        attempts=attempts,
        withdrawals=WithdrawalReconciler(attempts, permissions),
        fingerprints=configured,
        reviewer=reviewer,
        drift=DriftDetector(attachments, HostedZoneListing(lambda: client("route53"))),
        plan_inputs=CurrentPlanInputs(configuration, inventory),
        absences=AbsenceWatch(
            ExistenceById(client("ram"), client("vpc-lattice"), client("ec2")),
            ledger,
            confirm_after=settings.confirm_gone_after,
            cap=settings.withdraw_cap,
        ),
        orphans=OrphanWatch(
            lambda: OwnedObjectListing(client("ec2"), client("vpc-lattice"), owner=settings.prefix),
            PublishedParameters(client("ssm"), owner=settings.prefix),
            ledger,
            bus,
            prefix=settings.prefix,
            account_id=settings.account_id,
        ),
        offers=OfferSweep(
            services=services,
            shares=offered_shares,
            records=offers,
            registry=consumers,
            reconciler=OfferReconciler(
                registry=consumers,
                permissions=ServicePermissionsOfEc2(client("ec2"), owner=settings.prefix),
                shares=offered_shares,
                records=offers,
                causes=causes,
                rules=offer_rules,
                owner=settings.prefix,
                cap=settings.withdraw_cap,
                wait=settings.withdraw_after,
            ),
            leavers=LeaverReconciler(
                registry=consumers,
                shares=offered_shares,
                associations=ResourceAssociations(client("vpc-lattice"), settings.account_id),
                records=offers,
                causes=causes,
                rules=offer_rules,
                wait=settings.withdraw_after,
                confirm_after=settings.confirm_gone_after,
            ),
            teller=ShareTeller(shares=offered_shares, records=offers, bus=bus),
            limits=Limits(ServiceQuotas(client("service-quotas"))),
            zone=settings.time_zone,
        ),
        history=gathered,
        questions_at_once=settings.open_questions,
        expiring_within=settings.expiring_within,
        waiting=WaitingRequests(
            ApprovalsTable(table(settings.approvals_table), now=now), TaskCallback(client("stepfunctions"))
        ),
    )
