"""State machines stay moto's; what AWS would refuse is refused here."""

from __future__ import annotations

from typing import Any

from local_aws.services.errors import AwsError
from local_aws.workflows.definition import InvalidDefinition, check, is_jsonata


def check_definitions() -> None:
    """Check a JSONata definition by AWS's rules, in place of moto's parser."""
    from moto.stepfunctions.parser.models import (  # noqa: PLC0415 - the interpreter is slow to import
        StepFunctionsParserBackend,
    )

    StepFunctionsParserBackend._validate_definition = staticmethod(_validate)  # noqa: SLF001 - the patch


def refuse_other_machines_of_a_name() -> None:
    """Answer CreateStateMachine of an existing name as AWS does: idempotent for the same, refused for another."""
    from moto.stepfunctions.parser.models import (  # noqa: PLC0415 - the interpreter is slow to import
        StepFunctionsParserBackend,
    )

    original = StepFunctionsParserBackend.create_state_machine
    if getattr(original, "refuses", False):
        return

    def create_state_machine(self: Any, name: str, definition: str, *args: Any, **kwargs: Any) -> Any:
        existing = next((machine for machine in self.state_machines if machine.name == name), None)
        if existing is not None and existing.definition != definition:
            raise AwsError("StateMachineAlreadyExists", f"State Machine Already Exists: '{existing.arn}'")
        return original(self, name, definition, *args, **kwargs)

    create_state_machine.refuses = True  # type: ignore[attr-defined] # a mark, so that it is done once
    StepFunctionsParserBackend.create_state_machine = create_state_machine


def keep_one_set() -> None:
    """Let CloudFormation create state machines where executions look for them."""
    import moto.stepfunctions.models  # noqa: PLC0415 - the interpreter is slow to import
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends  # noqa: PLC0415 - as above

    moto.stepfunctions.models.stepfunctions_backends = stepfunctions_parser_backends


def _validate(definition: str) -> None:
    if not is_jsonata(definition):
        raise AwsError(
            "InvalidDefinition",
            "Invalid State Machine Definition: 'The local AWS runs state machines whose QueryLanguage is JSONata'",
        )
    try:
        check(definition)
    except InvalidDefinition as invalid:
        raise AwsError("InvalidDefinition", f"Invalid State Machine Definition: '{invalid}'") from invalid
