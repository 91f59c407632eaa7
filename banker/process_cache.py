"""Loads what is large and never changes, such as a model, once in each process."""

import os
import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

_loaded: dict[tuple[Hashable, ...], Any] = {}
_lock = threading.Lock()


def load_once(load: Callable[..., T], *arguments: Hashable) -> T:
    """Return `load(*arguments)` of the first call with these arguments in this process.

    Services of one process share what it returns, and it is kept when they are closed. An exception is not kept. Do
    not call this from `load`.
    """
    key = (os.getpid(), load, *arguments)
    with _lock:
        if key not in _loaded:
            _loaded[key] = load(*arguments)
        found: T = _loaded[key]
        return found
