"""What one connection carries: the banker's voice and face, the user's microphone, and nothing else."""

from collections.abc import Callable

from aiortc import MediaStreamTrack, RTCPeerConnection, RTCRtpSender

from banker.rtc.audio_in.jitter_buffer import JitterBuffer
from banker.rtc.audio_out.playout import Speaker
from banker.rtc.rtp_fast_path import shorten
from banker.rtc.rtp_receiver import receive_packets
from banker.rtc.rtp_sender import send_packets
from banker.rtc.video.avatar_track import AvatarTrack


def add_tracks(pc: RTCPeerConnection, offer: str, speaker: Speaker, face: AvatarTrack | None) -> None:
    """Ours, as far as the offer has a place for them; to be called before it is set."""
    tracks: list[tuple[str, MediaStreamTrack, str, str]] = [("audio", speaker, "sendrecv", "audio/opus")]
    if face is not None:
        tracks.append(("video", face, "sendonly", "video/VP8"))
    for kind, track, direction, mime in tracks:
        if f"\nm={kind} " in offer:
            transceiver = pc.addTransceiver(track, direction=direction)
            codecs = RTCRtpSender.getCapabilities(kind).codecs
            transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType.lower() == mime.lower()])


def take_over(
    pc: RTCPeerConnection, speaker: Speaker, face: AvatarTrack | None, microphone: JitterBuffer | None
) -> None:
    """One microphone is received, if anybody listens; nobody's camera, and no second microphone.

    To be called between the offer and the answer, behind `govern_gathering`, which bounds what packets wait in.
    """
    for transceiver in pc.getTransceivers():
        if transceiver.sender.track not in (speaker, face) or transceiver.sender.track is None:
            transceiver.direction = "inactive"
        else:
            send_packets(transceiver.sender)
        listens = microphone is not None and transceiver.sender.track is speaker
        receive_packets(transceiver.receiver, microphone.push if listens and microphone else None)
    for transport in {transceiver.receiver.transport for transceiver in pc.getTransceivers()}:
        shorten(transport)


def guard_channels(pc: RTCPeerConnection, drop: Callable[[str], None]) -> None:
    """aiortc keeps what a client sends beyond its window, and leaves a traceback and no word over a bad message."""
    sctp = pc.sctp
    if sctp is None:
        return
    handle = sctp._handle_data

    async def guarded(data: bytes) -> None:
        try:
            await handle(data)
        except ConnectionError:
            raise
        except Exception as error:
            drop(f"bad data: {type(error).__name__}")
        if sctp._advertised_rwnd < 0:
            drop("sent more than its window")

    sctp._handle_data = guarded  # type: ignore[method-assign]
