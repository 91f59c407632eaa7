"""Computes the time between packets from their RTP timestamps (RFC 3550 section 5.1)."""

JUMP_S = 1.0
"""A packet cannot arrive before it was recorded. If one seems to, by more than this, the clock was reset: the sender
has switched its source, or is hostile."""


class RtpClock:
    """The clock of one stream with `rate` Hz and 32-bit timestamps."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._next: int | None = None
        self._sent_s = 0.0
        """The length of the stream so far."""
        self._began = 0.0
        """When the stream would have begun if every packet had been as fast as the fastest one."""

    def gap(self, timestamp: int, samples: int, now: float) -> int:
        """Take the next packet, of `samples`, at `now` (s). Return how many samples before it were not sent."""
        gap = 0
        if self._next is None:
            self._began = now
        else:
            gap = max(0, (timestamp - self._next + 0x80000000) % 0x100000000 - 0x80000000)
            if self._began + self._sent_s + gap / self._rate > now + JUMP_S:
                gap = 0
        self._sent_s += gap / self._rate
        self._began = min(self._began, now - self._sent_s)
        self._next = (timestamp + samples) % 0x100000000
        self._sent_s += samples / self._rate
        return gap
