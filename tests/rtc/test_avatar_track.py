"""The banker's video track: which frame is sent when, in virtual time, and once over a real connection."""

import asyncio
import selectors
import threading
from collections.abc import Callable, Coroutine
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, VideoStreamTrack
from aiortc.codecs.vpx import Vp8Encoder, VpxPayloadDescriptor
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from banker.rtc.video.avatar import Avatar
from banker.rtc.video.avatar_track import AvatarTrack
from tests.rtc.test_avatar import DEFAULT, decoded, is_near, pixel

MAX_LATENESS_S = 0.080
"""Seconds that the mouth may be late."""


class VirtualTimeSelector(selectors.DefaultSelector):
    """Advances the loop's time to the next timer instead of waiting for it."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        events: list[Any] = super().select(None if timeout is None else 0)
        if not events and timeout:
            self.now += timeout
        return events


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a test in a loop with virtual time."""
    selector = VirtualTimeSelector()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now  # type: ignore[method-assign]
    try:
        loop.run_until_complete(asyncio.wait_for(main, 3600))
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def seeded(number: int) -> Random:
    """The same random numbers in every run."""
    return Random(number)


class ScriptedPlayhead:
    """A playhead made from a function of the loop's time."""

    def __init__(self, sound: Callable[[float], float | str | None] = lambda now: None) -> None:
        self.sound = sound

    def mouth(self) -> float | str | None:
        return self.sound(asyncio.get_running_loop().time())


@pytest.fixture(scope="module")
def avatar() -> Avatar:
    avatar = Avatar.load(DEFAULT, "#0066cc")
    avatar.warm()
    return avatar


def names_of(avatar: Avatar) -> dict[bytes, str]:
    return {avatar.frame(name): name for name in avatar.names}


async def watch(track: AvatarTrack, avatar: Avatar, seconds: float) -> list[tuple[float, str]]:
    """What was sent, and when."""
    loop = asyncio.get_running_loop()
    names, sent, end = names_of(avatar), [], loop.time() + seconds
    while loop.time() < end:
        try:
            packet = await asyncio.wait_for(track.recv(), end - loop.time())
        except TimeoutError:
            break
        sent.append((loop.time(), names[bytes(packet)]))
    return sent


def shown_at(sent: list[tuple[float, str]], when: float) -> str:
    return [name for time, name in sent if time <= when][-1]


def test_packets_carry_the_wall_clock_in_90_khz(avatar: Avatar) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        track = AvatarTrack(avatar, ScriptedPlayhead(lambda now: abs(now % 1 - 0.5)))
        started, last = loop.time(), -1
        for _ in range(100):
            packet = await track.recv()
            assert packet.pts is not None
            assert packet.pts > last
            assert float(packet.pts * packet.time_base) == pytest.approx(loop.time() - started, abs=0.001)
            last = packet.pts

    run(main())


def test_idle_breathes_and_blinks_with_a_few_frames_a_second(avatar: Avatar) -> None:
    async def main() -> None:
        sent = await watch(AvatarTrack(avatar, ScriptedPlayhead(), chance=seeded(1)), avatar, 60)
        assert 60 <= len(sent) <= 60 * 5
        layers = {layer for _, name in sent for layer in name.split()}
        assert len([layer for layer in layers if layer.startswith("body")]) == 3, "the shoulders move"
        blinks = [now for now, name in sent if "eyes-closed" in name]
        assert 8 <= len(blinks) <= 30
        assert all(b - a < 1.5 for (a, _), (b, _) in pairwise(sent)), "never looks frozen"

    run(main())


def test_the_eyes_open_again_within_half_a_second(avatar: Avatar) -> None:
    async def main() -> None:
        sent = await watch(AvatarTrack(avatar, ScriptedPlayhead(), chance=seeded(2)), avatar, 30)
        for now in [now for now, name in sent if "eyes-closed" in name]:
            assert "eyes-open" in shown_at(sent, now + 0.5)

    run(main())


@pytest.mark.parametrize("state", ["listening", "thinking", "speaking"])
def test_a_new_state_shows_within_80_ms(avatar: Avatar, state: Any) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        track = AvatarTrack(avatar, ScriptedPlayhead(), chance=seeded(2))
        loop.call_later(10.323, setattr, track, "state", state)
        sent = await watch(track, avatar, 12)
        assert "mouth-smile" in shown_at(sent, 10.3)
        mouth = avatar.manifest.mouths[0][0] if state == "speaking" else ""
        assert shown_at(sent, 10.323 + MAX_LATENESS_S) == avatar.name(state, 0, 0, mouth)

    run(main())


@pytest.mark.parametrize("before", ["idle", "listening", "thinking"])
def test_speech_shows_within_80_ms_whatever_the_state(avatar: Avatar, before: Any) -> None:
    async def main() -> None:
        track = AvatarTrack(avatar, ScriptedPlayhead(lambda now: 0.9 if now >= 5.037 else None))
        track.state = before
        asyncio.get_running_loop().call_at(5.037, track.wake)
        sent = await watch(track, avatar, 6)
        assert "mouth-wide" not in shown_at(sent, 5.03)
        assert "mouth-wide" in shown_at(sent, 5.037 + MAX_LATENESS_S)

    run(main())


