"""The agent that asks a language model, with a fallback for when the model server fails."""

import asyncio
import json
import logging
import time
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from concurrent.futures import Executor
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

from banker.agents.base import Agent, TurnContext
from banker.agents.llm import prompt
from banker.agents.llm.circuit_breaker import ReplyDeadline
from banker.agents.llm.client import ChatCompletionsClient
from banker.agents.llm.colleague import with_colleague
from banker.agents.llm.completion_stream import Completion, ModelServerError
from banker.agents.llm.guardrails import Guardrails
from banker.agents.llm.statements import StatementKind, load_statement_model
from banker.agents.llm.tool_executor import ToolCallExecutor, parse_arguments
from banker.config.agent import AgentSettings
from banker.process_cache import load_once
from banker.text.redaction import redact, redact_data
from banker.text.sentence_splitter import SentenceSplitter
from banker.tools.base import ToolResult

log = logging.getLogger(__name__)

MAX_TOOL_ROUNDS = 5
"""The most rounds of tool calls in one reply: room for a look-up, a correction and two dependent look-ups."""
MAX_SPOKEN_CHARACTERS = 1500
"""The longest reply: about 100 s of speech. A model that goes on is stopped."""
MAX_INVALID_MESSAGES = 2
"""A reply is given up after this many messages with invalid tool calls. Models correct one, but rarely a second."""

ANSWER_CUT_OFF = "I'm sorry, I lost my train of thought. Could you ask me that again?"
CANNOT_DO_THAT = "I'm sorry, I couldn't do that. Could you put it another way?"
NO_ANSWER = "I'm sorry, I can't answer that right now. Please try again in a moment."
ANSWER_TOO_LONG = "I'll stop there. Just ask if you'd like to hear more."
REPLACEMENTS = {
    StatementKind.DONE: "To be clear, I haven't changed anything just now.",
    StatementKind.STATE: "I'd rather not say that without having checked it.",
    StatementKind.SECRET: "Please never tell anyone your PIN, a password or a code. I don't need them.",
    StatementKind.PERSON: "I'm the bank's virtual banker, a computer program.",
}
"""The replacement for a sentence that the guardrails refuse."""


