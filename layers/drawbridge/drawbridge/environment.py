"""The only reader of the process's environment."""

import os
from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.schedule import interval_of


class MissingVariableError(DrawbridgeError):
    """A variable that the template should set is not there, or empty."""


class Environment:
    """The variables that the template sets. A missing or empty one raises ``MissingVariableError`` when it is read."""

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self._variables = variables

    @property
    def prefix(self) -> str:
        """First level of the parameters, without slashes."""
        return self._required("PREFIX")

    @property
    def region(self) -> str:
        return self._required("AWS_REGION")

    @property
    def ledger_table(self) -> str:
        return self._required("LEDGER_TABLE")

    @property
    def consumers_table(self) -> str:
        return self._required("CONSUMERS_TABLE")

    @property
    def offers_table(self) -> str:
        return self._required("OFFERS_TABLE")

    @property
    def bus(self) -> str:
        return self._required("BUS")

    @property
    def onboarding_workflow(self) -> str:
        return self._required("ONBOARDING_STATE_MACHINE_ARN")

    @property
    def withdrawal_workflow(self) -> str:
        return self._required("WITHDRAWAL_STATE_MACHINE_ARN")

    @property
    def notification_topic(self) -> str:
        return self._required("NOTIFICATION_TOPIC_ARN")

    @property
    def hints_queue(self) -> str:
        return self._required("HINTS_QUEUE_URL")

    @property
    def sts_endpoint(self) -> str:
        """Where STS is reached, if not at its own hosts: AWS's own settings of a service's endpoint."""
        return self._variables.get("AWS_ENDPOINT_URL_STS", "") or self._variables.get("AWS_ENDPOINT_URL", "")

    @property
    def hints_dead_letter_queue(self) -> str:
        return self._required("HINTS_DEAD_LETTER_QUEUE_URL")

    @property
    def decisions_queue(self) -> str:
        return self._required("DECISIONS_QUEUE_URL")

    @property
    def accept_request(self) -> str:
        """Name of the alias of the function that answers connections."""
        return self._required("ACCEPT_REQUEST_FUNCTION")

    @property
    def names_queue(self) -> str:
        return self._required("NAMES_QUEUE_URL")

    @property
    def details_queue(self) -> str:
        return self._required("DETAILS_QUEUE_URL")

    @property
    def turns_queue(self) -> str:
        return self._required("TURNS_QUEUE_URL")

    @property
    def events_dead_letter_queue(self) -> str:
        return self._required("EVENTS_DEAD_LETTER_QUEUE_URL")

    @property
    def managed_services(self) -> frozenset[str]:
        """Endpoint services that are managed although they don't carry the tag."""
        listed = self._variables.get("MANAGED_SERVICES", "")
        return frozenset(service.strip() for service in listed.split(",") if service.strip())

    @property
    def approvals_table(self) -> str:
        return self._required("APPROVALS_TABLE")

    @property
    def attempts_table(self) -> str:
        return self._required("ATTEMPTS_TABLE")

    @property
    def history_table(self) -> str:
        return self._required("HISTORY_TABLE")

    @property
    def history_kept_for(self) -> timedelta:
        """How long requests' history is kept."""
        return timedelta(days=int(self._required("HISTORY_DAYS")))

    @property
    def account_id(self) -> str:
        """The account that the stack is in."""
        return self._required("ACCOUNT_ID")

    @property
    def slack_channel(self) -> str:
        """Id of the channel that approvers are asked in; empty where nobody is to be asked."""
        return self._variables.get("SLACK_CHANNEL", "")

    @property
    def slack_secret(self) -> str:
        """Name of the secret in Secrets Manager."""
        return self._required("SLACK_SECRET")

    @property
    def webhook_secret(self) -> str:
        """Name of the secret with the webhook in Secrets Manager."""
        return self._required("WEBHOOK_SECRET")

    @property
    def runtime_api(self) -> str:
        """Where Lambda's own API for this function is, as ``host:port``; empty outside of Lambda."""
        return self._variables.get("AWS_LAMBDA_RUNTIME_API", "")

    @property
    def slack_api(self) -> str:
        """Where Slack's web API is, with a slash at its end."""
        return f"{self._required('SLACK_API_URL').rstrip('/')}/"

    @property
    def slack_app_id(self) -> str:
        """Id of the only app whose callbacks are taken; empty if any app's are."""
        return self._variables.get("SLACK_APP_ID", "")

    @property
    def approval_wait(self) -> timedelta:
        """How long a question waits at most."""
        return timedelta(hours=int(self._required("APPROVAL_HOURS")))

    @property
    def open_questions(self) -> int:
        """How many questions of one account are open at once."""
        return int(self._required("OPEN_QUESTIONS"))

    @property
    def confirm_gone_after(self) -> timedelta:
        """How long after AWS first said that something is gone it has to say so again."""
        return timedelta(minutes=int(self._required("CONFIRM_GONE_MINUTES")))

    @property
    def expiring_within(self) -> timedelta:
        """How long before its deadline an invitation is reported as expiring."""
        return timedelta(hours=int(self._required("EXPIRING_HOURS")))

    @property
    def withdraw_after(self) -> timedelta:
        """How long what policies no longer permit stays connected."""
        return timedelta(hours=int(self._required("WITHDRAW_AFTER_HOURS")))

    @property
    def look_every(self) -> timedelta:
        """How often the schedule has a sweep made.

        Raises:
            InvalidInputError: that is no rate in minutes or hours.
        """
        rate = self._required("LOOK_EVERY")
        every = interval_of(rate)
        if every is None:
            raise InvalidInputError(f"LOOK_EVERY: {rate!r} is no rate; give the stack's LookEvery rate(5 minutes)")
        return every

    @property
    def withdraw_cap(self) -> int:
        """How many connections may go in one sweep, whatever part of all they are."""
        return int(self._required("WITHDRAW_CAP"))

    @property
    def tell_approvers(self) -> str:
        """Name of the function that notifies people of what became of their clicks."""
        return self._required("TELL_APPROVERS_FUNCTION")

    @property
    def time_zone(self) -> str:
        """The time zone in which policies read the clock, by its IANA name.

        Raises:
            InvalidInputError: there is no such time zone.
        """
        zone = self._variables.get("TIME_ZONE", "") or "UTC"
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise InvalidInputError(
                f"TIME_ZONE: there is no time zone {zone!r}; give the stack's TimeZone one such as Europe/Berlin"
            ) from error
        return zone

    @property
    def everything_may_be_permitted(self) -> bool:
        """Whether policies may let everything of everybody in."""
        return self._variables.get("ALLOW_PERMIT_EVERYTHING", "") == "true"

    @property
    def organizations_role(self) -> str:
        """Name of the role that may ask Organizations; empty where there is none."""
        return self._variables.get("ORGANIZATIONS_ROLE_NAME", "")

    @property
    def organizations_account(self) -> str:
        """Account of that role; empty for the organization's management account."""
        return self._variables.get("ORGANIZATIONS_ACCOUNT_ID", "")

    def _required(self, name: str) -> str:
        value = self._variables.get(name, "")
        if not value:
            raise MissingVariableError(f"the environment variable {name} is not set; the template sets it")
        return value
