"""An avatar's folder: what it may contain, what it becomes, and how its mistakes are reported."""

import shutil
import struct
import threading
import zlib
from fractions import Fraction
from pathlib import Path

import pytest
from av import CodecContext, Packet, VideoFrame

from banker.rtc.video.avatar import Avatar, AvatarError

DEFAULT = Path(__file__).resolve().parents[2] / "config" / "avatars" / "default"
BLUE = "#0066cc"

COMPLETE_IMAGES = """
size = 64
mouths = [["closed.png"], ["open.png"]]
[idle]
beats = [["{eyes}"]]
eyes = ["closed.png", "blink.png"]
[speaking]
beats = [["{mouth}"]]
"""


def png(width: int, height: int, colour: tuple[int, int, int], pixel_format: str = "rgb24") -> bytes:
    frame = VideoFrame(width, height, "rgb24")
    plane = frame.planes[0]
    plane.update((bytes(colour) * width).ljust(plane.line_size, b"\0") * height)
    frame = frame.reformat(format=pixel_format)
    frame.pts = 0
    codec = CodecContext.create("png", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = width, height, pixel_format, Fraction(1)
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])


def palette_png(size: int, colour: tuple[int, int, int]) -> bytes:
    """A PNG of colour type 3, which no encoder of PyAV writes from one colour without dithering."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", size, size, 8, 3, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\1" * size) * size)
    chunks = chunk(b"IHDR", header) + chunk(b"PLTE", b"\0\0\0" + bytes(colour)) + chunk(b"IDAT", rows)
    return b"\x89PNG\r\n\x1a\n" + chunks + chunk(b"IEND", b"")


def decoded(frame: bytes) -> VideoFrame:
    (picture,) = CodecContext.create("libvpx", "r").decode(Packet(frame))
    assert isinstance(picture, VideoFrame)
    return picture


def rgb(picture: VideoFrame) -> bytes:
    """Packed RGB without padding."""
    plane = picture.reformat(format="rgb24").planes[0]
    data, row = bytes(plane), picture.width * 3
    return b"".join(data[y * plane.line_size : y * plane.line_size + row] for y in range(picture.height))


def pixel(picture: VideoFrame, x: int, y: int) -> tuple[int, int, int]:
    at = 3 * (y * picture.width + x)
    red, green, blue = rgb(picture)[at : at + 3]
    return red, green, blue


def is_near(one: tuple[int, int, int], other: tuple[int, int, int], by: int = 8) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An avatar of three complete images, the smallest a bank can make."""
    (tmp_path / "manifest.toml").write_text(COMPLETE_IMAGES)
    (tmp_path / "closed.png").write_bytes(png(64, 64, (200, 30, 40)))
    (tmp_path / "open.png").write_bytes(png(64, 64, (30, 160, 60)))
    (tmp_path / "blink.png").write_bytes(png(64, 64, (30, 60, 200)))
    return tmp_path


@pytest.fixture(scope="module")
def default() -> Avatar:
    avatar = Avatar.load(DEFAULT, BLUE)
    avatar.warm()
    return avatar


def test_every_image_is_a_key_frame_that_decodes_close_to_the_drawing(default: Avatar) -> None:
    assert len(default.names) > 40
    for name in default.names:
        frame = default.frame(name)
        assert frame[0] & 1 == 0, "RFC 6386 §9.1: a key frame"
        picture = decoded(frame)
        assert (picture.width, picture.height) == (320, 320)
        seen, drawn = rgb(picture)[::7], rgb(default.image(name))[::7]
        assert sum(abs(a - b) for a, b in zip(seen, drawn, strict=True)) / len(drawn) < 3


def test_a_frame_of_the_default_avatar_is_small_and_encoded_once(default: Avatar) -> None:
    assert all(3_000 < len(default.frame(name)) < 8_000 for name in default.names)
    name = default.name("idle")
    assert default.frame(name) is default.ready(name)


def test_the_default_avatar_has_six_mouths_with_open_and_with_closed_eyes(default: Avatar) -> None:
    mouths = default.manifest.mouth_files()
    pictures = {default.frame(default.name("speaking", 0, eyes, mouth)) for mouth in mouths for eyes in (0, 2)}
    assert len(mouths) >= 6
    assert len(pictures) == 2 * len(mouths)
    assert len({default.name(state) for state in ("idle", "listening", "thinking")}) == 3


def test_the_default_avatar_stays_a_small_folder() -> None:
    files = list(DEFAULT.glob("*.png"))
    assert len(files) < 40
    assert sum(file.stat().st_size for file in files) < 300_000


@pytest.mark.parametrize("colour", ["#0066cc", "#c8102e", "#ffcc00"])
def test_the_blazer_has_the_tenants_colour(colour: str) -> None:
    avatar = Avatar.load(DEFAULT, colour)
    blazer = pixel(decoded(avatar.frame(avatar.name("idle", 3))), 40, 290)
    assert is_near(blazer, (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)))


@pytest.mark.parametrize("colour", ["#000000", "#ffffff"])
def test_blazer_lapel_and_background_stay_apart_in_black_and_in_white(colour: str) -> None:
    avatar = Avatar.load(DEFAULT, colour)
    picture = avatar.image(avatar.name("idle", 3))
    blazer, lapel, background = (sum(pixel(picture, *at)) / 3 for at in ((40, 290), (100, 262), (6, 230)))
    assert abs(blazer - lapel) > 5
    assert abs(blazer - background) > 25


