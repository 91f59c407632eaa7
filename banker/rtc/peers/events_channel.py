"""The data channel for a session's events: JSON text in both directions, within limits."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from aiortc import RTCDataChannel

from banker.errors import ApiError, invalid_request, too_many_events
from banker.message_rate import MessageRateLimit

log = logging.getLogger(__name__)

LABEL = "events"
MAX_UNREAD_BYTES = 1024 * 1024
"""A client that leaves this much unread is gone."""
MAX_EVENT_BYTES = 64 * 1024
MAX_EVENTS, EVENTS_WINDOW_S = 100, 10.0
"""A person does not cause more events than this in the window."""
MAX_REFUSED_CHANNELS = 8
"""A client that opens more unknown channels is dropped."""


class EventsChannel:
    """The events channel of one peer. Belongs to the media loop.

    `opened` is called when events can be sent. `received` gets each message, or None for one that is binary or larger
    than 64 KiB. When the client exceeds a limit, `refuse` gets the error and `drop` the reason; both close the peer.
    """

    def __init__(
        self,
        *,
        opened: Callable[[], None],
        received: Callable[[str | None], None],
        refuse: Callable[[ApiError], None],
        drop: Callable[[str], None],
    ) -> None:
        self._opened = opened
        self._received = received
        self._refuse = refuse
        self._drop = drop
        self._channel: RTCDataChannel | None = None
        self._refused = 0
        self._rate = MessageRateLimit(MAX_EVENTS, EVENTS_WINDOW_S)

    @property
    def is_open(self) -> bool:
        """Whether events can be sent."""
        return self._channel is not None and self._channel.readyState == "open"

    def offer(self, channel: RTCDataChannel) -> None:
        """Use a channel that the client has opened, or close it when it is not the events channel."""
        if channel.label != LABEL or self.is_open:
            channel.close()
            self._refused += 1
            if self._refused > MAX_REFUSED_CHANNELS:
                self._refuse(invalid_request("Too many data channels; open one, with the label events."))
            return
        self._channel = channel
        channel.on("message", self._on_message)
        self._opened()

    def send(self, event: Mapping[str, Any]) -> None:
        """Send one event, if the channel is open."""
        if self._channel is None or not self.is_open:
            return
        if self._channel.bufferedAmount > MAX_UNREAD_BYTES:
            self._drop("left its events unread")
            return
        try:
            self._channel.send(json.dumps(event, ensure_ascii=False, separators=(",", ":")))
        except ValueError:
            log.error("an event is larger than the client accepts: %s", event["type"])

    def _on_message(self, message: str | bytes) -> None:
        if not self._rate.allows(asyncio.get_running_loop().time()):
            self._refuse(too_many_events())
            return
        is_event = isinstance(message, str) and len(message.encode()) <= MAX_EVENT_BYTES
        self._received(message if is_event and isinstance(message, str) else None)
