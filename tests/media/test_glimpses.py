"""Who is recognised first: what has been said, before what is still being said."""

import asyncio
import threading
import time

import pytest

from banker.dataschema import parse
from banker.media.hearing import Hearing
from banker.media.turn import Stretch
from banker.metrics import Metrics
from banker.settings import Tenant
from banker.speech import Recognition, Segment, load_detector
from banker.speech.queue import Busy, EngineQueue
from tests.media.ears import Notes

TENANT = parse(Tenant, {"tenant_id": "bank", "identity": {"issuer": "https://bank.example", "algorithms": ["HS256"]}})
TURN, GLIMPSE = Stretch(bytes(64_000), 0.0), Stretch(bytes(32_000), 0.0)


class Gated:
    """A recogniser that lets a sound of each length pass when it is told to."""

    name = "gated"

    def __init__(self) -> None:
        self.gates = {len(TURN.sound): threading.Event(), len(GLIMPSE.sound): threading.Event()}

    def recognise(self, sound: bytes, prompt: str, language: str = "en") -> Recognition:
        assert self.gates[len(sound)].wait(10)
        return Recognition((Segment(str(len(sound))),))


def test_a_glimpse_begins_only_when_nothing_else_is_to_do_keeps_nobody_waiting_and_takes_a_quarter_of_the_time() -> (
    None
):
    async def run() -> None:
        recogniser, queue = Gated(), EngineQueue("test", threads=1, places=2)
        hearing = Hearing(recogniser, load_detector(), queue, Metrics(False), 0.5)
        ear = hearing.ear(TENANT, Notes(), lambda silence, recognition: None, lambda: None)
        glimpse = ear._glimpse
        assert glimpse is not None

        turn = asyncio.ensure_future(ear._recognise(TURN))
        await asyncio.sleep(0.05)
        with pytest.raises(Busy):
            await glimpse(GLIMPSE)
        recogniser.gates[len(TURN.sound)].set()
        assert await turn == str(len(TURN.sound))
        await asyncio.sleep(0.01)

        began = time.monotonic()
        looking = asyncio.ensure_future(glimpse(GLIMPSE))
        await asyncio.sleep(0.2)
        assert await asyncio.wait_for(ear._recognise(TURN), 5) == str(len(TURN.sound))  # beside it
        with pytest.raises(Busy):
            await glimpse(GLIMPSE)  # one at a time
        assert not looking.done()
        recogniser.gates[len(GLIMPSE.sound)].set()
        assert await looking == str(len(GLIMPSE.sound))
        took = time.monotonic() - began
        with pytest.raises(Busy):
            await glimpse(GLIMPSE)
        await asyncio.sleep(3 * took + 0.1)
        assert await glimpse(GLIMPSE) == str(len(GLIMPSE.sound))
        queue.close()

    asyncio.run(run())
