"""What is loaded once in a process."""

import threading

import pytest

from banker.process_cache import load_once


def test_services_of_one_process_share_what_they_load() -> None:
    loads: list[str] = []

    def load(name: str) -> object:
        loads.append(name)
        return object()

    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(load_once(load, "voice"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1 and loads == ["voice"]
    assert load_once(load, "other") is not found[0]


def test_what_could_not_be_loaded_is_tried_again() -> None:
    attempts: list[int] = []

    def load() -> int:
        attempts.append(1)
        if len(attempts) == 1:
            raise LookupError
        return len(attempts)

    with pytest.raises(LookupError):
        load_once(load)
    assert load_once(load) == load_once(load) == 2
