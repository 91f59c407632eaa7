"""The pictures of an avatar in one theme colour, each encoded once to one VP8 key frame and kept for all sessions."""

import re
import threading
from collections.abc import Mapping
from pathlib import Path

from av import VideoFrame

from banker.rtc.video.images import Color, encode_vp8, read_png, stacked, tinted
from banker.rtc.video.manifest import AvatarError, Layer, Manifest

__all__ = ["Avatar", "AvatarError"]

MANIFEST = "manifest.toml"

DARKEST, LIGHTEST = 36, 215
"""Luma (BT.601, 0 to 255) that a theme colour is kept within, so that shades show on black and edges on white."""

_loaded: "dict[tuple[Path, Color], Avatar]" = {}
_loading = threading.Lock()


class Avatar:
    """What the banker's face may look like. Safe to use from any thread."""

    def __init__(self, manifest: Manifest, pngs: Mapping[str, bytes], color: Color) -> None:
        self.manifest = manifest
        self._pngs = pngs
        self._color = _within_reach(color)
        stacks = dict(manifest.stacks())
        self._names = {parts: _name(stack) for parts, stack in stacks.items()}
        self._stacks = {self._names[parts]: stack for parts, stack in stacks.items()}
        self._frames: dict[str, bytes] = {}
        self._lock = threading.Lock()

    @classmethod
    def load(cls, folder: Path, primary_color: str) -> "Avatar":
        """The avatar of `folder` in the colour `#rrggbb` (or `#rgb`), read once in a process.

        Blocking: decodes every PNG to check it. Raises `AvatarError` with one line for each mistake.
        """
        key = (folder.resolve(), _color(primary_color))
        with _loading:
            if key not in _loaded:
                _loaded[key] = _read(folder, key[1])
            return _loaded[key]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all its pictures."""
        return tuple(self._stacks)

    def name(self, state: str, beat: int = 0, eyes: int = 0, mouth: str = "") -> str:
        """The name of the picture for a state; `eyes` counts from open (0), `mouth` is a PNG of the manifest."""
        return self._names[state, beat, eyes, mouth]

    def ready(self, name: str) -> bytes | None:
        """The VP8 key frame of a picture if it has been encoded already. Never blocks."""
        return self._frames.get(name)

    def frame(self, name: str) -> bytes:
        """The VP8 key frame of a picture. Blocking when it is the first to need it: about 20 ms."""
        frame = self._frames.get(name)
        if frame is None:
            with self._lock:
                frame = self._frames.get(name) or encode_vp8(self.picture(name))
                self._frames[name] = frame
        return frame

    def warm(self) -> None:
        """Encode whatever is not yet. Blocking: a second or two for the default avatar; let an executor do it."""
        for name in self._stacks:
            self.frame(name)

    def picture(self, name: str) -> VideoFrame:
        """The picture in planar RGB, before encoding. Raises `KeyError` when there is none of this name."""
        layers = [(self._layer(layer.file), layer.down) for layer in self._stacks[name]]
        return stacked(layers, self.manifest.size)

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
        raise AvatarError([f'theme: primaryColor: {text!r} is no colour; write it as "#0066cc"'])
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _within_reach(color: Color) -> Color:
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
            picture = read_png(pngs[file])
        except OSError as error:
            mistakes.append(
                f"{folder / MANIFEST}: {key}: {file} cannot be read ({error.strerror}); add it or mend its name"
            )
        except ValueError as error:
            mistakes.append(f"{folder / file}: {key}: {error}; save it as PNG again")
        else:
            if (picture.width, picture.height) != (manifest.size, manifest.size):
                mistakes.append(
                    f"{folder / file}: {key}: is {picture.width}x{picture.height} pixels; "
                    f"size in {MANIFEST} wants {manifest.size}x{manifest.size}"
                )
    if mistakes:
        raise AvatarError(mistakes)
    return Avatar(manifest, pngs, color)
