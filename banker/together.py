"""One thread does at one go what several threads ask for at the same time."""

import os
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

Asked = TypeVar("Asked")
Done = TypeVar("Done")


class Together(Generic[Asked, Done]):
    """Calls `work` with all that was asked for while it was at work, in that order; one call at a time.

    It runs in the thread of one of those who ask, and answers each of them, in the same order. What it raises, all
    who wait by then are told, so that nobody waits for longer than one call takes. A fork begins anew.
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Done]]) -> None:
        self._work = work
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._waiting: list[_Place[Asked, Done]] = []
        self._at_work = False

    def do(self, asked: Asked) -> Done:
        """What `work` answers for `asked`. Raises what it raises."""
        if self._pid != os.getpid():
            self._begin()  # whoever was at work or waited is not in this process
        place: _Place[Asked, Done] = _Place(asked)
        with self._lock:
            self._waiting.append(place)
            first = not self._at_work
            self._at_work = True
        if not first:
            place.turn.acquire()
        if not place.is_done:
            self._work_for_all(place)
        if place.error is not None:
            raise place.error
        return cast(Done, place.done)

    def _work_for_all(self, own: "_Place[Asked, Done]") -> None:
        with self._lock:
            places, self._waiting = self._waiting, []
        error: BaseException | None = None
        answers: Sequence[Done] = ()
        try:
            answers = self._work([place.asked for place in places])
        except BaseException as raised:
            error = raised
        with self._lock:
            if error is not None:
                places, self._waiting = places + self._waiting, []
            following = self._waiting[0] if self._waiting else None
            self._at_work = following is not None
        if following is not None:
            following.turn.release()
        for number, place in enumerate(places):
            place.error, place.is_done = error, True
            place.done = answers[number] if error is None else None
            if place is not own:
                place.turn.release()


class _Place(Generic[Asked, Done]):
    """One thread's: what it asks for, and what came of it. `turn` is held until it is answered or has to work."""

    __slots__ = ("asked", "done", "error", "is_done", "turn")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.done: Done | None = None
        self.error: BaseException | None = None
        self.is_done = False
        self.turn = threading.Lock()
        self.turn.acquire()
