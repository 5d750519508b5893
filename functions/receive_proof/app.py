"""In: an answer to a challenge, from whoever knows the address. Out: whether it proves what it should."""

import json
from typing import Any

from drawbridge.bootstrap.metering import metered
from drawbridge.bootstrap.receive_proof import challenges, hints, identities, now, provider
from drawbridge.errors import DrawbridgeError
from drawbridge.hint import HintSource
from drawbridge.http_event import body_of
from drawbridge.intake.ownership.proof import ProofCode, ProofRefusedError
from drawbridge.intake.ownership.prove import prove
from drawbridge.observability import Metric, count, logger

_MALFORMED = frozenset({ProofCode.DOCUMENT, ProofCode.CHALLENGE, ProofCode.URL, ProofCode.PARAMETERS})


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    try:
        proved = prove(body_of(event), provider(), challenges(), identities(), now)
    except ProofRefusedError as refused:
        count(Metric.PROOFS_REFUSED)
        logger.warning("proof refused", code=refused.code, reason=str(refused), detail=refused.detail)
        return _answer(400 if refused.code in _MALFORMED else 403, {"error": refused.code, "message": str(refused)})
    except DrawbridgeError as failed:
        logger.error("proof not checked", error=type(failed).__name__, reason=str(failed))
        words = "it can't be checked at the moment; send the same answer again in a minute"
        return _answer(503, {"error": "try-again", "message": words}, {"retry-after": "30"})
    logger.info("proved", account_id=proved.account_id, by=proved.by)
    _have_it_offered()
    return _answer(200, {"account_id": proved.account_id, "proved_by": proved.by, "proved_at": proved.at.isoformat()})


def _have_it_offered() -> None:
    """Have what the account may have now offered at once; the schedule does it too."""
    try:
        hints().ask_to_sweep(by=HintSource.PROOF)
    except DrawbridgeError as failed:
        logger.warning("no hint sent", reason=str(failed))


def _answer(status: int, document: dict[str, str], headers: dict[str, str] | None = None) -> dict[str, Any]:
    always = {"content-type": "application/json", "cache-control": "no-store"}
    return {"statusCode": status, "headers": always | (headers or {}), "body": json.dumps(document)}
