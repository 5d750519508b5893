"""A workflow, in memory; ``aws.state_machine.StateMachine`` runs it in Step Functions."""

from __future__ import annotations

from drawbridge.discovery.workflow import ExecutionEnding
from drawbridge.request import ExecutionInput
from tests.fakes.interruptions import Interruptions


class InMemoryStateMachine:
    """Executions that run until a test ends them."""

    def __init__(self, interruptions: Interruptions | None = None) -> None:
        self._interruptions = interruptions or Interruptions()
        self.running: dict[str, ExecutionInput] = {}
        self.ended: dict[str, ExecutionEnding | None] = {}
        """By their names; ``None`` as long as Step Functions does not report the end yet."""
        self.asked: list[str] = []
        """Whose ends were asked for."""

    def start(self, execution: ExecutionInput) -> bool:
        self._interruptions.before_call("start")
        self._interruptions.before_write()
        if execution.execution_name in self.ended:
            return False
        return self.running.setdefault(execution.execution_name, execution) == execution

    def ending(self, execution: ExecutionInput) -> ExecutionEnding | None:
        self._interruptions.before_call("ending")
        self.asked.append(execution.execution_name)
        return self.ended.get(execution.execution_name)

    def end(self, name: str, ending: ExecutionEnding | None) -> None:
        del self.running[name]
        self.ended[name] = ending