def test_all_sessions_of_a_process_share_one_avatar_and_threads_encode_an_image_once(folder: Path) -> None:
    avatar = Avatar.load(folder, BLUE)
    assert Avatar.load(folder, BLUE) is avatar
    assert Avatar.load(folder, "#06C") is avatar
    assert Avatar.load(folder, "#112233") is not avatar
    frames: list[bytes] = []
    threads = [threading.Thread(target=lambda: frames.append(avatar.frame("open.png"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(frames) == 8
    assert len({id(frame) for frame in frames}) == 1


@pytest.mark.parametrize("pixel_format", ["rgb24", "rgba", "pal8", "gray"])
def test_images_may_be_of_any_colour_type(folder: Path, pixel_format: str) -> None:
    colour = (120, 120, 120) if pixel_format == "gray" else (30, 160, 60)
    palette = pixel_format == "pal8"
    (folder / "open.png").write_bytes(palette_png(64, colour) if palette else png(64, 64, colour, pixel_format))
    avatar = Avatar.load(folder, BLUE)
    assert is_near(pixel(decoded(avatar.frame(avatar.name("speaking", 0, 0, "open.png"))), 32, 32), colour)


def test_a_layer_moves_down_by_the_manifests_pixels(folder: Path) -> None:
    manifest = COMPLETE_IMAGES.replace('["{mouth}"]', '["closed.png", "{mouth}+20"]')
    (folder / "manifest.toml").write_text(manifest)
    avatar = Avatar.load(folder, BLUE)
    picture = avatar.image("closed.png open.png+20")
    assert is_near(pixel(picture, 32, 19), (200, 30, 40))
    assert is_near(pixel(picture, 32, 20), (30, 160, 60))


def test_a_state_that_the_manifest_leaves_out_looks_idle(folder: Path) -> None:
    avatar = Avatar.load(folder, BLUE)
    assert avatar.name("thinking") == avatar.name("listening") == avatar.name("idle")


@pytest.mark.parametrize(
    ("old", "new", "key", "advice"),
    [
        ("size = 64", "size = 63", "size", "even number"),
        ("size = 64", "", "size", "is missing"),
        ("size = 64", "size = 64\ncolour = 1", "colour", "no such key"),
        ("size = 64", "size = 128", "mouths", "is 64x64 pixels"),
        ("size = 64", 'size = 64\nthemed = ["hat.png"]', "themed", "hat.png"),
        ('["open.png"]', '["wide.png"]', "mouths", "wide.png cannot be read"),
        ('["open.png"]', '["../open.png"]', "mouths", "PNG files"),
        ('[["closed.png"], ["open.png"]]', '[["closed.png"]]', "mouths", "two lists"),
        ('eyes = ["closed.png", "blink.png"]', "", "idle.eyes", "is missing"),
        ('[["{eyes}"]]', '[["closed.png"]]', "idle.beats", "{eyes}"),
        ('[["{eyes}"]]', '[["{nose}"]]', "idle.beats", "bottom first"),
        ('[["{mouth}"]]', '[["closed.png"]]', "speaking.beats", "{mouth}"),
        ("[speaking]", "[speaking]\nbeat_ms = 5", "speaking.beat_ms", "from 80"),
        ("[speaking]", "[spoken]", "speaking", "is missing"),
        ("size = 64", "size = ", "is not valid TOML", "line"),
    ],
)
def test_a_mistake_is_one_line_that_names_file_key_and_advice(
    folder: Path, old: str, new: str, key: str, advice: str
) -> None:
    (folder / "manifest.toml").write_text(COMPLETE_IMAGES.replace(old, new, 1))
    with pytest.raises(AvatarError) as raised:
        Avatar.load(folder, BLUE)
    (line,) = [line for line in raised.value.mistakes if f": {key}" in line and advice in line][:1]
    assert line.startswith(str(folder))
    assert "\n" not in line


def test_every_mistake_is_reported_at_once(folder: Path) -> None:
    (folder / "closed.png").write_bytes(b"GIF89a")
    (folder / "open.png").write_bytes((folder / "open.png").read_bytes()[:60])
    (folder / "blink.png").unlink()
    with pytest.raises(AvatarError) as raised:
        Avatar.load(folder, BLUE)
    assert sorted(line.split(": ", 1)[1] for line in raised.value.mistakes) == [
        "idle.eyes: blink.png cannot be read (No such file or directory); add it or correct its name",
        "idle.eyes: is not a PNG; save it as a PNG again",
        "mouths: is a damaged PNG; save it as a PNG again",
    ]


def test_a_missing_manifest_and_an_invalid_colour_are_reported(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(AvatarError, match=r"manifest\.toml: cannot be read"):
        Avatar.load(tmp_path / "nobody", BLUE)
    with pytest.raises(AvatarError, match="theme: primaryColor: 'blue' is not a colour"):
        Avatar.load(folder, "blue")


def test_a_corrected_folder_loads(folder: Path) -> None:
    shutil.move(folder / "open.png", folder / "away.png")
    with pytest.raises(AvatarError):
        Avatar.load(folder, BLUE)
    shutil.move(folder / "away.png", folder / "open.png")
    assert Avatar.load(folder, BLUE).names
