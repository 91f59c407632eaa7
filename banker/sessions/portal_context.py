"""Where in the bank's portal a user is: the limits of what a page may report, and the value that follows the user."""

from collections.abc import Iterator, Mapping

MAX_CONTEXT_KEYS = 32
MAX_CONTEXT_BYTES = 2048
"""Of UTF-8, keys and values together."""


def context_mistake(context: Mapping[str, str]) -> str | None:
    """Return what is wrong with the size of a portal context, or None."""
    if len(context) > MAX_CONTEXT_KEYS:
        return f"must have {MAX_CONTEXT_KEYS} keys at most"
    if sum(len(key.encode()) + len(value.encode()) for key, value in context.items()) > MAX_CONTEXT_BYTES:
        return f"must be {MAX_CONTEXT_BYTES} bytes at most in all"
    return None


def changed_context(context: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """Return the context with other values for some keys; an empty one removes its key."""
    return {key: value for key, value in {**context, **changes}.items() if value or key not in changes}


class PortalContext(Mapping[str, str]):
    """A portal context that is replaced as a whole when the user goes on. Belongs to one thread."""

    def __init__(self, context: Mapping[str, str]) -> None:
        self._current = dict(context)

    def replace(self, context: Mapping[str, str]) -> None:
        """Hold another context from now on."""
        self._current = dict(context)

    def __getitem__(self, key: str) -> str:
        return self._current[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._current)

    def __len__(self) -> int:
        return len(self._current)
