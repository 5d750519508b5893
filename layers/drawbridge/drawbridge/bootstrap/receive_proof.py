"""The objects of ``receive_proof``."""

from datetime import UTC, datetime
from functools import cache

from drawbridge.aws.challenge_items import ChallengeItems
from drawbridge.aws.hints_queue import HintsQueue
from drawbridge.aws.security_token_service import SecurityTokenService
from drawbridge.bootstrap.clients import client, table
from drawbridge.environment import Environment
from drawbridge.intake.ownership.challenge import Provider


@cache
def _environment() -> Environment:
    return Environment()


def now() -> datetime:
    return datetime.now(UTC)


@cache
def provider() -> Provider:
    settings = _environment()
    return Provider(prefix=settings.prefix, account_id=settings.account_id, region=settings.region)


@cache
def challenges() -> ChallengeItems:
    return ChallengeItems(table(_environment().consumers_table))


@cache
def identities() -> SecurityTokenService:
    return SecurityTokenService(_environment().sts_endpoint)


@cache
def hints() -> HintsQueue:
    return HintsQueue(client("sqs"), _environment().hints_queue)
