"""Reads an avatar's `manifest.toml`, which says how PNGs are stacked in each state of the banker."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from banker.config.dataclass_schema import key, must, parse, whole

EYES = "{eyes}"
MOUTH = "{mouth}"

_LAYER = re.compile(r"(?P<file>[A-Za-z0-9_][A-Za-z0-9_.-]*\.png|\{eyes\}|\{mouth\})(?P<down>[+-]\d{1,2})?")
_PNG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.png")
_STATES = ("idle", "listening", "thinking", "speaking")


class AvatarError(Exception):
    """A folder that cannot be used as an avatar; `mistakes` has one line for each thing to fix."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True)
class Layer:
    """One PNG of a stack, or a placeholder for the eyes or the mouth, moved down by `down` pixels."""

    file: str
    down: int = 0

    @classmethod
    def parse(cls, text: str) -> "Layer":
        """Read `head.png` or `head.png+1`."""
        match = _LAYER.fullmatch(text)
        assert match  # noqa: S101 - validated when the manifest was read
        return cls(match["file"], int(match["down"] or 0))

    def __str__(self) -> str:
        return f"{self.file}{self.down:+}" if self.down else self.file


def _are_stacks(beats: list[list[str]]) -> bool:
    return bool(beats) and all(stack and all(map(_LAYER.fullmatch, stack)) for stack in beats)


def _are_pngs(names: list[str]) -> bool:
    return all(map(_PNG.fullmatch, names))


_BEATS = must(_are_stacks, 'must be lists of layers, bottom first, each as "head.png", "head.png+1" or "{eyes}"')
_PNGS = must(_are_pngs, 'must be names of PNG files in this folder, as "eyes-open.png"')


@dataclass(frozen=True)
class AvatarState:
    """How one state looks: stacks that alternate every `beat_ms`, and eyes from open to closed."""

    beats: tuple[tuple[str, ...], ...] = key(check=_BEATS)
    beat_ms: int = key(1000, check=whole(80, 60_000))
    eyes: tuple[str, ...] = key((), check=_PNGS)


@dataclass(frozen=True)
class Manifest:
    """The manifest. `mouths` go from closed to open; a row of several holds variations of one degree of opening."""

    idle: AvatarState
    speaking: AvatarState
    size: int = key(check=must(lambda size: 64 <= size <= 640 and size % 2 == 0, "must be an even number, 64 to 640"))
    mouths: tuple[tuple[str, ...], ...] = key(
        check=must(
            lambda rows: len(rows) > 1 and all(row and _are_pngs(row) for row in rows),
            'must be two lists of PNG files or more, from closed to open, as [["closed.png"], ["open.png"]]',
        )
    )
    listening: AvatarState = AvatarState(())
    thinking: AvatarState = AvatarState(())
    themed: tuple[str, ...] = key((), check=_PNGS)
    visemes: dict[str, str] = key(  # noqa: RUF009 - key() stands for dataclasses.field()
        factory=dict, check=must(lambda visemes: _are_pngs(list(visemes.values())), "must name PNG files")
    )

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """Read and validate the file, but not the PNGs. Raises `AvatarError`."""
        try:
            manifest = parse(cls, tomllib.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise AvatarError([f"{path}: cannot be read ({error.strerror}); an avatar's folder needs one"]) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise AvatarError([f"{path}: is not valid TOML: {error}"]) from None
        except ValueError as error:
            raise AvatarError([f"{path}: {line}" for line in str(error).splitlines()]) from None
        mistakes = [f"{path}: {line}" for line in manifest._misplaced()]
        if mistakes:
            raise AvatarError(mistakes)
        return replace(manifest, mouths=tuple(map(tuple, manifest.mouths)))

    def state(self, name: str) -> AvatarState:
        """Return how a state looks. A state that the file omits looks idle."""
        state: AvatarState = getattr(self, name)
        return state if state.beats else self.idle

    def mouth_files(self) -> tuple[str, ...]:
        """Return every mouth of the speaking state, once."""
        rows = [file for row in self.mouths for file in row]
        return tuple(dict.fromkeys([*rows, *self.visemes.values()]))

    def stack(self, state: str, beat: int, eyes: int = 0, mouth: str = "") -> tuple[Layer, ...]:
        """Return the layers of one image, bottom first. `eyes` counts from open (0) to closed."""
        look = self.state(state)
        parts = {EYES: look.eyes[eyes] if look.eyes else "", MOUTH: mouth}
        layers = map(Layer.parse, look.beats[beat])
        return tuple(replace(layer, file=parts.get(layer.file, layer.file)) for layer in layers)

    def stacks(self) -> Iterator[tuple[tuple[str, int, int, str], tuple[Layer, ...]]]:
        """Yield every image: its state, beat, eyes and mouth, and its stack."""
        for name in _STATES:
            look = self.state(name)
            for beat in range(len(look.beats)):
                for eyes in range(max(1, len(look.eyes))):
                    for mouth in self.mouth_files() if name == "speaking" else ("",):
                        yield (name, beat, eyes, mouth), self.stack(name, beat, eyes, mouth)

    def uses(self) -> dict[str, str]:
        """Return each required PNG with the first key that names it."""
        uses: dict[str, str] = {}
        for name in _STATES:
            look = self.state(name)
            for file in [Layer.parse(text).file for stack in look.beats for text in stack]:
                if file not in (EYES, MOUTH):
                    uses.setdefault(file, f"{name}.beats")
            for file in look.eyes:
                uses.setdefault(file, f"{name}.eyes")
        for file in [file for row in self.mouths for file in row]:
            uses.setdefault(file, "mouths")
        for viseme, file in self.visemes.items():
            uses.setdefault(file, f"visemes.{viseme}")
        return uses

    def _misplaced(self) -> Iterator[str]:
        for name in _STATES:
            look: AvatarState = getattr(self, name)
            parts = {Layer.parse(text).file for stack in look.beats for text in stack}
            if EYES in parts and not look.eyes:
                yield f'{name}.eyes: is missing; {name}.beats has "{EYES}", so list the eyes from open to closed'
            if look.eyes and EYES not in parts:
                yield f'{name}.beats: has no "{EYES}" for {name}.eyes; add it to the stacks'
            if name == "speaking" and MOUTH not in parts:
                yield f'speaking.beats: has no "{MOUTH}"; add it to the stacks'
            if name != "speaking" and MOUTH in parts:
                yield f'{name}.beats: "{MOUTH}" is for speaking; name one PNG instead'
        used = self.uses()
        for file in self.themed:
            if file not in used:
                yield f"themed: {file} is not a layer of any state; remove it, or add it to a stack"
