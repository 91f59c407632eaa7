"""Parses one streamed chat completion: events in, words and tool calls out.

The format is https://platform.openai.com/docs/api-reference/chat/streaming. The parser also accepts the variants of
compatible servers: whole messages instead of deltas, calls without an index, arguments as objects, usage events
without choices.
"""

import json
from dataclasses import dataclass
from typing import Any

from banker.agents.llm.reasoning_filter import ReasoningFilter

MAX_CHARACTERS = 50_000
"""The longest answer with its reasoning and arguments. A longer one means that the model is looping."""

DONE = "[DONE]"


class ModelServerError(Exception):
    """The server gave no usable answer. The message completes "the model server …" and quotes no conversation.

    `retryable`: the same request may succeed if it is sent again at once. `server_fault`: the failure counts against
    the server, because the request was not the cause. `wait_s`: the server asks to wait before the next request.
    """

    def __init__(
        self, reason: str, *, retryable: bool = True, server_fault: bool = True, wait_s: float | None = None
    ) -> None:
        super().__init__(reason)
        self.retryable = retryable
        self.server_fault = server_fault
        self.wait_s = wait_s


@dataclass
class ToolCall:
    """A tool call as the model wrote it. `arguments` should be JSON, but may be malformed."""

    id: str = ""
    name: str = ""
    arguments: str = ""


class Completion:
    """A completion while it is streamed.

    `text` holds the words that may be spoken, `calls` the tool calls in order, `received_characters` the length of
    everything that the server sent. For `starts_hidden` see `ReasoningFilter`.
    """

    def __init__(self, *, starts_hidden: bool = False) -> None:
        self.text = ""
        self.calls: list[ToolCall] = []
        self.finish_reason: str | None = None
        self.received_characters = 0
        self._done = False
        self._is_whole_message = False
        self._by_index: dict[int, ToolCall] = {}
        self._has_refused = False
        self._reasoning = ReasoningFilter(starts_hidden=starts_hidden)

    def feed(self, data: str) -> str:
        """Parse the data of one event and return the words that it completes. Raises `ModelServerError`."""
        if data.strip() == DONE:
            self._done = True
            return ""
        choice = _first_choice(data)
        if choice is None:
            return ""
        message = choice.get("delta") or choice.get("message") or {}
        if not isinstance(message, dict):
            raise ModelServerError("sent a malformed message")
        if choice.get("message") and not choice.get("delta"):
            if self.received_characters:  # some servers end a stream of deltas with the whole message
                message = {}
            self._is_whole_message = True
        self.finish_reason = choice.get("finish_reason") or self.finish_reason
        content = _text(message.get("content"))
        reasoning = _text(message.get("reasoning_content") or message.get("reasoning") or message.get("thinking"))
        self._has_refused = self._has_refused or bool(message.get("refusal"))
        self.received_characters += len(content) + len(reasoning)
        calls = message.get("tool_calls") or []
        if not isinstance(calls, list):
            raise ModelServerError("sent malformed tool calls")
        for position, call in enumerate(calls):
            self._feed_call(call, position)
        if self.received_characters > MAX_CHARACTERS:
            raise ModelServerError(f"sent more than {MAX_CHARACTERS} characters", retryable=False, server_fault=False)
        return self._append(self._reasoning.feed(content))

    def close(self) -> str:
        """Return the last words at the end of the stream.

        Raises `ModelServerError` if the stream was cut off or the answer is empty.
        """
        if not self.is_complete:
            raise ModelServerError("closed the stream in the middle of an answer")
        self.calls = [call for call in self.calls if call.name or call.arguments]
        for number, call in enumerate(self.calls):
            call.id = call.id or f"call{number:05}"
        last = self._append(self._reasoning.flush())
        if not self.text.strip() and not self.calls:
            if self._has_refused or self.finish_reason == "content_filter":
                raise ModelServerError("refused to answer", retryable=False, server_fault=False)
            raise ModelServerError("gave an empty answer", server_fault=False)
        return last

    @property
    def closed_unopened(self) -> bool:
        """Whether the text before a closing reasoning tag was reasoning: the prompt's template opened it."""
        return self._reasoning.closed_unopened

    @property
    def is_truncated(self) -> bool:
        """Whether the server stopped the model before the end of its answer."""
        return self.finish_reason in ("length", "content_filter")

    @property
    def is_complete(self) -> bool:
        """Whether the server has marked the end of the answer."""
        return bool(self._done or self.finish_reason or self._is_whole_message)

    def _append(self, words: str) -> str:
        self.text += words
        return words

    def _feed_call(self, part: Any, position: int) -> None:
        function = part.get("function") if isinstance(part, dict) else None
        if not isinstance(function, dict):
            raise ModelServerError("sent a malformed tool call")
        call = self._call_of(part.get("index"), str(part.get("id") or ""), position)
        name, arguments = str(function.get("name") or ""), function.get("arguments") or ""
        if name != call.name:
            call.name += name
        fragment = arguments if isinstance(arguments, str) else json.dumps(arguments)
        call.arguments += fragment
        self.received_characters += len(name) + len(fragment)

    def _call_of(self, index: Any, call_id: str, position: int) -> ToolCall:
        """Return the call of a fragment: by index, or by id if the index is missing or constant."""
        if not isinstance(index, int):
            last = self.calls[-1] if self.calls else None
            index = len(self.calls) if call_id or last is None or position else len(self.calls) - 1
            index = next((i for i, call in self._by_index.items() if call_id and call.id == call_id), index)
        call = self._by_index.get(index)
        if call is None or (call_id and call.id and call.id != call_id):
            call = ToolCall()
            self.calls.append(call)
            self._by_index[index] = call
        call.id = call.id or call_id
        return call


def _first_choice(data: str) -> dict[str, Any] | None:
    try:
        chunk = json.loads(data)
    except (ValueError, RecursionError):
        raise ModelServerError("sent invalid JSON") from None
    if not isinstance(chunk, dict):
        raise ModelServerError("sent a malformed event")
    if error := chunk.get("error"):
        code = error.get("code") if isinstance(error, dict) else None
        is_about_request = isinstance(code, int) and 400 <= code < 500 and code != 429
        raise ModelServerError("reported an error", retryable=not is_about_request, server_fault=not is_about_request)
    choices = chunk.get("choices")
    if not choices:
        return None
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise ModelServerError("sent malformed choices")
    return next((choice for choice in choices if not choice.get("index")), None)


def _text(content: Any) -> str:
    """Return the text of a `content`, which some servers send as a list of parts of text, reasoning and others."""
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict) and part.get("type", "text").endswith("text")]
        return "".join(_text(part.get("text")) for part in parts)
    return content if isinstance(content, str) else ""