class LlmAgent:
    """Asks a language model. If the server is down, broken or slow, the agent `fallback` answers.

    One instance serves all tenants whose `[agent]` sections name the same server; the prompt comes from the context.
    It belongs to the event loop that first uses it. Close unexhausted generators (`aclosing`) to end the request. All
    methods raise only `CancelledError`. `clock` gives Unix seconds. Sentences are checked in
    `executor`, because each takes some milliseconds; the default is the event loop's.
    """

    def __init__(
        self,
        settings: AgentSettings,
        fallback: Agent,
        *,
        executor: Executor | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fallback = fallback
        self._clock = clock
        self._executor = executor
        self._statements = load_once(load_statement_model)
        self._client = ChatCompletionsClient(settings, monotonic)

    async def reply(self, context: TurnContext) -> AsyncGenerator[str, None]:
        """See `Agent.reply`."""
        with_person = with_colleague(context)
        executor = ToolCallExecutor(with_person, Guardrails(with_person, self._statements))
        fallback_context = replace(context, call_tool=executor.call_tool)
        answer = self._model_reply(with_person, executor)
        words = self._with_fallback(answer, lambda: self._fallback.reply(fallback_context), context, executor)
        async with aclosing(words):
            async for piece in words:
                yield piece

    async def report(
        self, context: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncGenerator[str, None]:
        """See `Agent.report`. The model cannot call tools here."""
        executor = ToolCallExecutor(context, Guardrails(context, self._statements))
        if outcome.status == "step_up":
            return
        executor.guardrails.learn_result(tool, arguments, outcome, confirmed=True)
        report = self._model_report(context, tool, arguments, outcome, executor)
        words = self._with_fallback(
            report, lambda: self._fallback.report(context, tool, arguments, outcome), context, executor
        )
        async with aclosing(words):
            async for piece in words:
                yield piece

    async def anticipate(self, context: TurnContext) -> bool:
        """Nothing is prepared: each request to the model is paid for."""
        return False

    def resume(self, context: TurnContext) -> AsyncIterator[str]:
        """See `Agent.resume`. The model has no forms; open ones are the fallback's."""
        return self._fallback.resume(context)

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
        log_context = {"tenant_id": context.tenant.tenant_id}
        try:
            if not self._client.breaker.admit():
                raise ModelServerError("gets no requests for now, because it has failed repeatedly")
            async with aclosing(model_words):
                async for sentence in model_words:
                    yield sentence
            context.dialogue_state.clear()  # a later "yes" must not answer an older question of the scripted agent
            return
        except ModelServerError as error:
            log.warning("the model server %s", error, extra=log_context)
        except Exception as error:
            log.error("the LLM agent failed: %s", _location(error), extra=log_context)
        if executor.reply_ended:
            return
        if executor.has_answered:
            context.dialogue_state.clear()
            yield ANSWER_CUT_OFF
            return
        has_spoken = False
        try:
            async with _closing(fallback_words()) as pieces:
                async for piece in pieces:
                    has_spoken = has_spoken or bool(piece.strip())
                    yield piece
        except Exception as error:
            log.error("the scripted agent failed: %s", _location(error), extra=log_context)
            yield f"\n{ANSWER_CUT_OFF}" if has_spoken else NO_ANSWER

    async def _model_reply(self, context: TurnContext, executor: ToolCallExecutor) -> AsyncGenerator[str, None]:
        finding = await context.look_up(context.user_text)
        for passage in finding.nearest:
            executor.guardrails.learn_page(passage.text)
        messages = prompt.reply_messages(context, self._clock(), finding.nearest)
        deadline = self._client.new_deadline()
        request: dict[str, Any] = {"messages": messages}
        if context.tools:
            request["tools"] = prompt.tool_definitions(context.tools)
        for _ in range(MAX_TOOL_ROUNDS + 1):
            completion = Completion()
            retry = not (executor.has_answered or executor.has_called)
            async with aclosing(self._sentences(request, deadline, executor, retry=retry)) as items:
                async for item in items:
                    if isinstance(item, Completion):
                        completion = item
                    else:
                        executor.has_answered = True
                        yield item
            if not completion.calls:
                if executor.has_answered and finding.answer is not None and not executor.has_called:
                    context.cite(finding.answer)
                return
            executor.has_answered = False
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
        self,
        context: TurnContext,
        tool: str,
        arguments: Mapping[str, Any],
        outcome: ToolResult,
        executor: ToolCallExecutor,
    ) -> AsyncGenerator[str, None]:
        messages = prompt.report_messages(context, tool, arguments, outcome, self._clock())
        request: dict[str, Any] = {"messages": messages}
        if context.tools:
            request |= {"tools": prompt.tool_definitions(context.tools), "tool_choice": "none"}
        has_spoken = False
        sentences = self._sentences(request, self._client.new_deadline(), executor, retry=True, is_report=True)
        async with aclosing(sentences) as items:
            async for item in items:
                if not isinstance(item, Completion):
                    has_spoken = True
                    yield item
        if not has_spoken:
            raise ModelServerError("called a tool instead of reporting", retryable=False, server_fault=False)

    async def _sentences(
        self,
        request: Mapping[str, Any],
        deadline: ReplyDeadline,
        executor: ToolCallExecutor,
        *,
        retry: bool,
        is_report: bool = False,
    ) -> AsyncGenerator[str | Completion, None]:
        """Yield the allowed sentences of one completion, one per line, then the whole `Completion`.

        A sentence that was cut off is dropped. In a report nothing replaces a claim: the fallback says what was done.
        """
        splitter = SentenceSplitter()
        completion = Completion()
        spoken_characters = 0
        async with aclosing(self._client.stream(request, deadline, retry=retry)) as items:
            async for item in items:
                if isinstance(item, Completion):
                    completion = item
                    sentences = [] if item.is_truncated else splitter.flush()
                else:
                    sentences = splitter.feed(item)
                for sentence in sentences:
                    may_replace = not is_report and spoken_characters > 0
                    yield await self._checked(sentence, executor, may_replace=may_replace) + "\n"
                    spoken_characters += len(sentence)
                    if spoken_characters > MAX_SPOKEN_CHARACTERS:
                        self._client.breaker.record_success()
                        yield ANSWER_TOO_LONG
                        return
        if not completion.calls and completion.is_truncated:
            yield ANSWER_TOO_LONG if completion.finish_reason == "length" else ANSWER_CUT_OFF
        yield completion

    async def _checked(self, sentence: str, executor: ToolCallExecutor, *, may_replace: bool) -> str:
        """Return a sentence or its replacement. Raises `ModelServerError` if the fallback should answer."""
        loop = asyncio.get_running_loop()
        refused = await loop.run_in_executor(self._executor, executor.guardrails.refuses, sentence)
        if refused is None:
            return sentence
        log.warning("a sentence of the model was not said: %s without proof", refused.name)
        if refused in (StatementKind.DONE, StatementKind.STATE) and not may_replace:
            raise ModelServerError("claimed what no tool said", retryable=False, server_fault=False)
        return REPLACEMENTS[refused]


@asynccontextmanager
async def _closing(words: AsyncIterator[str]) -> AsyncIterator[AsyncIterator[str]]:
    """Like `aclosing`, for iterators that need not be generators."""
    try:
        yield words
    finally:
        if isinstance(words, AsyncGenerator):
            await words.aclose()


def _assistant_message(completion: Completion) -> dict[str, Any]:
    """Return a completion as a message of the next request, without secrets that the model may have made up.

    Many servers reject arguments that are not JSON.
    """
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {
                "name": call.name or "unknown",
                "arguments": json.dumps(redact_data(parse_arguments(call) or {}), ensure_ascii=False),
            },
        }
        for call in completion.calls
    ]
    return {"role": "assistant", "content": redact(completion.text).text, "tool_calls": calls}


def _location(error: Exception) -> str:
    """Return an error's type and place. Its message is left out, because it may quote the conversation."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name}, line {frame.lineno}"
