"""The transceivers of one connection: send the banker's voice and avatar, receive one microphone but no camera."""

from aiortc import MediaStreamTrack, RTCPeerConnection, RTCRtpSender

from banker.rtc.audio_out.playout import Speaker
from banker.rtc.video.avatar_track import AvatarTrack


def add_tracks(
    pc: RTCPeerConnection, kinds: tuple[str, ...], speaker: Speaker, avatar: AvatarTrack | None, *, receives_audio: bool
) -> None:
    """Add a transceiver for each of the offer's `kinds`, before the offer is set as remote description.

    Audio comes first, because aiortc bundles everything on the transport of the first transceiver.
    """
    voice = (speaker, "sendrecv" if receives_audio else "sendonly", "audio/opus")
    face: tuple[MediaStreamTrack | str, str, str] = ("video", "inactive", "video/vp8")
    if avatar is not None:
        face = (avatar, "sendonly", "video/vp8")
    for kind, (track, direction, codec) in (("audio", voice), ("video", face)):
        if kind not in kinds:
            continue
        transceiver = pc.addTransceiver(track, direction=direction)
        known = RTCRtpSender.getCapabilities(kind).codecs
        transceiver.setCodecPreferences([found for found in known if found.mimeType.lower() == codec])
