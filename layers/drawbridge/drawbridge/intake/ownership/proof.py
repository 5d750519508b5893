"""Proofs of ownership: a request to STS that only the account can have signed, checked before anything is sent.

Whoever has credentials of an account, of whatever rights, can sign ``sts:GetCallerIdentity``, and STS says whose they
are. Each part is read into what it has to be, and what is sent is made of these parts: nothing of the given text gets
to STS that was not understood here.

What others got wrong is in ``tests/unit/test_proof_attacks.py``: Vault (CVE-2020-16250), aws-iam-authenticator
(CVE-2022-2385).
"""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import quote, unquote

from msgspec import Struct

from drawbridge.errors import InvalidInputError
from drawbridge.intake.ownership.challenge import Challenge, Provider, parse_challenge
from drawbridge.parsing import UnreadableError, read_json

CHALLENGE_HEADER = "x-drawbridge-challenge"
SIGNED_HEADERS = f"host;{CHALLENGE_HEADER}"

LONGEST_LIFE = timedelta(minutes=15)
"""STS takes what is no older, whatever ``X-Amz-Expires`` says (https://github.com/aws/aws-sdk-go/issues/2167)."""

SKEW = timedelta(minutes=2)
"""How far the clock of who signed may be ahead of ours: STS itself would take more, and so the request for longer."""

LARGEST_DOCUMENT = 16_384
LONGEST_URL = 12_288
"""A session's token takes most of it; AWS sets it no bound."""


class ProofCode(StrEnum):
    """Why a proof is refused, for programs."""

    DOCUMENT = "document-unreadable"
    CHALLENGE = "challenge-malformed"
    OTHER_PROVIDER = "other-provider"
    URL = "url-malformed"
    HOST = "host-not-allowed"
    PARAMETERS = "parameters-wrong"
    ACTION = "action-wrong"
    SIGNING = "signing-wrong"
    EXPIRED = "expired"
    NOT_YET = "not-yet-valid"
    NO_CHALLENGE = "no-such-challenge"
    """The account is not registered, or this is not its challenge: a stranger is not told which."""
    SIGNATURE = "signature-refused"
    OTHER_ACCOUNT = "other-account"


