"""The stack that a command works on, found by its name in the account and Region of the caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from threading import RLock
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, ProfileNotFound
from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.aws.errors import translated
from drawbridge.errors import AccessDeniedError, DrawbridgeError, InvalidInputError, RefusedError
from drawbridge_cli.command_group import DEFAULT_STACK
from drawbridge_cli.command_lines import told_with
from drawbridge_cli.screen import complain

if TYPE_CHECKING:
    import boto3
    from botocore.credentials import ReadOnlyCredentials

    from drawbridge.approval.ask import ApprovalRecord, Pending
    from drawbridge.association.binding import Binding
    from drawbridge.aws.approvals_table import ApprovalsTable
    from drawbridge.aws.challenge_items import ChallengeItems
    from drawbridge.aws.configuration_parameters import ConfigurationParameters
    from drawbridge.aws.consumers_table import ConsumersTable
    from drawbridge.aws.history_table import HistoryTable
    from drawbridge.aws.ledger_table import BrokenRow, LedgerTable
    from drawbridge.aws.parameter_store import PublishedParameters
    from drawbridge.aws.removed_consumers import RemovedConsumerItems
    from drawbridge.aws.secrets import Secrets
    from drawbridge.aws.security_token_service import SecurityTokenService
    from drawbridge.aws.sweep_record_items import SweepRecordItems
    from drawbridge.aws.task_callback import TaskCallback
    from drawbridge.bootstrap.planning import Planning
    from drawbridge.configuration import InForce
    from drawbridge.decision.gather import Gatherer
    from drawbridge.decision.policies import Policy
    from drawbridge.intake.offering.offers import OfferRecords
    from drawbridge.pacing.budget import BudgetState
    from drawbridge.record.entry import Entry
    from drawbridge.record.history import NoHistory
    from drawbridge.request.connections import ManagedService
    from drawbridge.slack.messenger import SlackMessenger
    from drawbridge_cli.account_withdrawal import WithdrawalContext
    from drawbridge_cli.console_links import ConsoleLinks
    from drawbridge_cli.outstanding import Outstanding
    from drawbridge_cli.request_status import Known
    from drawbridge_cli.scheduled_sweeps import ScheduledSweeps
    from drawbridge_cli.share_plans import PlanContext

# A person waits; PutParameter, at three a second, is throttled soon.
_CONFIG: Mapping[str, Any] = {
    "retries": {"mode": "standard", "total_max_attempts": 12},
    "connect_timeout": 5,
    "read_timeout": 20,
}


_OFFERS = "OffersTableName"


class NoStackError(InvalidInputError):
    """There is no stack of that name in that Region."""


class StackResource(Struct, frozen=True):
    """A resource of the stack, as CloudFormation lists it."""

    logical_id: str
    physical_id: str
    kind: str


_MAKING = RLock()
"""A session makes one client at a time, whoever shares it; the clients themselves may be used side by side."""


class Stack:
    """A deployed stack, as the command line works with it.

    AWS is asked nothing before it is needed. Nor is what asks it imported: a command starts as fast as it is small.
    """

    def __init__(self, name: str, *, region: str | None, profile: str | None) -> None:
        self._name = name
        self._region = region
        self._profile = profile
        self._clients: dict[str, Any] = {}

    @property
    def name(self) -> str:
        return self._name

    @property
    def region(self) -> str:
        return self._region or str(self._session.region_name or "")

    def in_region(self, region: str) -> Stack:
        """Return the stack of that name in another Region of the account.

        It has the same session: who logs in with a second factor is asked for it once, for all Regions.
        """
        return self._sharing_session(region)

    def client(self, service: str) -> Any:
        """Return AWS's client of a service, for what only one command asks."""
        return self._client(service)

    def find_itself(self) -> None:
        """Find the stack, which is not looked for before it is needed.

        Raises:
            NoStackError: there is none of that name.
        """
        _ = self._described

    @property
    def place(self) -> Arn:
        """The stack's ARN: the partition, the Region and the account that it is in."""
        return Arn.parse(str(self._described["StackId"]))

    @property
    def where(self) -> str:
        """Which stack it is, and where, as people are told."""
        return f"{self._name} in {self.place.region}, account {self.place.account_id}"

    @property
    def place_document(self) -> dict[str, str]:
        """Which stack it is, and where, as programs are told."""
        return {"stack": self._name, "region": self.place.region, "account_id": self.place.account_id}

    @property
    def status(self) -> str:
        """CloudFormation's status of the stack."""
        return str(self._described.get("StackStatus", ""))

    @property
    def created_at(self) -> datetime:
        created: datetime = self._described["CreationTime"]
        return created

    @property
    def version(self) -> str:
        """The version of Drawbridge that is deployed; empty if it is one that did not say."""
        return self._outputs.get("Version", "")

    @property
    def parameters(self) -> Mapping[str, str]:
        return self._parameters

    @cached_property
    def resources(self) -> Mapping[str, StackResource]:
        """The stack's resources, by their logical ids; they are listed once."""
        with _usable(), translated(f"list the resources of the stack {self._name}"):
            pages = self._client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self._name)
            return {
                each["LogicalResourceId"]: StackResource(
                    each["LogicalResourceId"], each.get("PhysicalResourceId", ""), each["ResourceType"]
                )
                for page in pages
                for each in page["StackResourceSummaries"]
            }

    def resource(self, logical_id: str) -> str:
        """Return the physical id of one of the stack's resources.

        Raises:
            InvalidInputError: the stack has none of that name.
        """
        try:
            return self.resources[logical_id].physical_id
        except KeyError:
            raise InvalidInputError(f"--stack: {self._name} has no {logical_id}; it is not Drawbridge's") from None

    @cached_property
    def sweep_records(self) -> SweepRecordItems:
        from drawbridge.aws.sweep_record_items import SweepRecordItems

        return SweepRecordItems(self._table("ApprovalsTableName"))

    def scheduled_sweeps(self) -> ScheduledSweeps:
        """Return what is known of the sweeps that the schedule has made."""
        from drawbridge.schedule import interval_of
        from drawbridge_cli.scheduled_sweeps import ScheduledSweeps

        every = interval_of(self.parameters.get("LookEvery", ""))
        return ScheduledSweeps(
            last=self.sweep_records.last_scheduled(), every=every or timedelta(minutes=5), since=self.created_at
        )

    def anew(self) -> Stack:
        """Return the same stack with nothing read of it: what is listed once is kept.

        It has the same session: who logs in with a second factor is asked for it once.
        """
        return self._sharing_session(self._region)

    def _sharing_session(self, region: str | None) -> Stack:
        """Return a stack of that name of which nothing is read, in the Region, or that of the session."""
        other = Stack(self._name, region=region, profile=self._profile)
        other._session = self._session
        return other

    @cached_property
    def consumers(self) -> ConsumersTable:
        from drawbridge.aws.consumers_table import ConsumersTable

        return ConsumersTable(self._table("ConsumersTableName"))

    @cached_property
    def removed_consumers(self) -> RemovedConsumerItems | None:
        """What is kept of consumers that were removed; ``None`` if the stack is of a version that kept none."""
        from drawbridge.aws.removed_consumers import RemovedConsumerItems

        if _OFFERS not in self._outputs:
            return None
        return RemovedConsumerItems(self._table(_OFFERS), now=lambda: datetime.now(UTC), on_broken=complain)

    @cached_property
    def offers(self) -> OfferRecords | None:
        """What is offered to consumers; ``None`` if the stack is of a version that offered nothing."""
        from drawbridge.aws.offers_table import OffersTable

        return None if _OFFERS not in self._outputs else OffersTable(self._table(_OFFERS), on_broken=complain)

    def check_that_it_knows(self, what: str) -> None:
        """Check that the stack's functions go by something that was not always there in the registry.

        Raises:
            InvalidInputError: they are of a version that ignores it, and would let in all the same.
        """
        if _OFFERS not in self._outputs:
            raise InvalidInputError(
                f"--stack: {self._name} is of a version that knows nothing of {what}, and would ignore it; upgrade the "
                "stack, then run this again"
            )

    @cached_property
    def challenges(self) -> ChallengeItems:
        from drawbridge.aws.challenge_items import ChallengeItems

        return ChallengeItems(self._table("ConsumersTableName"))

    @property
    def identities(self) -> SecurityTokenService:
        from drawbridge.aws.security_token_service import SecurityTokenService
        from drawbridge.environment import Environment

        return SecurityTokenService(Environment().sts_endpoint)

    @cached_property
    def ledger(self) -> LedgerTable:
        return self.ledger_telling(complain)

    @property
    def proof_url(self) -> str:
        """Where consumers' proofs of ownership are taken; empty where the stack takes none."""
        return self._outputs.get("ProofUrl", "")

    def ledger_telling(self, on_broken: BrokenRow) -> LedgerTable:
        """Return the ledger, which calls ``on_broken`` for each row that can't be read."""
        from drawbridge.aws.ledger_table import LedgerTable

        return LedgerTable(
            self._table("LedgerTableName"),
            now=lambda: datetime.now(UTC),
            on_broken=on_broken,
            history=self.history,
        )

    @cached_property
    def history(self) -> HistoryTable | NoHistory:
        """What happened to requests. A caller who may not add to it is told so, and nothing else stops."""
        from drawbridge.aws.history_table import HistoryTable
        from drawbridge.aws.ledger_table import NO_HISTORY

        if "HistoryTableName" not in self._outputs:
            # The stack is of a version that kept none.
            return NO_HISTORY
        return HistoryTable(
            self._table("HistoryTableName"),
            now=lambda: datetime.now(UTC),
            keep_for=timedelta(days=int(self._parameters.get("HistoryDays") or 400)),
            on_lost=complain,
        )

    @property
    def options(self) -> tuple[str, ...]:
        """The options by which another command finds the same stack; none where the defaults do."""
        given = {"--stack": self._name, "--region": self._region, "--profile": self._profile}
        if self._name == DEFAULT_STACK:
            del given["--stack"]
        return tuple(word for option, value in given.items() if value for word in (option, value))

    @property
    def expiring_within(self) -> timedelta:
        """How long before its deadline an invitation is expiring; a stack that can't say so warns of none."""
        return timedelta(hours=float(self._parameters.get("ExpiringHours") or 0))

    @property
    def console_links(self) -> ConsoleLinks:
        from drawbridge_cli.console_links import ConsoleLinks

        return ConsoleLinks(
            onboarding=self._output("OnboardingStateMachineArn"), withdrawal=self._output("WithdrawalStateMachineArn")
        )

    def budget_states(self) -> dict[str, BudgetState]:
        """Return what is kept of budgets, by what they are of."""
        from drawbridge.aws.budgets_table import BudgetsTable

        table = self._table_of(self.resource("AttemptsTable"))
        return BudgetsTable(table, dict, now=lambda: datetime.now(UTC)).states()

    @cached_property
    def approvals(self) -> ApprovalsTable:
        from drawbridge.aws.approvals_table import ApprovalsTable

        return ApprovalsTable(self._table("ApprovalsTableName"), now=lambda: datetime.now(UTC))

    @cached_property
    def callback(self) -> TaskCallback:
        from drawbridge.aws.task_callback import TaskCallback

        return TaskCallback(self._client("stepfunctions"))

    @cached_property
    def secrets(self) -> Secrets:
        from drawbridge.aws.secrets import Secrets

        return Secrets(self._client("secretsmanager"), self.slack_secret, now=lambda: datetime.now(UTC))

    @cached_property
    def messenger(self) -> SlackMessenger:
        from drawbridge.slack.messenger import SlackMessenger

        return SlackMessenger(lambda: self.secrets.slack().bot_token, f"{self.slack_api.rstrip('/')}/")

    @property
    def slack_secret(self) -> str:
        return f"{self.prefix}/slack"

    @property
    def slack_api(self) -> str:
        return self._parameters.get("SlackApiUrl") or "https://slack.com/api/"

    @property
    def slack_channel(self) -> str:
        return self._parameters.get("SlackChannel", "")

    @property
    def slack_callback(self) -> str:
        return self._output("SlackCallbackUrl")

    def caller(self) -> str:
        """Return the ARN of the caller, by which the approval record names them."""
        return str(self.identity()["Arn"])

    def identity(self) -> Any:
        """Return STS's answer to who calls."""
        with _usable(), translated("ask who calls"):
            return self._client("sts").get_caller_identity()

    def credentials(self) -> ReadOnlyCredentials:
        """Return the caller's credentials, to sign something with that is not sent from here."""
        with _usable():
            found = self._session.get_credentials()
            if found is None:
                raise NoCredentialsError
            return found.get_frozen_credentials()

    @cached_property
    def configuration(self) -> ConfigurationParameters:
        from drawbridge.aws.configuration_parameters import ConfigurationParameters

        return ConfigurationParameters(self._client("ssm"), prefix=self.prefix)

    @property
    def prefix(self) -> str:
        return self._parameters.get("Prefix", "drawbridge")

    @property
    def everything_may_be_permitted(self) -> bool:
        return self._parameters.get("AllowPermitEverything") == "true"

    @property
    def keeps_default_policies(self) -> bool:
        return self._parameters.get("InstallDefaultPolicies") == "true"

    @property
    def zone(self) -> str:
        """The time zone in which policies read the clock."""
        return self._parameters.get("TimeZone") or "UTC"

    def policies_in_force(self) -> InForce[Policy]:
        from drawbridge.decision.in_force import policies_in_force

        return policies_in_force(self.configuration, everything_may_be_permitted=self.everything_may_be_permitted)

    def bindings_in_force(self) -> InForce[Binding]:
        from drawbridge.association.in_force import bindings_in_force

        return bindings_in_force(self.configuration)

    @cached_property
    def account_id(self) -> str:
        return str(self.identity()["Account"])

    @cached_property
    def published(self) -> PublishedParameters:
        from drawbridge.aws.parameter_store import PublishedParameters

        return PublishedParameters(self._client("ssm"), owner=self.prefix)

    @cached_property
    def planning(self) -> Planning:
        from drawbridge.bootstrap.planning import Planning

        return Planning(self._client, prefix=self.prefix, account_id=self.account_id)

    def plan_context(self) -> PlanContext:
        """Return a context for plans as of now."""
        from drawbridge.association.quotas import quotas_in_force
        from drawbridge.aws.hosted_zones import HostedZones
        from drawbridge.decision.facts import EvaluationTime
        from drawbridge.decision.in_force import compiled
        from drawbridge.publication.planner import PublicationPlanner
        from drawbridge_cli.share_plans import PlanContext

        policies = compiled(self.policies_in_force())
        quotas = quotas_in_force(self.configuration)
        planning = self.planning
        zones = HostedZones(self._client("route53"), owner=self.prefix)
        return PlanContext(
            shares=planning.shares,
            gatherer=self._gatherer,
            planner_of=lambda bindings: planning.planner(policies, bindings, quotas, self.ledger.rows),
            reconciler=planning.reconciler,
            publication_planner=PublicationPlanner(
                planning.endpoints, planning.entities, self.published, zones, prefix=self.prefix
            ),
            policies=policies,
            entry_of=self.ledger.entry,
            attached=self.ledger.attached,
            evaluation_time=EvaluationTime(datetime.now(UTC), self.zone),
            asks=bool(self.slack_channel),
        )

    def withdrawal_context(self) -> WithdrawalContext:
        """Return a context for what would be taken down; of what takes down only the observing is in it."""
        from drawbridge.aws.endpoint_services import EndpointServices
        from drawbridge.aws.hosted_zones import HostedZones
        from drawbridge.aws.object_deletion import ObjectDeletions
        from drawbridge.publication.published import published_names
        from drawbridge.withdrawal.take_down import TakeDown
        from drawbridge_cli.account_withdrawal import WithdrawalContext

        objects = ObjectDeletions(self._client("ec2"), self._client("vpc-lattice"), owner=self.prefix)
        zones = HostedZones(self._client("route53"), owner=self.prefix)
        connections = EndpointServices(self._client("ec2"))
        return WithdrawalContext(
            planner_of=partial(self.planning.withdrawal_planner, ledger=self.ledger),
            parameters=self.configuration,
            published=tuple(published_names(self.published.below(f"/{self.prefix}/connections"))),
            observe=TakeDown(objects, self.published, zones, connections, self.planning.existences).observe,
        )

    def known(self, entries: Iterable[Entry], now: datetime) -> list[Known]:
        """Return requests with their statuses; the open questions about them are read at once."""
        from drawbridge_cli.request_status import Known, request_status
        from drawbridge_cli.urgency import waits_for_person

        there = [*entries]
        questions = self._pending([each.request_id for each in there if waits_for_person(each)])
        within = self.expiring_within
        with told_with(self.options):
            return [
                Known(each, request_status(each, now, expiring_within=within, question=question, region=self.region))
                for each in there
                for question in (questions.get(each.request_id),)
            ]

    def outstanding(self) -> tuple[Outstanding, ...]:
        """Return what of the ledger's requests is not at rest."""
        from drawbridge_cli.outstanding import outstanding_among

        now = datetime.now(UTC)
        return outstanding_among(self.known(self.ledger.followed_entries(), now), self.ledger.entry, now)

    def _pending(self, request_ids: list[str]) -> Mapping[str, Pending]:
        """Return the open questions of requests; none if the caller may not read them."""
        try:
            return self.approvals.pending(request_ids) if request_ids else {}
        except AccessDeniedError:
            return {}

    def question(self, request_id: str) -> ApprovalRecord | None:
        """Return the question that was asked of a request last; ``None`` also if the caller may not read it."""
        try:
            return self.approvals.approval_record(request_id)
        except AccessDeniedError:
            return None

    def managed_services(self) -> frozenset[str]:
        """Return the ids of the endpoint services that Drawbridge looks after; they are listed once."""
        return frozenset(each.service_id for each in self.services)

    @cached_property
    def services(self) -> tuple[ManagedService, ...]:
        """The endpoint services that Drawbridge looks after; they are listed once."""
        from drawbridge.aws.endpoint_services import EndpointServices

        listed = {each.strip() for each in self._parameters.get("ManagedServices", "").split(",")}
        return tuple(EndpointServices(self._client("ec2"), listed=listed).managed())

    def endpoint_states(self) -> dict[str, str]:
        """Return AWS's states of the VPC endpoints that carry our ownership tag, and of those to managed services."""
        from drawbridge.aws.endpoint_services import EndpointServices
        from drawbridge.aws.ownership import OWNER_TAG

        own: Any = self._client("ec2").get_paginator("describe_vpc_endpoints")
        marked = [{"Name": f"tag:{OWNER_TAG}", "Values": [self.prefix]}]
        with _usable(), translated("list the endpoints of ours"):
            states = {
                each["VpcEndpointId"]: str(each["State"])
                for page in own.paginate(Filters=marked)
                for each in page["VpcEndpoints"]
            }
        connections = EndpointServices(self._client("ec2")).connections()
        return states | {each.endpoint_id: str(each.state) for each in connections}

    @property
    def _gatherer(self) -> Gatherer:
        from drawbridge.bootstrap.facts import gatherer_with

        return gatherer_with(
            self._client,
            self.consumers,
            services=frozenset(),
            role=self._parameters.get("OrganizationsRoleName", ""),
            role_account=self._parameters.get("OrganizationsAccountId", ""),
        )

    def sweep_now(self) -> bool:
        """Have Drawbridge sweep at once; ``False`` if the caller may not: then the schedule will."""
        try:
            self.ask_to_sweep()
        except AccessDeniedError:
            return False
        return True

    def ask_to_sweep(self, command: str = "", *, orphans: bool = False) -> None:
        """Send the hint to sweep everything; of what came of it, there is a record for the command with that id."""
        from drawbridge.aws.hints_queue import HintsQueue

        HintsQueue(self._client("sqs"), self._output("HintsQueueUrl")).ask_to_sweep(command, orphans=orphans)

    def _table(self, output: str) -> Any:
        return self._table_of(self._output(output))

    def _table_of(self, name: str) -> Any:
        from botocore.config import Config

        with _usable(), _MAKING:
            resource = self._session.resource("dynamodb", region_name=self._region, config=Config(**_CONFIG))
        return resource.Table(name)

    def _client(self, service: str) -> Any:
        from botocore.config import Config

        with _MAKING:
            if service not in self._clients:
                session: Any = self._session
                with _usable():
                    self._clients[service] = session.client(service, region_name=self._region, config=Config(**_CONFIG))
            return self._clients[service]

    def _output(self, name: str) -> str:
        try:
            return self._outputs[name]
        except KeyError:
            raise InvalidInputError(f"--stack: {self._name} has no output {name}; it is not Drawbridge's") from None

    @cached_property
    def _session(self) -> boto3.Session:
        import boto3

        with _usable():
            return boto3.Session(region_name=self._region, profile_name=self._profile)

    @cached_property
    def _described(self) -> dict[str, Any]:
        try:
            with _usable(), translated(f"find the stack {self._name}"):
                found: list[dict[str, Any]] = self._client("cloudformation").describe_stacks(StackName=self._name)[
                    "Stacks"
                ]
        except RefusedError as error:
            missing = isinstance(error.__cause__, ClientError) and "does not exist" in str(error.__cause__)
            if missing:
                raise NoStackError(f"--stack: there is no stack {self._name!r} in {self.region}") from error
            raise
        return found[0]

    @property
    def _outputs(self) -> dict[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in self._described.get("Outputs", [])}

    @property
    def _parameters(self) -> dict[str, str]:
        return {each["ParameterKey"]: each["ParameterValue"] for each in self._described.get("Parameters", [])}


@contextmanager
def _usable() -> Iterator[None]:
    """Translate the errors for missing credentials, Region or connection, saying how to give what is missing."""
    try:
        yield
    except NoCredentialsError as error:
        raise InvalidInputError("there are no AWS credentials; log in, or name a profile with --profile") from error
    except NoRegionError as error:
        raise InvalidInputError("--region: no Region is set; name the one that the stack is in") from error
    except ProfileNotFound as error:
        raise InvalidInputError(f"--profile: {error}") from error
    except BotoCoreError as error:
        raise InvalidInputError(f"AWS can't be reached: {error}") from error
    except DrawbridgeError as error:
        if isinstance(error.__cause__, NoCredentialsError):
            raise InvalidInputError("there are no AWS credentials; log in, or name a profile with --profile") from error
        raise
