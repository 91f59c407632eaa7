"""Made sounds: voices that are not the banker's own, noises, and both as the Opus packets of a microphone."""

import array
import functools
import io
import re
import subprocess
import wave
from dataclasses import dataclass
from typing import Any

from av import AudioFrame, CodecContext

RATE = 16_000
HANGOVER, UNSENT = 10, 20
"""Packets of 20 ms."""
DIGITS = "zero one two three four five six seven eight nine".split()
NUMBERS = (
    ("4711", "2359"),
    ("6317", "0669"),
    ("4158", "6834"),
    ("3740", "6812"),
    ("4594", "5515"),
    ("6703", "0860"),
    ("9966", "1050"),
    ("1204", "4856"),
)
"""The halves of account numbers. Doubled digits are the hard part of a dictated number."""
NAMES = {
    "Kwantis": "What does the Kwantis card cost?",
    "Orbanka": "Does Orbanka charge a fee?",
    "Lumenis": "How much is in my Lumenis account?",
    "Vantago": "I want to close my Vantago card.",
}
"""Names in a sentence each, invented, so that no model knows them. Choose others if one is found without a glossary."""
VOICES = ("en-us+m3", "en-gb+f3", "en-us+f2")


@functools.cache
def say(text: str, voice: str = VOICES[0], speed: int = 150) -> bytes:
    """Spoken by espeak-ng, without the silence around it: s16 mono, 16 kHz. "flite slt" is a voice of flite's."""
    if voice.startswith("flite "):
        command = ["flite", "-voice", voice.removeprefix("flite "), "-t", text, "-o", "/dev/stdout"]
    else:
        command = ["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", text]
    spoken = subprocess.run(command, capture_output=True, check=True)
    trim = ("silence", "1", "0.01", "0.5%", "reverse")
    return sox("-t", "wav", "-", to=(*trim, *trim), stdin=spoken.stdout)


def spelled(number: str) -> str:
    """ "42" as "four two"."""
    return " ".join(DIGITS[int(digit)] for digit in number)


def digits(text: str) -> str:
    """All digits of a transcript: "4711", "47 11" and "four 7-1, 1" are the same."""
    figures = {word: str(digit) for digit, word in enumerate(DIGITS)}
    found = re.findall(r"[a-z]+|\d", text.lower())
    return "".join(figures.get(token, token) for token in found if token in figures or token.isdigit())


def sox(*source: str, to: tuple[str, ...], stdin: bytes | None = None) -> bytes:
    """What sox makes of `source` with the effects `to`, the same each time (`-R`): s16 mono, 16 kHz."""
    raw = ["-r", str(RATE), "-c", "1", "-b", "16", "-e", "signed", "-t", "raw", "-"]
    return subprocess.run(
        ["sox", "-R", "-q", "-D", *source, *raw, *to], input=stdin, capture_output=True, check=True
    ).stdout


def wav(pcm: bytes, rate: int = RATE) -> bytes:
    """s16 mono at `rate` Hz, as a file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(pcm)
    return file.getvalue()


def pause(seconds: float) -> bytes:
    """Digital silence."""
    return bytes(2 * round(seconds * RATE))


@functools.cache
def noise(kind: str, seconds: float) -> bytes:
    """`white`, `pink`, `keyboard`, `music` or `cough`."""
    match kind:
        case "white" | "pink":
            return sox("-n", to=("synth", str(seconds), f"{kind}noise", "vol", "0.1"))
        case "keyboard":
            key = ("synth", "0.03", "whitenoise", "fade", "0", "0.03", "0.028", "vol", "0.5", "pad", "0", "0.13")
            piece = sox("-n", to=key) + sox("-n", to=(*key, "lowpass", "2500", "pad", "0", "0.06"))
        case "music":
            chord = ("synth", "4", "pluck", "C3", "pluck", "E3", "pluck", "G3", "pluck", "C4", "remix", "-")
            piece = sox("-n", to=(*chord, "fade", "0", "4", "1", "vol", "0.4"))
        case "cough":
            piece = sox(
                "-n", to=("synth", "0.25", "brownnoise", "fade", "0", "0.25", "0.2", "vol", "0.8", "pad", "0.5", "2")
            )
        case _:
            raise ValueError(kind)
    whole = piece * (1 + round(seconds * RATE * 2) // len(piece))
    return whole[: round(seconds * RATE) * 2]


def mixed(sound: bytes, other: bytes, loudness: float = 1.0) -> bytes:
    """Both at once, `other` at `loudness` and as long as `sound`."""
    one, two = array.array("h", sound), array.array("h", other)
    pairs = zip(one, two, strict=False)
    return array.array("h", (max(-32768, min(32767, a + round(b * loudness))) for a, b in pairs)).tobytes()


@dataclass
class Rtp:
    """A packet as `Microphone` takes it."""

    sequence_number: int
    timestamp: int
    payload: bytes
    ssrc: int = 7


def sent_in_silence(packet: bytes, number: int) -> bytes | None:
    """What a browser that was asked for `usedtx=1` sends of the `number`th 20 ms of silence in a row, if anything.

    libopus waits 200 ms before it believes that nobody speaks, and then makes no sound of 20 packets out of 21
    (`decide_dtx_mode`, opus_encoder.c); of each such row WebRTC sends the first, without its sound
    (`WebRtcOpus_Encode`, opus_interface.cc).
    """
    place = (number - 1 - HANGOVER) % (UNSENT + 1) if number > HANGOVER else UNSENT
    if place == UNSENT:
        return packet
    return packet[:1] if place == 0 else None


def packets(
    pcm: bytes, *, rate: int = RATE, channels: int = 1, ms: int = 20, bit_rate: int = 32_000, dtx: bool = False
) -> list[Rtp]:
    """`pcm` (s16 mono) encoded as a browser would; with `dtx` packets of 20 ms that hold silence are not all sent."""
    from av import AudioResampler

    layout = "stereo" if channels == 2 else "mono"
    codec: Any = CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = 48_000, layout, "s16", bit_rate
    codec.options = {"application": "voip", "frame_duration": str(ms)}
    codec.open()
    assert ms == 20 or not dtx
    size = 48 * ms
    frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
    frame.sample_rate = rate
    frame.planes[0].update(pcm)
    resampler = AudioResampler(format="s16", layout=layout, rate=48_000, frame_size=size)
    made: list[Rtp] = []
    silent = 0
    for whole in (*resampler.resample(frame), *resampler.resample(None)):
        if whole.samples != size:
            break
        quiet = not any(bytes(whole.planes[0]))
        silent = silent + 1 if quiet else 0
        for packet in codec.encode(whole):
            number = len(made)
            payload = sent_in_silence(bytes(packet), silent) if dtx else bytes(packet)
            made.append(Rtp((65_500 + number) % 65_536, (2**32 - 9600 + number * size) % 2**32, payload or b""))
    # What is not sent has no sequence number, but has its time.
    sent = [packet for packet in made if packet.payload]
    for number, packet in enumerate(sent):
        packet.sequence_number = (65_500 + number) % 65_536
    return sent
