"""Filters for streamed model output: reasoning, tool calls in the text, and words that were cut off."""

import re

_NAMES = "think|thinking|thought|reasoning|tool_call"
_TAG = re.compile(rf"<(?P<close>/?)(?P<name>{_NAMES})\s*>", re.IGNORECASE)
_PARTIAL_TAG = re.compile(r"<(?:/?[a-z_]{0,10}\s?)?$", re.IGNORECASE)
_LAST_WORD = re.compile(r"\S+$")
_MAX_WORD_CHARACTERS = 40


class ReasoningFilter:
    """Removes `<think>…</think>` and similar elements from a stream, even if a tag is split over several pieces."""

    def __init__(self) -> None:
        self._text = ""
        self._open_tag = ""

    def feed(self, text: str) -> str:
        """Add `text` and return what can be spoken so far."""
        self._text += text
        spoken = ""
        while tag := self._next_tag():
            if self._open_tag:
                self._open_tag = ""
            else:
                spoken += self._text[: tag.start()]
                self._open_tag = "" if tag["close"] else tag["name"].lower()
            self._text = self._text[tag.end() :]
        partial = _PARTIAL_TAG.search(self._text)
        keep = partial.start() if partial else len(self._text)
        spoken += "" if self._open_tag else self._text[:keep]
        self._text = self._text[keep:]
        return spoken

    def flush(self) -> str:
        """Return the rest at the end of the stream. The content of an unclosed element is dropped."""
        rest, self._text = self._text, ""
        return "" if self._open_tag else rest

    def _next_tag(self) -> re.Match[str] | None:
        """Return the next tag; inside an element only its own closing tag counts."""
        for tag in _TAG.finditer(self._text):
            if not self._open_tag or (tag["close"] and tag["name"].lower() == self._open_tag):
                return tag
        return None


class WholeWordFilter:
    """Holds back the last word of a stream until it is complete, so that no part of an amount is spoken."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, text: str) -> str:
        """Add `text` and return the complete words. 40 characters without a space are returned as they are."""
        self._text += text
        word = _LAST_WORD.search(self._text, max(0, len(self._text) - _MAX_WORD_CHARACTERS))
        keep = word.start() if word and word.end() - word.start() < _MAX_WORD_CHARACTERS else len(self._text)
        whole, self._text = self._text[:keep], self._text[keep:]
        return whole

    def flush(self) -> str:
        """Return the last word of a stream that ended properly."""
        rest, self._text = self._text, ""
        return rest
