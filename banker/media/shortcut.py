"""Lets RTP packets pass from the socket to the microphone in one step.

aiortc puts each into a queue, for which a task wakes up in another round of the loop: with hundreds of microphones
that is a sixth of the work.
"""

from collections.abc import Coroutine
from typing import Any

import pylibsrtp
from aiortc import RTCDtlsTransport, clock
from aiortc.rtp import is_rtcp


def shorten(transport: RTCDtlsTransport) -> None:
    """To be called once for each transport, whose receivers must all be those of `receive_packets`."""
    inner: Any = transport
    connection: Any = inner.transport._connection
    queue = connection.data_received

    def data_received(data: bytes, component: int) -> None:
        """RFC 7983 §7 tells what a datagram is by its first byte; RFC 5761 §4 tells RTP from RTCP."""
        if inner._rx_srtp is None or not data or not 128 <= data[0] < 192 or is_rtcp(data):
            queue(data, component)
            return
        try:
            plain = inner._rx_srtp.unprotect(data)
        except pylibsrtp.Error:
            return  # forged, or come twice
        _finish(inner._handle_rtp_data(plain, clock.current_ms()))

    connection.data_received = data_received


def _finish(work: Coroutine[Any, Any, None]) -> None:
    """Run to its end what waits for nothing."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise RuntimeError("a packet was waited for")