class ProofRefusedError(InvalidInputError):
    """A proof counts for nothing; ``code`` is stable, and ``detail`` is for the log alone."""

    def __init__(self, code: ProofCode, sentence: str, detail: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.detail = detail


class ProofDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """What a consumer hands over."""

    challenge: str
    url: str


class SignedCall(Struct, frozen=True, kw_only=True):
    """A request to STS that somebody signed, made of parts that were checked one by one."""

    host: str
    parameters: tuple[tuple[str, str], ...]
    """Sorted by name, as STS sorts them to verify the signature."""
    challenge: str
    """The value of the signed header."""

    @property
    def target(self) -> str:
        """Path and query."""
        return "/?" + "&".join(f"{name}={encoded(value)}" for name, value in self.parameters)

    def __repr__(self) -> str:
        """Say nothing that would be worth something in a log."""
        return f"SignedCall({self.host})"


class ChallengeAnswer(Struct, frozen=True, kw_only=True):
    """A checked answer to a challenge; whether it is signed as it says is STS's to say."""

    challenge: Challenge
    call: SignedCall


def encoded(value: str) -> str:
    """Return a value as Signature Version 4 has it in a query: everything but unreserved characters is escaped."""
    return quote(value, safe="-_.~")


def read_answer(document: bytes, provider: Provider, now: datetime) -> ChallengeAnswer:
    """Read what a consumer handed over, for this provider and this moment.

    Raises:
        ProofRefusedError: it is no answer to a challenge of ours; nobody was asked anything.
    """
    if len(document) > LARGEST_DOCUMENT:
        raise ProofRefusedError(ProofCode.DOCUMENT, f"document: more than {LARGEST_DOCUMENT} bytes")
    try:
        read = read_json(document, ProofDocument)
    except UnreadableError as error:
        words = 'document: JSON is needed, {"challenge": "…", "url": "…"}, as drawbridge prove writes it'
        raise ProofRefusedError(ProofCode.DOCUMENT, words, str(error)) from error
    try:
        challenge = parse_challenge(read.challenge)
    except InvalidInputError as error:
        raise ProofRefusedError(ProofCode.CHALLENGE, str(error)) from error
    if challenge.provider != provider:
        # Who only knows where proofs are taken is not told whose place that is.
        here = f"this is {provider.prefix} of {provider.account_id} in {provider.region}"
        words = "challenge: it is of another stack, account or Region than this; send the answer to who asked for it"
        raise ProofRefusedError(ProofCode.OTHER_PROVIDER, words, here)
    return ChallengeAnswer(challenge=challenge, call=_signed_call(read.url, challenge, now))


_URL = re.compile(r"https://(?P<host>[a-z0-9.-]{1,128})/\?(?P<query>[A-Za-z0-9%&=._~-]+)")


def _signed_call(url: str, challenge: Challenge, now: datetime) -> SignedCall:
    if len(url) > LONGEST_URL:
        raise ProofRefusedError(ProofCode.URL, f"url: more than {LONGEST_URL} characters")
    found = _URL.fullmatch(url)
    if found is None:
        raise ProofRefusedError(
            ProofCode.URL, "url: https://sts.REGION.amazonaws.com/?… is needed, without port, user, path or fragment"
        )
    region = next((each for each, host in challenge.provider.sts_hosts.items() if host == found["host"]), None)
    if region is None:
        hosts = " or ".join(sorted({*challenge.provider.sts_hosts.values()}))
        raise ProofRefusedError(ProofCode.HOST, f"url: the host has to be {hosts}")
    parameters = _parameters(found["query"])
    _check_parameters(parameters, region)
    _check_time(parameters, now)
    return SignedCall(host=found["host"], parameters=tuple(sorted(parameters.items())), challenge=challenge.text)


_TOKEN = "X-Amz-Security-Token"  # noqa: S105 - a name
_ONLY = {
    "Action": ("GetCallerIdentity", ProofCode.ACTION),
    "Version": ("2011-06-15", ProofCode.ACTION),
    "X-Amz-Algorithm": ("AWS4-HMAC-SHA256", ProofCode.SIGNING),
    "X-Amz-SignedHeaders": (SIGNED_HEADERS, ProofCode.SIGNING),
}
"""Parameters that have one value."""

_FORMS = {
    "X-Amz-Credential": re.compile(r"[A-Z0-9]{16,128}/(?P<date>[0-9]{8})/(?P<region>[a-z0-9-]{1,32})/sts/aws4_request"),
    "X-Amz-Date": re.compile(r"(?P<date>[0-9]{8})T[0-9]{6}Z"),
    "X-Amz-Expires": re.compile(r"[1-9][0-9]{0,2}"),
    "X-Amz-Signature": re.compile(r"[0-9a-f]{64}"),
    _TOKEN: re.compile(r"[A-Za-z0-9+/=_-]{1,8192}"),
}
_NEEDED = {*_ONLY, *_FORMS} - {_TOKEN}


def _parameters(query: str) -> dict[str, str]:
    """Read a query in which each name is there once, and each value is written in the one way there is.

    STS knows names in any case (CVE-2022-2385); here they have one.
    """
    parameters: dict[str, str] = {}
    for part in query.split("&"):
        name, _, written = part.partition("=")
        value = unquote(written, errors="replace")
        if name not in _ONLY and name not in _FORMS:
            raise ProofRefusedError(
                ProofCode.PARAMETERS, f"url: {name[:60]!r} has no place in it; GetCallerIdentity, signed, needs no more"
            )
        if name in parameters:
            raise ProofRefusedError(ProofCode.PARAMETERS, f"url: {name} is there twice")
        if encoded(value) != written:
            raise ProofRefusedError(ProofCode.PARAMETERS, f"url: {name} is not escaped as Signature Version 4 has it")
        parameters[name] = value
    if missing := sorted(_NEEDED - parameters.keys()):
        raise ProofRefusedError(ProofCode.PARAMETERS, f"url: {missing[0]} is missing")
    return parameters


def _check_parameters(parameters: dict[str, str], region: str) -> None:
    for name, (value, code) in _ONLY.items():
        if parameters[name] != value:
            raise ProofRefusedError(code, f"url: {name} has to be {value}")
    for name, form in _FORMS.items():
        if name in parameters and form.fullmatch(parameters[name]) is None:
            raise ProofRefusedError(ProofCode.SIGNING, f"url: {name} has not the form that AWS gives it")
    scope = _FORMS["X-Amz-Credential"].fullmatch(parameters["X-Amz-Credential"])
    if scope is None or scope["region"] != region:
        raise ProofRefusedError(ProofCode.SIGNING, f"url: X-Amz-Credential has to be for {region}, as the host is")
    if scope["date"] != parameters["X-Amz-Date"][:8]:
        raise ProofRefusedError(ProofCode.SIGNING, "url: X-Amz-Credential is of another day than X-Amz-Date")


def _check_time(parameters: dict[str, str], now: datetime) -> None:
    try:
        signed_at = datetime.strptime(parameters["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise ProofRefusedError(ProofCode.SIGNING, "url: X-Amz-Date is no time") from error
    lasts = timedelta(seconds=int(parameters["X-Amz-Expires"]))
    if lasts > LONGEST_LIFE:
        raise ProofRefusedError(ProofCode.SIGNING, "url: X-Amz-Expires is more than 900 seconds")
    if signed_at > now + SKEW:
        raise ProofRefusedError(
            ProofCode.NOT_YET, "url: it is signed for a time to come; set the clock right, and sign anew"
        )
    if now > signed_at + lasts:
        raise ProofRefusedError(ProofCode.EXPIRED, "url: it has expired; sign anew, and hand it over within 15 minutes")
