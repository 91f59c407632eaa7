"""Filters streamed model output: removes reasoning, tool calls and control tokens from the text.

Chat templates mark these in many ways: `<think>` (DeepSeek, Qwen), `[THINK]` (Magistral), `◁think▷` (Kimi),
`<|START_THINKING|>` (Cohere), `<|begin_of_thought|>`, the channels of Harmony (gpt-oss), and control tokens such as
`<|im_end|>`, `<｜end▁of▁sentence｜>` and `</s>`. The filter knows the shapes of marks and the stems of their names,
not the tokens of each model.
"""

import re
from enum import Enum, auto

_MARK = re.compile(
    r"""<[|｜](?P<token>[^<>|｜\n]{1,40})[|｜]>
    | <(?P<tag>/?[a-z][\w:]{0,30})(?:[\s=][^<>\n]{0,60})?>
    | ◁(?P<arrow>/?\w{1,30})▷
    | \[(?P<square>/?(?:THINK|INST|SYSTEM_PROMPT|TOOL_CALLS|TOOL_RESULTS|AVAILABLE_TOOLS))\]""",
    re.VERBOSE | re.IGNORECASE,
)
_PARTIAL_MARK = re.compile(
    r"""(?: <(?: [|｜][^<>|｜\n]{0,40}[|｜]? | /?(?:[a-z][\w:]{0,30}(?:[\s=][^<>\n]{0,60})?)? )
    | ◁/?\w{0,30} | \[/?[A-Z_]{0,15} )$""",
    re.VERBOSE | re.IGNORECASE,
)
_HIDDEN = re.compile(r"think|thought|reason|reflect|analysis|scratchpad|monologue|tool|function|python_tag")
_THOUGHT = ("think", "thought", "reason")
_CLOSING = re.compile(r"^/|(?:^|_)end(?:_|$)")
_TURN_ENDS = re.compile(r"/s|/?inst|im_end|eot|eot_id|eom_id|return|call|eos|endoftext|end_of_(?:turn|sentence|text)")
_BARE_TAGS = re.compile(r"/?(?:s|bos|eos|pad|unk|answer|response|(?:start|end)_of_turn|unused\d+)")


class _State(Enum):
    VISIBLE = auto()
    HIDDEN = auto()
    """Inside an element such as `<think>`."""
    HEADER = auto()
    """Before the `<|message|>` of a Harmony channel."""
    ROLE = auto()
    """In the name of the role that speaks, until the end of the line or header."""
    ENDED = auto()
    """After the model's turn. Some models go on with the user's next turn."""


class ReasoningFilter:
    """Removes text that is not meant to be spoken from a stream, even if a mark is split over several pieces.

    With `starts_hidden` the stream begins inside an element whose opening mark is part of the prompt's template.
    """

    def __init__(self, *, starts_hidden: bool = False) -> None:
        self.closed_unopened = False
        """Whether a reasoning element was closed without having been opened: the text before it was reasoning."""
        self._text = ""
        self._state = _State.HIDDEN if starts_hidden else _State.VISIBLE
        self._stem = "think"
        """The stem of the element that hides the text, or `channel`."""
        self._header = ""
        self._has_spoken = False

    def feed(self, text: str) -> str:
        """Add `text` and return what can be spoken so far."""
        self._text += text
        spoken = ""
        while mark := next((mark for mark in _MARK.finditer(self._text) if _is_known(mark)), None):
            spoken += self._visible(self._text[: mark.start()])
            self._text = self._text[mark.end() :]
            was_unopened = self.closed_unopened
            self._advance(_name(mark))
            if self.closed_unopened and not was_unopened:
                spoken = ""
        partial = _PARTIAL_MARK.search(self._text)
        keep = partial.start() if partial else len(self._text)
        spoken += self._visible(self._text[:keep])
        self._text = self._text[keep:]
        return spoken

    def flush(self) -> str:
        """Return the rest at the end of the stream. The content of an unclosed element is dropped."""
        rest, self._text = self._text, ""
        return self._visible(rest)

    def _visible(self, text: str) -> str:
        """Return the part of `text`, which has no marks, that can be spoken in the current state."""
        if self._state is _State.HEADER:
            self._header += text
        elif self._state is _State.ROLE and "\n" in text:
            self._state = _State.VISIBLE
            text = text.partition("\n")[2]
        if self._state is not _State.VISIBLE:
            return ""
        self._has_spoken = self._has_spoken or bool(text.strip())
        return text

    def _advance(self, name: str) -> None:
        """Change the state at a mark."""
        hidden = _HIDDEN.search(name)
        if self._state is _State.ENDED:
            return
        if self._state is _State.HIDDEN and self._stem != "channel":
            if hidden and hidden[0] == self._stem and _CLOSING.search(name):
                self._state = _State.VISIBLE
        elif name in ("start", "channel"):
            self._state, self._header = _State.HEADER, ""
        elif name == "message" and self._state is _State.HEADER:
            is_final = self._header.strip().lower() in ("", "assistant", "final")
            self._state, self._stem = _State.VISIBLE if is_final else _State.HIDDEN, "channel"
        elif hidden and _CLOSING.search(name):
            self.closed_unopened = self.closed_unopened or hidden[0] in _THOUGHT
        elif hidden:
            self._state, self._stem = _State.HIDDEN, hidden[0]
        elif name in ("im_start", "start_header_id", "start_of_turn", "start_of_role"):
            self._state = _State.ENDED if self._has_spoken else _State.ROLE
        elif name in ("end_header_id", "end_of_role"):
            self._state = _State.VISIBLE
        elif self._has_spoken and (_TURN_ENDS.fullmatch(name) or name == "end"):
            self._state = _State.ENDED


def _name(mark: re.Match[str]) -> str:
    """Return the name of a mark in lower case: `<｜end▁of▁sentence｜>` is "end_of_sentence"."""
    name = mark["token"] or mark["tag"] or mark["arrow"] or mark["square"] or ""
    name = re.sub(r"[▁\s]+", "_", name.strip().lower())
    return {"unused94": "think", "unused95": "/think"}.get(name, name)  # MedGemma


def _is_known(mark: re.Match[str]) -> bool:
    """Return whether a mark belongs to a template. `<morning>` is text."""
    name = _name(mark)
    return mark["tag"] is None or bool(_HIDDEN.search(name) or _BARE_TAGS.fullmatch(name))
