"""For property tests: what a call returns, or the error that it is meant to raise."""

from collections.abc import Callable
from typing import TypeVar

from banker.errors import ApiError

T = TypeVar("T")
E = TypeVar("E", bound=Exception)


def outcome(call: Callable[..., T], *arguments: object, refusal: type[E] = ApiError) -> T | E:  # type: ignore[assignment]
    """Return what `call` returns or the `refusal` that it raises; any other exception fails the test."""
    try:
        return call(*arguments)
    except refusal as error:
        return error
