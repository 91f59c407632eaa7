"""The voices of a customer and of the colleague who has joined: each hears the other, and captions follow."""

from banker.config.tenant import Tenant
from banker.conversation.conversation import Conversation
from banker.handover.voice import VoicePacket, VoicePort, VoiceRelay
from banker.rtc.audio_in.jitter_buffer import JitterBuffer
from banker.rtc.audio_in.speech_input import SpeechInput
from banker.rtc.calls.call_transport import CallTransport


class ColleagueVoice:
    """Connects the voices of one call while customer and colleague know of each other. Belongs to the media loop."""

    def __init__(
        self,
        session_id: str,
        tenant: Tenant,
        conversation: Conversation,
        transport: CallTransport,
        speech_input: SpeechInput | None,
        relay: VoiceRelay | None,
    ) -> None:
        self._session_id = session_id
        self._tenant = tenant
        self._conversation = conversation
        self._transport = transport
        self._speech_input = speech_input
        self._relay = relay
        self._port: VoicePort | None = None
        self._captions: JitterBuffer | None = None

    def update(self) -> None:
        """Connect the voices when the colleague has joined, and disconnect them at once when that is over."""
        is_heard = self._conversation.person.is_heard
        if is_heard and self._port is None and self._relay is not None:
            self._port = self._relay.open(self._session_id, "customer", self._from_colleague)
        elif not is_heard and self._port is not None:
            self._port.close()
            self._port = None
            if self._captions is not None:
                self._captions.close()

    def from_customer(self, packet: VoicePacket) -> None:
        """Pass the customer's voice on to the colleague."""
        if self._port is not None and self._conversation.consent.given:
            self._port.send(packet)

    def _from_colleague(self, packet: VoicePacket) -> None:
        """Pass the colleague's voice on to the customer, and to the recogniser for captions."""
        if self._port is None or not self._conversation.consent.given:
            return
        if self._transport.peer is not None:
            self._transport.peer.speaker.relay(packet)
        if self._captions is None and self._speech_input is not None:
            self._captions = JitterBuffer(self._speech_input.colleague_segmenter(self._tenant, self._conversation))
        if self._captions is not None:
            self._captions.push(packet)
