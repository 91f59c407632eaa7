"""The voices of a customer and a colleague, passed on to each other within a process and between processes."""

from banker.handover.voice.relay import VoicePacket, VoicePort, VoiceRelay

__all__ = ["VoicePacket", "VoicePort", "VoiceRelay"]
