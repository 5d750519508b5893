"""Step Functions' API for definitions."""

from __future__ import annotations

import re
from typing import Any

from local_aws.workflows.definition import InvalidDefinition, check
from local_aws.workflows.requests import ApiRequest

_DIAGNOSTICS = 100
_PROBLEM = re.compile(r"(?:(?P<code>[A-Z_]+): )?(?P<message>.*?)(?: at (?P<location>/\S.*|/))?", re.DOTALL)


def validate_state_machine_definition(request: ApiRequest) -> dict[str, Any]:
    """Return a definition's diagnostics, rather than an error."""
    try:
        check(request.get("definition"))
    except InvalidDefinition as invalid:
        problems = invalid.problems
    else:
        problems = ()
    # 0 stands for the default, according to the API.
    most = request.get("maxResults") or _DIAGNOSTICS
    return {
        "result": "FAIL" if problems else "OK",
        "diagnostics": [_diagnostic(problem) for problem in problems[:most]],
        "truncated": len(problems) > most,
    }


def _diagnostic(problem: str) -> dict[str, str]:
    found = _PROBLEM.fullmatch(problem)
    diagnostic = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": problem}
    if found is not None:
        diagnostic |= {name: text for name, text in found.groupdict().items() if text}
    return diagnostic