def test_the_mouth_follows_the_sound_within_80_ms(avatar: Avatar) -> None:
    """Syllables of random length: while one is loud for longer than 80 ms the mouth is open, in a gap it is closed."""
    chance = seeded(3)
    edges, loud = [0.0], []
    while edges[-1] < 20:
        edges.append(edges[-1] + chance.choice((0.1, 0.14, 0.22, 0.3)))
        loud.append(chance.choice((0.0, 0.5, 0.95)))

    def sound(now: float) -> float:
        return next((level for level, end in zip(loud, edges[1:], strict=True) if now < end), 0.0)

    rows = avatar.manifest.mouths

    async def main() -> None:
        track = AvatarTrack(avatar, ScriptedPlayhead(sound), chance=seeded(4))
        track.state = "speaking"
        sent = await watch(track, avatar, 20)
        for start, end, level in zip(edges, edges[1:], loud, strict=False):
            row = {0.0: rows[0], 0.5: rows[2], 0.95: rows[-1]}[level]
            name = shown_at(sent, min(end, start + MAX_LATENESS_S) - 1e-6)
            assert any(mouth in name for mouth in row), (start, level, name)
        assert len(sent) / 20 <= 13

    run(main())


def test_speaking_sends_about_twelve_frames_a_second(avatar: Avatar) -> None:
    chance = seeded(5)
    envelope = [chance.random() for _ in range(1000)]

    async def main() -> None:
        track = AvatarTrack(avatar, ScriptedPlayhead(lambda now: envelope[int(now / 0.02) % 1000]), chance=seeded(6))
        track.state = "speaking"
        sent = await watch(track, avatar, 20)
        assert 10 <= len(sent) / 20 <= 16

    run(main())


def test_the_mouth_closes_within_80_ms_when_the_voice_is_cut_off(avatar: Avatar) -> None:
    async def main() -> None:
        track = AvatarTrack(avatar, ScriptedPlayhead(lambda now: 0.9 if now < 3.02 else None))
        track.state = "speaking"
        sent = await watch(track, avatar, 4)
        assert "mouth-wide" in shown_at(sent, 3.0)
        assert "mouth-closed" in shown_at(sent, 3.02 + MAX_LATENESS_S)

    run(main())


def test_a_voice_that_tells_its_visemes_chooses_the_mouth(avatar: Avatar) -> None:
    async def main() -> None:
        track = AvatarTrack(avatar, ScriptedPlayhead(lambda now: ["bite", "round", "teeth", "no such"][int(now)]))
        track.state = "speaking"
        sent = await watch(track, avatar, 4)
        for second, mouth in enumerate(("bite", "round", "teeth", "open")):
            assert f"mouth-{mouth}" in shown_at(sent, second + MAX_LATENESS_S)

    run(main())


def test_stopping_ends_a_recv_that_waits(avatar: Avatar) -> None:
    async def main() -> None:
        track = AvatarTrack(avatar, ScriptedPlayhead())
        await track.recv()
        asyncio.get_running_loop().call_later(0.01, track.stop)
        with pytest.raises(MediaStreamError):
            await watch(track, avatar, 5)

    run(main())


def test_nothing_is_encoded_in_the_loop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A fresh avatar: the first frame comes from another thread, and the rest is encoded there too."""
    for file in DEFAULT.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    fresh = Avatar.load(tmp_path, "#0066cc")
    threads: set[int] = set()
    draw = fresh.image

    def image(name: str) -> Any:
        threads.add(threading.get_ident())
        return draw(name)

    monkeypatch.setattr(fresh, "image", image)

    async def main() -> None:
        packet = await AvatarTrack(fresh, ScriptedPlayhead()).recv()
        assert decoded(bytes(packet)).width == 320

    asyncio.run(main())
    assert threads
    assert threading.get_ident() not in threads
    assert all(fresh.ready(name) for name in fresh.names)


def test_aiortc_splits_a_frame_into_payloads_and_counts_its_pictures(avatar: Avatar) -> None:
    """`pack` takes our packets as they are; the picture id of RFC 7741 §4.2 rises by one a frame."""

    async def main() -> None:
        track, encoder = AvatarTrack(avatar, ScriptedPlayhead()), Vp8Encoder()
        ids = []
        for _ in range(3):
            packet = await track.recv()
            payloads, timestamp = encoder.pack(packet)
            assert timestamp == packet.pts
            parts = [VpxPayloadDescriptor.parse(payload) for payload in payloads]
            assert b"".join(data for _, data in parts) == bytes(packet)
            assert all(len(payload) <= 1300 for payload in payloads)
            ids.append(parts[0][0].picture_id or 0)
        assert [(b - a) % (1 << 15) for a, b in pairwise(ids)] == [1, 1]

    run(main())


def test_a_peer_sees_the_banker_speak(avatar: Avatar) -> None:
    """Over a real connection: what arrives decodes, in the tenant's colour, and changes while the banker speaks."""

    async def main() -> None:
        banker, browser = (RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2))
        track = AvatarTrack(avatar, ScriptedPlayhead(lambda now: now * 5 % 1))
        track.state = "speaking"
        arrived: asyncio.Future[VideoStreamTrack] = asyncio.get_running_loop().create_future()
        browser.on("track", arrived.set_result)
        try:
            banker.addTrack(track)
            await banker.setLocalDescription(await banker.createOffer())
            await browser.setRemoteDescription(banker.localDescription)
            await browser.setLocalDescription(await browser.createAnswer())
            await banker.setRemoteDescription(browser.localDescription)
            track = await arrived
            frames = [frame for frame in [await track.recv() for _ in range(12)] if isinstance(frame, VideoFrame)]
        finally:
            track.stop()
            await banker.close()
            await browser.close()
        assert len(frames) == 12
        assert all((frame.width, frame.height) == (320, 320) for frame in frames)
        assert is_near(pixel(frames[-1], 40, 290), (0, 0x66, 0xCC))
        assert len({bytes(frame.planes[0]) for frame in frames}) > 3

    asyncio.run(asyncio.wait_for(main(), 20))
