"""AWS's checks of state machines, which moto keeps."""

from __future__ import annotations

from typing import Any

from moto.core import errors as moto_errors

from local_aws.moto_extension.errors import AwsError
from local_aws.workflows import roles
from local_aws.workflows.definition import InvalidDefinition, check, is_jsonata

_DENIED = "AccessDeniedException"


def check_definitions() -> None:
    """Check a JSONata definition by AWS's rules instead of moto's parser."""
    from moto.stepfunctions.parser.models import (  # noqa: PLC0415 - the interpreter is slow to import
        StepFunctionsParserBackend,
    )

    StepFunctionsParserBackend._validate_definition = staticmethod(_validate)  # noqa: SLF001 - the patch


def check_machines() -> None:
    """Refuse a role that Step Functions can't assume, and a different machine of an existing name.

    CreateStateMachine is idempotent: the same name, definition and role return the existing machine.
    """
    from moto.stepfunctions.parser.models import (  # noqa: PLC0415 - the interpreter is slow to import
        StepFunctionsParserBackend,
    )

    if _DENIED not in moto_errors.COMMON_ERROR_CODES:
        # moto warns about codes that are not in a service's model.
        moto_errors.COMMON_ERROR_CODES.append(_DENIED)
    create, update = StepFunctionsParserBackend.create_state_machine, StepFunctionsParserBackend.update_state_machine
    if getattr(create, "checks", False):
        return

    def create_state_machine(self: Any, name: str, definition: str, roleArn: str, *args: Any, **kwargs: Any) -> Any:  # noqa: N803 - moto's name
        arn = f"arn:{self.partition}:states:{self.region_name}:{self.account_id}:stateMachine:{name}"
        if kwargs.get("sm_type") == "EXPRESS":
            raise AwsError("StateMachineTypeNotSupported", "The local AWS has no Express workflows")
        roles.check(roleArn, arn)
        existing = next((machine for machine in self.state_machines if machine.name == name), None)
        if existing is not None and (existing.definition, existing.roleArn) != (definition, roleArn):
            raise AwsError("StateMachineAlreadyExists", f"State Machine Already Exists: '{existing.arn}'")
        return create(self, name, definition, roleArn, *args, **kwargs)

    def update_state_machine(
        self: Any, arn: str, definition: str | None = None, role_arn: str | None = None, **kwargs: Any
    ) -> Any:
        if role_arn is not None:
            roles.check(role_arn, arn)
        return update(self, arn, definition, role_arn, **kwargs)

    create_state_machine.checks = True  # type: ignore[attr-defined] # a mark, so that it is done once
    StepFunctionsParserBackend.create_state_machine = create_state_machine
    StepFunctionsParserBackend.update_state_machine = update_state_machine


def keep_one_set() -> None:
    """Make CloudFormation create state machines in the backend in which executions look for them."""
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
