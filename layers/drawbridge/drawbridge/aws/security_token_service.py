"""STS, asked with a request that somebody else signed: without boto3, which would sign it anew."""

import http.client
import ssl
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from msgspec import Struct

from drawbridge.arns import AccountId, ArnText, is_of
from drawbridge.aws.errors import known_error_for
from drawbridge.errors import ThrottledError, UpstreamError
from drawbridge.intake.ownership.proof import CHALLENGE_HEADER, SignedCall
from drawbridge.intake.ownership.prove import CallerIdentity, SignatureRefusedError
from drawbridge.parsing import UnreadableError, read_json

_DOING = "ask STS who signed"
_LARGEST = 65_536
_PIECE = 8_192
_OK = 200
_REFUSED = frozenset({400, 401, 403})


class _Identity(Struct, frozen=True, rename="pascal"):
    account: AccountId
    arn: ArnText


class _Result(Struct, frozen=True, rename="pascal"):
    get_caller_identity_result: _Identity


class _Response(Struct, frozen=True, rename="pascal"):
    get_caller_identity_response: _Result


class _Error(Struct, frozen=True, rename="pascal"):
    code: str
    message: str = ""


class _Failure(Struct, frozen=True, rename="pascal"):
    error: _Error


class SecurityTokenService:
    """STS's own hosts, over TLS that is verified; no redirect is followed, no proxy is used.

    ``endpoint`` is the address that is connected to instead, with the ``Host`` that was signed: the local AWS's, or a
    VPC endpoint's; empty for STS's own.
    """

    def __init__(
        self,
        endpoint: str = "",
        *,
        seconds: float = 8,
        clock: Callable[[], float] = time.monotonic,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self._endpoint = endpoint
        self._seconds = seconds
        self._clock = clock
        self._tls = tls

    def caller(self, call: SignedCall) -> CallerIdentity:
        """Return who signed a call.

        Raises:
            SignatureRefusedError: STS says that nobody did.
            UpstreamError: STS can't be reached, or does not answer as it should.
        """
        deadline = self._clock() + self._seconds
        connection = self._connection(call.host)
        try:
            connection.putrequest("GET", call.target, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", call.host)
            connection.putheader(CHALLENGE_HEADER, call.challenge)
            # XML is what XML's parsers make of it; JSON is read into the one form that it has to have.
            connection.putheader("Accept", "application/json")
            connection.endheaders()
            response = connection.getresponse()
            status, body = response.status, self._body(response, deadline)
        except (OSError, http.client.HTTPException) as error:
            # Its words may quote the request.
            raise UpstreamError(f"{_DOING}: {call.host} can't be reached ({type(error).__name__})") from None
        finally:
            connection.close()
        return _identity(status, body)

    def _connection(self, host: str) -> http.client.HTTPConnection:
        if not self._endpoint:
            return http.client.HTTPSConnection(host, timeout=self._seconds, context=self._tls())
        parts = urlsplit(self._endpoint)
        if parts.scheme == "https":
            return http.client.HTTPSConnection(parts.netloc, timeout=self._seconds, context=self._tls())
        return http.client.HTTPConnection(parts.netloc, timeout=self._seconds)

    def _body(self, response: http.client.HTTPResponse, deadline: float) -> bytes:
        """Read the answer, within its time and size: a socket's own time begins anew with each byte."""
        body = bytearray()
        while piece := response.read1(_PIECE):
            body += piece
            if len(body) > _LARGEST:
                raise UpstreamError(f"{_DOING}: the answer is larger than {_LARGEST} bytes")
            if self._clock() > deadline:
                raise UpstreamError(f"{_DOING}: the answer took more than {self._seconds:g} seconds")
        return bytes(body)


def _identity(status: int, body: bytes) -> CallerIdentity:
    if status in _REFUSED:
        code = _code(body)
        words = f"{_DOING}: {status} {code}".rstrip()
        if known_error_for(code) is ThrottledError:
            # With status 400 too, which says nothing of the signature.
            raise UpstreamError(words)
        raise SignatureRefusedError(words)
    if status != _OK:
        raise UpstreamError(f"{_DOING}: STS answered with status {status}")
    try:
        identity = read_json(body, _Response).get_caller_identity_response.get_caller_identity_result
    except UnreadableError as error:
        raise UpstreamError(f"{_DOING}: the answer is not STS's: {error}") from error
    if not is_of(identity.arn, identity.account):
        raise UpstreamError(f"{_DOING}: the answer is not STS's: its ARN is of another account")
    return CallerIdentity(account_id=identity.account, arn=identity.arn)


def _code(body: bytes) -> str:
    """Return AWS's code of a refusal, for the log: its message may quote what was signed."""
    try:
        return read_json(body, _Failure).error.code[:100]
    except UnreadableError:
        return ""
