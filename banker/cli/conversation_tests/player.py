"""Plays a talk with a tenant's agent and compares the outcome with the talk's expectations."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from banker.agents.tenant_agents import TenantAgent
from banker.cli.conversation_tests.talk_files import ExpectedCall, Talk, TalkTurn
from banker.cli.local_conversation import local_conversation
from banker.cli.terminal import Terminal, wait_for_reply
from banker.config.settings import Config
from banker.config.tenant import Tenant
from banker.conversation.conversation import Conversation
from banker.errors import ApiError
from banker.tools.base import Caller, ToolResult
from banker.tools.toolbox import Toolbox


@dataclass(frozen=True)
class FinishedCall:
    """A tool call that finished, with the arguments that it ran with."""

    tool: str
    arguments: Mapping[str, Any]
    status: str


@dataclass(frozen=True)
class TurnOutcome:
    """The outcome of a turn: the finished calls, the tool that is asked about, and the displayed text."""

    calls: tuple[FinishedCall, ...]
    asks: str
    shown: str


class TalkRecorder(Terminal):
    """A terminal that collects what the banker shows, and the finished tool calls."""

    def __init__(self) -> None:
        super().__init__(lambda text, dim: None)
        self._shown: list[str] = []
        self._calls: list[FinishedCall] = []

    def send(self, event: Mapping[str, Any]) -> None:
        """Collect an event."""
        if event["type"] == "transcript" and event["role"] == "banker" and event["final"]:
            self._shown.append(event["text"])
        elif event["type"] == "error":
            self._shown.append(event["message"])
        super().send(event)

    def finished(self, caller: Caller, tool: str, arguments: Mapping[str, Any], result: ToolResult) -> None:
        """Collect a call; a `banker.tools.toolbox.Observer`."""
        self._calls.append(FinishedCall(tool, dict(arguments), result.status))

    def outcome(self, asks: str) -> TurnOutcome:
        """Return what was collected since the last call of this method."""
        outcome = TurnOutcome(tuple(self._calls), asks, "\n".join(self._shown))
        self._calls, self._shown = [], []
        return outcome


async def play(
    talk: Talk, config: Config, toolbox: Toolbox, tenant: Tenant, user_id: str, agent: TenantAgent
) -> list[tuple[TalkTurn, TurnOutcome]]:
    """Play a talk from its greeting on. It ends early if the banker ends the session."""
    recorder = TalkRecorder()
    context = {"account_id": talk.account} if talk.account else {}
    observed, toolbox.on_finished = toolbox.on_finished, recorder.finished
    try:
        conversation = await local_conversation(config, toolbox, tenant, user_id, context, recorder, agent)
        try:
            return [step async for step in _turns(talk, conversation, recorder)]
        finally:
            await conversation.close()
    finally:
        toolbox.on_finished = observed


async def _turns(
    talk: Talk, conversation: Conversation, recorder: TalkRecorder
) -> AsyncIterator[tuple[TalkTurn, TurnOutcome]]:
    conversation.connected()
    if recorder.consent_version is not None:
        await conversation.receive({"type": "consent.grant", "version": recorder.consent_version})
    await wait_for_reply(recorder)
    recorder.outcome("")
    for turn in talk.turn:
        if recorder.ended:
            return
        recorder.listening.clear()
        try:
            await conversation.receive({"type": "message.send", "text": turn.customer})
            await wait_for_reply(recorder)
        except ApiError as error:  # nothing is heard once the consent is withdrawn
            recorder.send({"type": "error", **error.body()})
        question = conversation.tool_calls.questions.open
        yield turn, recorder.outcome("" if question is None else question.tool)


def report(
    talk: Talk, played: list[tuple[TalkTurn, TurnOutcome]], toolbox: Toolbox, *, verbose: bool
) -> tuple[list[str], int]:
    """Return lines about the differing turns, or with `verbose` about all, and the number of differing ones."""
    lines: list[str] = []
    differing = 0
    for number, (turn, outcome) in enumerate(played, 1):
        found = list(differences(turn, outcome, toolbox))
        differing += bool(found)
        if found or verbose:
            lines += [f"  {number}. customer> {turn.customer}", f"     banker> {outcome.shown or '(nothing)'}"]
            lines += [f"     {difference}" for difference in found]
    if len(played) < len(talk.turn):
        differing += len(talk.turn) - len(played)
        lines.append(f"  the session ended after turn {len(played)} of {len(talk.turn)}")
    return lines, differing


def differences(turn: TalkTurn, outcome: TurnOutcome, toolbox: Toolbox) -> Iterator[str]:
    """Yield a line for each unmet expectation of a turn."""
    if turn.tools is not None and not _same_calls(turn.tools, outcome.calls, toolbox):
        yield f"tools: expected {_listed(turn.tools)}, but {_finished(outcome.calls)}"
    if turn.asks is not None and turn.asks != outcome.asks:
        yield f"asks: expected {turn.asks or 'no question'}, but was {outcome.asks or 'no question'}"
    for pattern in turn.says:
        if not re.search(pattern, outcome.shown):
            yield f"says: {pattern!r} was not found"
    for pattern in turn.never:
        if found := re.search(pattern, outcome.shown):
            yield f"never: {pattern!r} was found: {found[0]!r}"


def _same_calls(expected: tuple[ExpectedCall, ...], calls: tuple[FinishedCall, ...], toolbox: Toolbox) -> bool:
    return len(expected) == len(calls) and all(
        wanted.tool == call.tool and _same_arguments(wanted, call, toolbox)
        for wanted, call in zip(expected, calls, strict=True)
    )


def _same_arguments(wanted: ExpectedCall, call: FinishedCall, toolbox: Toolbox) -> bool:
    """Compare the named arguments as loaded values, so that "15" and "15.00" are the same amount."""
    if not set(wanted.args) <= set(call.arguments):
        return False
    given = {name: call.arguments[name] for name in wanted.args}
    try:
        return toolbox.load_arguments(call.tool, wanted.args) == toolbox.load_arguments(call.tool, given)
    except ValidationError:
        return False


def _listed(calls: tuple[ExpectedCall, ...]) -> str:
    return ", ".join(f"{call.tool}({_arguments(call.args)})" for call in calls) or "none"


def _finished(calls: tuple[FinishedCall, ...]) -> str:
    listed = ", ".join(f"{call.tool}({_arguments(call.arguments)}): {call.status}" for call in calls)
    return f"finished {listed}" if listed else "none finished"


def _arguments(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())
