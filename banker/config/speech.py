"""`[speech]` in `banker.toml` (recogniser and synthesiser) and in a tenant's file (language and glossary)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from urllib.parse import urlsplit

from marshmallow.validate import OneOf

from banker.config.checks import ENV_NAME, NAME_OR_PATH, between, is_https_or_private_url
from banker.config.dataclass_schema import key, must, whole
from banker.config.sources import read_api_key
from banker.text.languages import SUPPORTED, package
from banker.text.shown_and_spoken import Language


def _is_server_url(value: str) -> bool:
    return is_https_or_private_url(value) and not urlsplit(value).path.rstrip("/").endswith(
        ("/transcriptions", "/speech")
    )


@dataclass(frozen=True)
class SpeechSettings:
    """Local engines (`hibari`, `piper`, `whisper`), an OpenAI-compatible server (`endpoint`), or no speech (`none`).

    `voice` is the voice of the speech server or the `.onnx` file of a local voice, and `model` the model of the speech
    server or whisper's name or directory; unset, they are those of the installed packages. `threads` and
    `recogniser_threads` are the CPU threads of one synthesis and of one recognition. `recognitions` run at the same
    time and `queue` more may wait. `sensitivity` is the probability from which the voice activity detector reports
    speech. `partial_words` enables interim transcripts; unset, they are enabled unless each of them is a request to a
    server. `base_url` is the URL before `/audio/transcriptions` and `/audio/speech`.
    """

    synthesiser: str = key(
        "hibari", check=OneOf(("hibari", "piper", "endpoint", "none"), error="must be one of: {choices}")
    )
    voice: str | None = key(None, check=NAME_OR_PATH)
    threads: int = key(1, check=whole(1, 64))
    recogniser: str = key("whisper", check=OneOf(("whisper", "endpoint", "none"), error="must be one of: {choices}"))
    model: str | None = key(None, check=NAME_OR_PATH)
    recogniser_threads: int = key(1, check=whole(1, 64))
    recognitions: int = key(1, check=whole(1, 64))
    queue: int = key(8, check=whole(1, 1000))
    sensitivity: float = key(0.5, check=between(0.1, 0.95))
    partial_words: bool | None = key(None)
    base_url: str | None = key(
        None,
        check=must(
            _is_server_url,
            'must be the https:// URL before "/audio/…"; http:// only for this host or a private network',
        ),
    )
    key_env: str | None = key(None, check=ENV_NAME)
    timeout_seconds: float = key(8.0, check=between(0.1, 60))
    voice_model: str = key("tts-1", check=NAME_OR_PATH)
    voice_sample_rate: int = key(24_000, check=whole(8000, 48_000))
    secret: str | None = field(default=None, repr=False, metadata={"internal": True})

    @property
    def interim_transcripts(self) -> bool:
        """Whether interim transcripts are made while the user speaks."""
        return self.recogniser != "endpoint" if self.partial_words is None else self.partial_words

    @property
    def endpoint(self) -> str:
        """The URL before `/audio/…`. Without a path in `base_url`, it is below `/v1`."""
        url = (self.base_url or "").rstrip("/")
        return url if urlsplit(url).path else f"{url}/v1"


_SPEAKABLE = re.compile(r"[^\W\d_]+(?:[ '-][^\W\d_]+)*")
MAX_PRONOUNCED = 200


def _are_pronunciations(words: Mapping[str, str]) -> bool:
    return len(words) <= MAX_PRONOUNCED and all(
        0 < len(name.strip()) <= 60 and len(said) <= 120 and _SPEAKABLE.fullmatch(said) for name, said in words.items()
    )


@dataclass(frozen=True)
class TenantSpeechSettings:
    """The language of a tenant's customers, names that the recogniser should expect, and how the voice speaks.

    `rate` is the pace of the voice, 1 is its own. `pronounce` has the letters that the voice reads for a word, such as
    `Nguyen = "nwin"`.
    """

    language: str = key("en", check=OneOf(SUPPORTED, error="must be a language that the banker speaks: {choices}"))
    glossary: tuple[str, ...] = key(
        (),
        check=must(
            lambda names: len(names) <= 40 and all(0 < len(name.strip()) <= 60 for name in names),
            "must be at most 40 names of 1 to 60 characters",
        ),
    )
    rate: float = key(1.0, check=between(0.6, 1.6))
    pronounce: dict[str, str] = key(
        factory=dict,
        check=must(
            _are_pronunciations,
            f'must be at most {MAX_PRONOUNCED} lines such as Nguyen = "nwin": a word, and letters that say it',
        ),
    )

    @property
    def normalisation(self) -> Language:
        """What the customers read and hear of a text."""
        return package(self.language, self.pronounce)


def resolve(where: str, speech: SpeechSettings, environ: Mapping[str, str], mistakes: list[str]) -> SpeechSettings:
    """Read the API key and check the endpoint's settings. `where`, "banker.toml: speech.", begins each mistake line."""
    endpoints = [name for name in ("synthesiser", "recogniser") if getattr(speech, name) == "endpoint"]
    if not endpoints:
        return speech
    if speech.base_url is None:
        mistakes.append(f'{where}base_url: is missing; {endpoints[0]} = "endpoint" needs it')
    if "recogniser" in endpoints and speech.model is None:
        mistakes.append(f'{where}model: is missing; recogniser = "endpoint" needs it')
    if "synthesiser" in endpoints and speech.voice is None:
        mistakes.append(f'{where}voice: is missing; synthesiser = "endpoint" needs it')
    if find_spec("httpx2") is None:
        mistakes.append(f'{where}{endpoints[0]}: "endpoint" needs the packages of requirements-llm.txt; install them')
    return replace(speech, secret=read_api_key(f"{where}key_env", speech.key_env, environ, mistakes))
