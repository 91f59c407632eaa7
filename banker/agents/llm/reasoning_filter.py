"""What a model writes and nobody may hear: its thoughts, tool calls in the text, and words that broke off."""

import re

_NAMES = "think|thinking|thought|reasoning|tool_call"
_TAG = re.compile(rf"<(?P<close>/?)(?P<name>{_NAMES})\s*>", re.IGNORECASE)
_PERHAPS_A_TAG = re.compile(r"<(?:/?[a-z_]{0,10}\s?)?$", re.IGNORECASE)
_LAST_WORD = re.compile(r"\S+$")
_LONGEST_WORD = 40


class ReasoningFilter:
    """Takes `<think>…</think>` and its like out of a stream; a tag may be torn over several pieces."""

    def __init__(self) -> None:
        self._text = ""
        self._inside = ""

    def feed(self, text: str) -> str:
        """What of the stream so far may be spoken and was not given yet."""
        self._text += text
        spoken = ""
        while tag := self._next_tag():
            if self._inside:
                self._inside = ""
            else:
                spoken += self._text[: tag.start()]
                self._inside = "" if tag["close"] else tag["name"].lower()
            self._text = self._text[tag.end() :]
        torn = _PERHAPS_A_TAG.search(self._text)
        keep = torn.start() if torn else len(self._text)
        spoken += "" if self._inside else self._text[:keep]
        self._text = self._text[keep:]
        return spoken

    def flush(self) -> str:
        """What is left at the end; a thought that was not closed is still a thought."""
        left, self._text = self._text, ""
        return "" if self._inside else left

    def _next_tag(self) -> re.Match[str] | None:
        """The next tag that means something here: within a thought only the one that closes it."""
        for tag in _TAG.finditer(self._text):
            if not self._inside or (tag["close"] and tag["name"].lower() == self._inside):
                return tag
        return None


class WholeWordFilter:
    """Gives a word when it is complete: of an amount that broke off in the middle nothing is said."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, text: str) -> str:
        """The words that `text` completes; a run of 40 characters without a space is let go."""
        self._text += text
        word = _LAST_WORD.search(self._text, max(0, len(self._text) - _LONGEST_WORD))
        keep = word.start() if word and word.end() - word.start() < _LONGEST_WORD else len(self._text)
        whole, self._text = self._text[:keep], self._text[keep:]
        return whole

    def flush(self) -> str:
        """The last word of a stream that ended well."""
        left, self._text = self._text, ""
        return left
