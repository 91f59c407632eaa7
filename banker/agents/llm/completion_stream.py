"""Reads one answer of a chat-completions server: chunks in, words and tool calls out.

The format is that of https://platform.openai.com/docs/api-reference/chat/streaming, read as widely as its many servers
write it: whole messages in place of deltas, calls without an index, arguments as objects, usage without choices.
"""

import json
from dataclasses import dataclass
from typing import Any

from banker.agents.llm.reasoning_filter import ReasoningFilter, WholeWordFilter

MAXIMUM_CHARACTERS = 50_000
"""Of one answer, thoughts and arguments included; a server that goes on is out of order."""

DONE = "[DONE]"


class ModelServerError(Exception):
    """The server gave no usable answer; the text says why and holds nothing that was said.

    `again`: the same request may well succeed at once. `dead`: it tells against the server, not against this request.
    """

    def __init__(self, reason: str, *, again: bool = True, dead: bool = True) -> None:
        super().__init__(reason)
        self.again = again
        self.dead = dead


@dataclass
class ToolCall:
    """A call as the model wrote it; `arguments` is JSON if the model was careful."""

    id: str = ""
    name: str = ""
    arguments: str = ""


class Completion:
    """One answer in the making; `text` is what may be spoken of it, `calls` the tools it asks for, in order."""

    def __init__(self) -> None:
        self.text = ""
        self.calls: list[ToolCall] = []
        self.finish: str | None = None
        self._done = False
        self.received = 0
        self._whole = False
        self._by_index: dict[int, ToolCall] = {}
        self._thoughts = ReasoningFilter()
        self._words = WholeWordFilter()

    def take(self, data: str) -> str:
        """Read the data of one event, give the words that it completes. Raises `ModelServerError`."""
        if data.strip() == DONE:
            self._done = True
            return ""
        choice = self._choice(data)
        if choice is None:
            return ""
        message = choice.get("delta") or choice.get("message") or {}
        if not isinstance(message, dict):
            raise ModelServerError("wrote rubbish")
        if choice.get("message") and not choice.get("delta"):
            if self.received:  # some servers end a stream of deltas with the whole message
                message = {}
            self._whole = True
        self.finish = choice.get("finish_reason") or self.finish
        content = _text(message.get("content"))
        self.received += len(content) + len(_text(message.get("reasoning_content") or message.get("reasoning")))
        calls = message.get("tool_calls") or []
        if not isinstance(calls, list):
            raise ModelServerError("wrote rubbish")
        for position, call in enumerate(calls):
            self._take_call(call, position)
        if self.received > MAXIMUM_CHARACTERS:
            raise ModelServerError(f"wrote more than {MAXIMUM_CHARACTERS} characters", again=False)
        return self._say(self._words.feed(self._thoughts.feed(content)))

    def end(self) -> str:
        """The stream is over: the last words of it. Raises `ModelServerError` if it broke off or holds nothing."""
        if not self.complete:
            raise ModelServerError("broke off")
        self.calls = [call for call in self.calls if call.name or call.arguments]
        for number, call in enumerate(self.calls):
            call.id = call.id or f"call{number:05}"
        cut = self.finish in ("length", "content_filter")
        words = self._words.feed(self._thoughts.flush())
        last = self._say(words if cut else words + self._words.flush())
        if not self.text.strip() and not self.calls:
            raise ModelServerError("gave an empty answer")
        return last

    @property
    def complete(self) -> bool:
        """Whether the server has said that this is all."""
        return bool(self._done or self.finish or self._whole)

    def _say(self, words: str) -> str:
        self.text += words
        return words

    def _choice(self, data: str) -> dict[str, Any] | None:
        try:
            chunk = json.loads(data)
        except (ValueError, RecursionError):
            raise ModelServerError("wrote what is no JSON") from None
        if not isinstance(chunk, dict):
            raise ModelServerError("wrote rubbish")
        if chunk.get("error"):
            raise ModelServerError("reported an error")
        choices = chunk.get("choices")
        if not choices:
            return None
        if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
            raise ModelServerError("wrote rubbish")
        return next((choice for choice in choices if not choice.get("index")), None)

    def _take_call(self, part: Any, position: int) -> None:
        function = part.get("function") if isinstance(part, dict) else None
        if not isinstance(function, dict):
            raise ModelServerError("wrote rubbish")
        call = self._slot(part.get("index"), str(part.get("id") or ""), position)
        name, arguments = str(function.get("name") or ""), function.get("arguments") or ""
        if name != call.name:
            call.name += name
        fragment = arguments if isinstance(arguments, str) else json.dumps(arguments)
        call.arguments += fragment
        self.received += len(name) + len(fragment)

    def _slot(self, index: Any, call_id: str, position: int) -> ToolCall:
        """The call that a fragment belongs to: by its index; without one, or with one for all, by its id."""
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


def _text(content: Any) -> str:
    """The text of a `content`, which some servers give as a list of parts."""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""
