"""Near and far: what somebody says into the microphone stands out of what the loudspeaker brings back.

Loudness is the largest sample of a frame: in a few microseconds without a library, and good enough for factors of four.
"""

from array import array

FRAME_BYTES = 1024
"""32 ms of s16 mono at 16 kHz."""
NEAR = 4.0
"""Sound that is so many times as loud as what was before (12 dB) comes from somewhere else."""
SWELL_FRAMES, OF_FRAMES = 3, 4
"""So many of the last frames: a click is shorter."""
MEMORY = 0.04
"""A frame's part in the average, which so reaches back about 0.8 s."""
LASTING_FRAMES = 4
"""The loudness of a sound is one that it reaches for so long."""
FAR_FRAMES, MARGIN_FRAMES = 19, 1
"""At an end of a sound 0.6 s and more that are soft are taken away, but for a frame."""
PAD = bytes(9600)
"""0.3 s of silence in their place: a recogniser that begins in the middle of a sound makes words of it."""
LEARNT_FRAMES = 15
"""What is louder can be told after half a second of what it is louder than."""


def peak(frame: bytes) -> int:
    """The largest sample, 0 to 32,768."""
    samples = array("h", frame)
    return max(max(samples), -min(samples)) if samples else 0


def near(sound: bytes) -> bytes:
    """`sound` (s16 mono, 16 kHz) without what is much softer than its loudest part, at its beginning and its end."""
    peaks = [peak(sound[at : at + FRAME_BYTES]) for at in range(0, len(sound), FRAME_BYTES)]
    if len(peaks) <= FAR_FRAMES:
        return sound
    levels = [sorted(peaks[max(0, at - 1) : at + 2])[1] for at in range(len(peaks))]
    least = sorted(levels)[-LASTING_FRAMES] / NEAR
    loud = [number for number, level in enumerate(levels) if level >= least]
    first, last = loud[0], loud[-1]
    if len(levels) - last > FAR_FRAMES:
        sound = sound[: (last + 1 + MARGIN_FRAMES) * FRAME_BYTES] + PAD
    return PAD + sound[(first - MARGIN_FRAMES) * FRAME_BYTES :] if first >= FAR_FRAMES else sound


class Swell:
    """Notices speech that is much louder than the speech before it."""

    def __init__(self) -> None:
        self._average = 0.0
        self._heard = 0
        self._louder = 0
        """A bit for each of the last frames."""

    def feed(self, frame: bytes) -> bool:
        """Whether this frame of speech is part of it."""
        level = peak(frame)
        louder = self._heard >= LEARNT_FRAMES and level > NEAR * self._average
        self._louder = (self._louder << 1 | louder) & ((1 << OF_FRAMES) - 1)
        if not louder:
            self._heard += 1
            self._average += (level - self._average) * max(MEMORY, 1 / self._heard)
        return self._louder.bit_count() >= SWELL_FRAMES
