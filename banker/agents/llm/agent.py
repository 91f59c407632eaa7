"""The agent that asks a language model, and what it says when the model server fails."""

import logging
import time
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

from banker.agents.base import Agent, TurnContext
from banker.agents.llm import prompt
from banker.agents.llm.client import ChatCompletionsClient
from banker.agents.llm.completion_stream import Completion, ModelServerError
from banker.agents.llm.tool_executor import ToolCallExecutor, parse_arguments
from banker.config.agent import AgentSettings
from banker.tools.base import ToolResult

log = logging.getLogger(__name__)

MAX_TOOL_ROUNDS = 5
"""Rounds of tool calls in one reply: a look-up, a correction and two dependent look-ups fit."""
MAX_INVALID_MESSAGES = 2
"""Messages with invalid tool calls after which the reply is given up: one may be corrected, a second rarely is."""

ANSWER_CUT_OFF = "I'm sorry, I lost my train of thought. Could you ask me that again?"
CANNOT_DO_THAT = "I'm sorry, I couldn't do that. Could you put it another way?"
NO_ANSWER = "I'm sorry, I can't answer that right now. Please try again in a moment."
ANSWER_TOO_LONG = "I'll stop there. Just ask if you'd like to hear more."


class LlmAgent:
    """Asks a language model. If the server is down, broken or slow, the agent `fallback` answers.

    One instance serves all tenants whose `[agent]` sections name the same server; the prompt comes from the context.
    It belongs to the event loop that first uses it. Close generators that are not exhausted (`aclosing`), which ends
    the request. Both methods raise only `CancelledError`. `clock` gives Unix seconds.
    """

    def __init__(
        self,
        settings: AgentSettings,
        fallback: Agent,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fallback = fallback
        self._clock = clock
        self._client = ChatCompletionsClient(settings, monotonic)

    async def reply(self, context: TurnContext) -> AsyncGenerator[str, None]:
        """See `Agent.reply`."""
        executor = ToolCallExecutor(context)
        fallback_context = replace(context, call_tool=executor.call_tool)
        answer = self._model_reply(context, executor)
        words = self._with_fallback(answer, lambda: self._fallback.reply(fallback_context), context, executor)
        async with aclosing(words):
            async for piece in words:
                yield piece

    async def report(
        self, context: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncGenerator[str, None]:
        """See `Agent.report`. The model cannot call tools here."""
        executor = ToolCallExecutor(context)
        report = self._model_report(context, tool, arguments, outcome)
        words = self._with_fallback(
            report, lambda: self._fallback.report(context, tool, arguments, outcome), context, executor
        )
        async with aclosing(words):
            async for piece in words:
                yield piece

    async def close(self) -> None:
        """Close the connections to the server. Must run in their event loop."""
        await self._client.close()

    async def _with_fallback(
        self,
        model_words: AsyncGenerator[str, None],
        fallback_words: Callable[[], AsyncIterator[str]],
        context: TurnContext,
        executor: ToolCallExecutor,
    ) -> AsyncGenerator[str, None]:
        has_spoken = False
        log_context = {"tenant_id": context.tenant.tenant_id}
        try:
            if not self._client.breaker.admit():
                raise ModelServerError("gets no requests for now, because it has failed repeatedly")
            async with aclosing(model_words):
                async for piece in model_words:
                    has_spoken = has_spoken or bool(piece.strip())
                    yield piece
            context.dialogue_state.clear()  # a later "yes" must not answer an older question of the scripted agent
            return
        except ModelServerError as error:
            log.warning("the model server %s", error, extra=log_context)
        except Exception as error:
            log.error("the LLM agent failed: %s", _location(error), extra=log_context)
        if executor.reply_ended:
            return
        if has_spoken:
            context.dialogue_state.clear()
            yield f"\n{ANSWER_CUT_OFF}"
            return
        try:
            async with _closing(fallback_words()) as pieces:
                async for piece in pieces:
                    has_spoken = has_spoken or bool(piece.strip())
                    yield piece
        except Exception as error:
            log.error("the scripted agent failed: %s", _location(error), extra=log_context)
            yield f"\n{ANSWER_CUT_OFF}" if has_spoken else NO_ANSWER

    async def _model_reply(self, context: TurnContext, executor: ToolCallExecutor) -> AsyncGenerator[str, None]:
        messages = prompt.reply_messages(context, self._clock())
        deadline = self._client.new_deadline()
        request: dict[str, Any] = {"messages": messages}
        if context.tools:
            request["tools"] = prompt.tool_definitions(context.tools)
        has_spoken = False
        for _ in range(MAX_TOOL_ROUNDS + 1):
            completion = Completion()
            retry = not (has_spoken or executor.has_called)
            async with aclosing(self._client.stream(request, deadline, retry=retry)) as items:
                async for item in items:
                    if isinstance(item, Completion):
                        completion = item
                    else:
                        has_spoken = has_spoken or bool(item.strip())
                        yield item
            if not completion.calls:
                if completion.finish_reason == "length":
                    yield f"\n{ANSWER_TOO_LONG}"
                elif completion.finish_reason == "content_filter":
                    yield f"\n{ANSWER_CUT_OFF}"
                return
            if completion.text:
                yield "\n"  # ends the sentence, so that it is spoken while the tool runs
            started = time.monotonic()
            results = await executor.run(completion.calls)
            deadline.spend(time.monotonic() - started)
            if executor.reply_ended:
                return
            if executor.invalid_messages == MAX_INVALID_MESSAGES:
                break
            messages += [_assistant_message(completion), *results]
        yield CANNOT_DO_THAT

    async def _model_report(
        self, context: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncGenerator[str, None]:
        messages = prompt.report_messages(context, tool, arguments, outcome, self._clock())
        request: dict[str, Any] = {"messages": messages}
        if context.tools:
            request |= {"tools": prompt.tool_definitions(context.tools), "tool_choice": "none"}
        has_spoken = False
        async with aclosing(self._client.stream(request, self._client.new_deadline(), retry=True)) as items:
            async for item in items:
                if not isinstance(item, Completion):
                    has_spoken = has_spoken or bool(item.strip())
                    yield item
        if not has_spoken:
            raise ModelServerError("called a tool instead of reporting", retryable=False, server_fault=False)


@asynccontextmanager
async def _closing(words: AsyncIterator[str]) -> AsyncIterator[AsyncIterator[str]]:
    """Like `aclosing`, for iterators that need not be generators."""
    try:
        yield words
    finally:
        if isinstance(words, AsyncGenerator):
            await words.aclose()


def _assistant_message(completion: Completion) -> dict[str, Any]:
    """Return a completion as a message of the next request. Many servers reject arguments that are not JSON."""
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {
                "name": call.name or "unknown",
                "arguments": call.arguments if parse_arguments(call) else "{}",
            },
        }
        for call in completion.calls
    ]
    return {"role": "assistant", "content": completion.text, "tool_calls": calls}


def _location(error: Exception) -> str:
    """Return an error's type and place. Its message is left out, because it may quote the conversation."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name}, line {frame.lineno}"
