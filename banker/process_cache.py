"""Loads large immutable objects, such as models, once per process."""

import os
import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

_loaded: dict[tuple[Hashable, ...], Any] = {}
_lock = threading.Lock()


def load_once(load: Callable[..., T], *arguments: Hashable) -> T:
    """Return `load(*arguments)`, which is called once per process for the same arguments.

    All services of the process share the result, which outlives them. Exceptions are not cached. Do not call this
    from `load`.
    """
    key = (os.getpid(), load, *arguments)
    with _lock:
        if key not in _loaded:
            _loaded[key] = load(*arguments)
        found: T = _loaded[key]
        return found
