"""An avatar's images in one theme colour, each encoded once as a VP8 key frame and shared by all sessions."""

import re
import threading
from collections.abc import Mapping
from pathlib import Path

from av import VideoFrame

from banker.rtc.video.images import Color, encode_png, encode_vp8, read_png, stacked, tinted
from banker.rtc.video.manifest import AvatarError, Layer, Manifest

__all__ = ["Avatar", "AvatarError"]

MANIFEST = "manifest.toml"

DARKEST, LIGHTEST = 36, 215
"""Range of a theme colour's luma (BT.601, 0 to 255): shades stay visible on black, and edges on white."""

_loaded: "dict[tuple[Path, Color], Avatar]" = {}
_loading = threading.Lock()


class Avatar:
    """All images of a banker. Safe to use from any thread."""

    def __init__(self, manifest: Manifest, pngs: Mapping[str, bytes], color: Color) -> None:
        self.manifest = manifest
        self._pngs = pngs
        self._color = _limit_luma(color)
        stacks = dict(manifest.stacks())
        self._names = {parts: _name(stack) for parts, stack in stacks.items()}
        self._stacks = {self._names[parts]: stack for parts, stack in stacks.items()}
        self._frames: dict[str, bytes] = {}
        self._lock = threading.Lock()

    @classmethod
    def load(cls, folder: Path, primary_color: str) -> "Avatar":
        """Return the avatar in `folder` in the colour `#rrggbb` or `#rgb`, loaded once per process.

        Blocks, because it decodes every PNG to validate it. Raises `AvatarError` with one line for each mistake.
        """
        key = (folder.resolve(), _color(primary_color))
        with _loading:
            if key not in _loaded:
                _loaded[key] = _read(folder, key[1])
            return _loaded[key]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all images."""
        return tuple(self._stacks)

    def name(self, state: str, beat: int = 0, eyes: int = 0, mouth: str = "") -> str:
        """Return the name of an image. `eyes` counts from open (0); `mouth` is a PNG of the manifest."""
        return self._names[state, beat, eyes, mouth]

    def ready(self, name: str) -> bytes | None:
        """Return the VP8 key frame of an image, or None if it is not encoded yet. Does not block."""
        return self._frames.get(name)

    def frame(self, name: str) -> bytes:
        """Return the VP8 key frame of an image. Blocks for about 20 ms the first time."""
        frame = self._frames.get(name)
        if frame is None:
            with self._lock:
                frame = self._frames.get(name) or encode_vp8(self.image(name))
                self._frames[name] = frame
        return frame

    def warm(self) -> None:
        """Encode all images. Blocks for a second or two with the default avatar: call it in an executor."""
        for name in self._stacks:
            self.frame(name)

    def image(self, name: str) -> VideoFrame:
        """Return an image in planar RGB, before encoding. Raises `KeyError` for an unknown name."""
        layers = [(self._layer(layer.file), layer.down) for layer in self._stacks[name]]
        return stacked(layers, self.manifest.size)

    def portrait(self) -> bytes:
        """Return the idle banker as a PNG, for pages without a call. Blocks for about 30 ms."""
        return encode_png(self.image(self.name("idle")))

    def _layer(self, file: str) -> VideoFrame:
        layer = read_png(self._pngs[file])
        return tinted(layer, self._color) if file in self.manifest.themed else layer


def _name(stack: tuple[Layer, ...]) -> str:
    return " ".join(map(str, stack))


def _color(text: str) -> Color:
    digits = text.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    if not text.startswith("#") or not re.fullmatch(r"[0-9A-Fa-f]{6}", digits):
        raise AvatarError([f'theme: primaryColor: {text!r} is not a colour; write it as "#0066cc"'])
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _limit_luma(color: Color) -> Color:
    luma = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]
    lift, scale = max(0.0, DARKEST - luma), min(1.0, LIGHTEST / max(luma, 1))
    red, green, blue = (min(255, round(channel * scale + lift)) for channel in color)
    return red, green, blue


def _read(folder: Path, color: Color) -> Avatar:
    manifest = Manifest.read(folder / MANIFEST)
    pngs: dict[str, bytes] = {}
    mistakes: list[str] = []
    for file, key in manifest.uses().items():
        try:
            pngs[file] = (folder / file).read_bytes()
            image = read_png(pngs[file])
        except OSError as error:
            mistakes.append(
                f"{folder / MANIFEST}: {key}: {file} cannot be read ({error.strerror}); add it or correct its name"
            )
        except ValueError as error:
            mistakes.append(f"{folder / file}: {key}: {error}; save it as a PNG again")
        else:
            if (image.width, image.height) != (manifest.size, manifest.size):
                mistakes.append(
                    f"{folder / file}: {key}: is {image.width}x{image.height} pixels; "
                    f"size in {MANIFEST} says {manifest.size}x{manifest.size}"
                )
    if mistakes:
        raise AvatarError(mistakes)
    return Avatar(manifest, pngs, color)
