"""Interim transcripts come last: they use only time that the recogniser has to spare."""

import asyncio
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from banker.config.dataclass_schema import parse
from banker.config.tenant import Tenant
from banker.rtc.audio_in.segmenter import UtteranceSegmenter
from banker.rtc.audio_in.speech_input import SpeechInput
from banker.rtc.audio_in.utterance import AudioSpan
from banker.rtc.audio_out.far_end_reference import FarEndReference
from banker.rtc.audio_out.opus_encoder import encode
from banker.server.metrics import Metrics
from banker.speech import Recognition, Segment, load_detector
from banker.speech.engine_queue import Busy
from tests.rtc.segmenters import RecordingListener, run
from tests.rtc.virtual_call import VirtualQueue

TENANT = parse(Tenant, {"tenant_id": "bank", "identity": {"issuer": "https://bank.example", "algorithms": ["HS256"]}})
SOUND = AudioSpan(bytes(range(256)) * 125, 0.0)
SECONDS = 0.5
"""How long a recognition takes."""


class ModeRecogniser:
    """A recogniser whose words say how it was called."""

    name = "careful"

    def recognise(self, sound: bytes, prompt: str, language: str = "en", *, quick: bool = False) -> Recognition:
        return Recognition((Segment("quick" if quick else "careful"),))


@pytest.fixture(autouse=True)
def virtual_queues() -> Iterator[None]:
    with mock.patch("banker.rtc.audio_in.speech_input.EngineQueue", return_value=VirtualQueue(SECONDS)):
        yield


def new_segmenter(*, over_agent: bool = False, **options: Any) -> UtteranceSegmenter:
    queue: Any = VirtualQueue(SECONDS)
    speech_input = SpeechInput(ModeRecogniser(), load_detector(), queue, Metrics(False), 0.5, **options)
    played = FarEndReference()
    if over_agent:
        played.add(1e6, encode([bytes(2000)], 48_000), 0)  # and it goes on for days
    return speech_input.segmenter(TENANT, RecordingListener(), lambda silence, recognition: None, lambda: played)


def test_an_interim_recognition_is_quick_needs_an_empty_queue_and_delays_nobody() -> None:
    async def scene() -> None:
        segmenter, now = new_segmenter(), asyncio.get_running_loop().time
        assert segmenter._endpointer._recognise_interim is not None
        turn = asyncio.ensure_future(segmenter._endpointer._recognise(SOUND))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await segmenter._endpointer._recognise_interim(SOUND)
        assert await turn == "careful"

        began = now()
        looking = asyncio.ensure_future(segmenter._endpointer._recognise_interim(SOUND))
        await asyncio.sleep(0)
        assert await segmenter._endpointer._recognise(SOUND) == "careful"
        assert await looking == "quick"
        assert now() - began == pytest.approx(SECONDS)  # side by side

    run(scene())


@pytest.mark.parametrize(("over_agent", "share"), [(False, 0.1), (True, 0.25)])
def test_interim_recognition_takes_a_tenth_of_the_time_and_a_quarter_while_the_agent_is_audible(
    over_agent: bool, share: float
) -> None:
    async def scene() -> None:
        segmenter, now = new_segmenter(over_agent=over_agent), asyncio.get_running_loop().time
        assert segmenter._endpointer._recognise_interim is not None
        began, seen = now(), 0
        while now() - began < 59:
            try:
                await segmenter._endpointer._recognise_interim(SOUND)
                seen += 1
            except Busy:
                await asyncio.sleep(0.01)
        assert seen * SECONDS / 60 == pytest.approx(share, rel=0.15)

    run(scene())


def test_without_interim_transcripts_recognition_waits_for_a_pause() -> None:
    async def scene() -> None:
        segmenter = new_segmenter(interim_transcripts=False)
        assert segmenter._endpointer._recognise_interim is None
        assert await segmenter._endpointer._recognise(SOUND) == "careful"

    run(scene())
