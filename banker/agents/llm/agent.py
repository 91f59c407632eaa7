"""The model as an agent: words and tool calls of a reply, and what is said when the server lets us down."""

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
from banker.agents.llm.tool_executor import ToolCallExecutor, parsed
from banker.config.agent import AgentSettings as BrainSettings
from banker.tools.base import ToolResult

log = logging.getLogger(__name__)

ROUNDS = 5
"""How often in one reply the model may call tools and look at what came back."""

BROKEN_OFF = "I'm sorry, I lost my train of thought. Could you ask me that again?"
CANNOT = "I'm sorry, I could not do that. Could you put it another way?"
SPEECHLESS = "I'm sorry, I can't answer that just now. Please try again in a moment."
THERE_IS_MORE = "I'll stop there. Just ask if you would like to hear more."


class LlmAgent:
    """Asks a language model; while that is down, broken or slow, `fallback` answers.

    One serves any number of tenants whose `[agent]` names the same server: the prompt is read from the talk. It lives
    in the event loop that first asks it. Generators that are not read to their end are to be closed (`aclosing`): that
    ends the request. Neither method raises anything but `CancelledError`.
    """

    def __init__(
        self,
        settings: BrainSettings,
        fallback: Agent,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fallback = fallback
        self._clock = clock
        self._server = ChatCompletionsClient(settings, monotonic)

    async def reply(self, context: TurnContext) -> AsyncGenerator[str, None]:
        """As `Agent.reply`."""
        executor = ToolCallExecutor(context)
        local_talk = replace(context, use=executor.use)
        words = self._either(
            self._answer(context, executor), lambda: self._fallback.reply(local_talk), context, executor
        )
        async with aclosing(words) as pieces:
            async for piece in pieces:
                yield piece

    async def report(
        self, context: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncGenerator[str, None]:
        """As `Agent.report`; the model is not given the use of tools here."""
        executor = ToolCallExecutor(context)
        told = self._tell(context, tool, arguments, outcome)
        words = self._either(told, lambda: self._fallback.report(context, tool, arguments, outcome), context, executor)
        async with aclosing(words) as pieces:
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        """Close the connections to the server, in the loop that asked it."""
        await self._server.close()

    async def _either(
        self,
        words: AsyncGenerator[str, None],
        otherwise: Callable[[], AsyncIterator[str]],
        context: TurnContext,
        executor: ToolCallExecutor,
    ) -> AsyncGenerator[str, None]:
        said = False
        try:
            if not self._server.breaker.admit():
                raise ModelServerError("is being left alone")
            async with aclosing(words) as pieces:
                async for piece in pieces:
                    said = said or bool(piece.strip())
                    yield piece
            context.memo.clear()  # what the scripted agent had noted is of another turn: no "yes" may meet it any more
            return
        except ModelServerError as trouble:
            log.warning("the model server %s", trouble, extra={"tenant_id": context.tenant.tenant_id})
        except Exception as error:
            log.error("the LLM agent failed: %s", _where(error), extra={"tenant_id": context.tenant.tenant_id})
        if executor.over:
            return
        if said:
            context.memo.clear()
            yield f"\n{BROKEN_OFF}"
            return
        try:
            async with _closing(otherwise()) as pieces:
                async for piece in pieces:
                    said = said or bool(piece.strip())
                    yield piece
        except Exception as error:
            log.error("the scripted agent failed: %s", _where(error), extra={"tenant_id": context.tenant.tenant_id})
            yield f"\n{BROKEN_OFF}" if said else SPEECHLESS

    async def _answer(self, context: TurnContext, executor: ToolCallExecutor) -> AsyncGenerator[str, None]:
        messages = prompt.question(context, self._clock())
        patience = self._server.patience()
        request: dict[str, Any] = {"messages": messages}
        if context.tools:
            request["tools"] = prompt.tools(context.tools)
        said = False
        for _ in range(ROUNDS + 1):
            answer = Completion()
            async with aclosing(self._server.ask(request, patience, retry=not (said or executor.used))) as items:
                async for item in items:
                    if isinstance(item, Completion):
                        answer = item
                    else:
                        said = said or bool(item.strip())
                        yield item
            if not answer.calls:
                if answer.finish in ("length", "content_filter"):
                    yield f"\n{THERE_IS_MORE if answer.finish == 'length' else BROKEN_OFF}"
                return
            if answer.text:
                yield "\n"  # ends the sentence: it is spoken while the tool works
            started = time.monotonic()
            results = await executor.run(answer.calls)
            patience.spend(time.monotonic() - started)
            if executor.over:
                return
            if executor.mistakes == 2:
                break
            messages += [_as_message(answer), *results]
        yield CANNOT

    async def _tell(
        self, context: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncGenerator[str, None]:
        request: dict[str, Any] = {"messages": prompt.report(context, tool, arguments, outcome, self._clock())}
        if context.tools:
            request |= {"tools": prompt.tools(context.tools), "tool_choice": "none"}
        said = False
        async with aclosing(self._server.ask(request, self._server.patience(), retry=True)) as items:
            async for item in items:
                if not isinstance(item, Completion):
                    said = said or bool(item.strip())
                    yield item
        if not said:
            raise ModelServerError("called a tool where it was asked for words", again=False, dead=False)


@asynccontextmanager
async def _closing(words: AsyncIterator[str]) -> AsyncIterator[AsyncIterator[str]]:
    """As `aclosing`, for an iterator that may be no generator."""
    try:
        yield words
    finally:
        if isinstance(words, AsyncGenerator):
            await words.aclose()


def _as_message(answer: Completion) -> dict[str, Any]:
    """An answer as the model is shown it again; arguments that are no JSON would be refused by many servers."""
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name or "unknown", "arguments": call.arguments if parsed(call) else "{}"},
        }
        for call in answer.calls
    ]
    return {"role": "assistant", "content": answer.text, "tool_calls": calls}


def _where(error: Exception) -> str:
    """What went wrong where, without the error's text, which could hold what was said."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name}, line {frame.lineno}"
