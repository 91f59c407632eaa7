"""The section `[speech]` of banker.toml, and that of a tenant's file: who hears, who speaks, and names to expect."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from urllib.parse import urlsplit

from marshmallow.validate import Length, OneOf, Range, Regexp

from banker.config.agent import is_in_house_or_https, read_key
from banker.config.dataclass_schema import key, must, whole

_NAME = Length(min=1, max=1000, error="must be a name or a path of 1 to {max} characters")


def _is_server_url(value: str) -> bool:
    return is_in_house_or_https(value) and not urlsplit(value).path.rstrip("/").endswith(("/transcriptions", "/speech"))


@dataclass(frozen=True)
class SpeechSettings:
    """`piper` and `whisper` run in this process; `endpoint` asks any OpenAI-compatible server; `none` leaves it out.

    `voice`: the voice of a text-to-speech server, or piper's `.onnx` file; `model`: the recognising server's model, or
    whisper's name or directory; neither means what the packages bring. `threads` and `recogniser_threads` are the CPU
    threads of one synthesis and of one recognition, `recognitions` how many of these run at a time, `queue` how many
    may wait. `sensitivity` is how sure the detector must be that it hears speech (less: more is taken for speech).
    `partial_words` are recognised while somebody still speaks; unset means yes where that is no request to a server.
    `base_url` is what stands before `/audio/transcriptions` and `/audio/speech`.
    """

    synthesiser: str = key("piper", check=OneOf(("piper", "endpoint", "none"), error="must be one of: {choices}"))
    voice: str | None = key(None, check=_NAME)
    threads: int = key(1, check=whole(1, 64))
    recogniser: str = key("whisper", check=OneOf(("whisper", "endpoint", "none"), error="must be one of: {choices}"))
    model: str | None = key(None, check=_NAME)
    recogniser_threads: int = key(1, check=whole(1, 64))
    recognitions: int = key(1, check=whole(1, 64))
    queue: int = key(8, check=whole(1, 1000))
    sensitivity: float = key(0.5, check=Range(min=0.1, max=0.95, error="must be from {min} to {max}"))
    partial_words: bool | None = key(None)
    base_url: str | None = key(
        None,
        check=must(
            _is_server_url,
            'must be the https:// URL before "/audio/…"; http:// only for this host or a private network',
        ),
    )
    key_env: str | None = key(None, check=must(str.isidentifier, "must be the name of an environment variable"))
    timeout_seconds: float = key(8.0, check=Range(min=0.1, max=60, error="must be from {min} to {max}"))
    voice_model: str = key("tts-1", check=_NAME)
    voice_sample_rate: int = key(24_000, check=whole(8000, 48_000))
    secret: str | None = field(default=None, repr=False, metadata={"internal": True})

    @property
    def interim_transcripts(self) -> bool:
        """Whether words are recognised while somebody still speaks: each look at them is a request to a server."""
        return self.recogniser != "endpoint" if self.partial_words is None else self.partial_words

    @property
    def endpoint(self) -> str:
        """What stands before `/audio/…`; a URL without a path means `/v1`."""
        url = (self.base_url or "").rstrip("/")
        return url if urlsplit(url).path else f"{url}/v1"


@dataclass(frozen=True)
class TenantSpeechSettings:
    """A tenant's language, which is never guessed, and the names of its own that customers say to it."""

    language: str = key("en", check=Regexp(r"[a-z]{2,3}\Z", error='must be a language code, as "en"'))
    glossary: tuple[str, ...] = key(
        (),
        check=must(
            lambda names: len(names) <= 40 and all(0 < len(name.strip()) <= 60 for name in names),
            "must be 40 names at most, each of 1 to 60 characters",
        ),
    )


def complete(where: str, speech: SpeechSettings, environ: Mapping[str, str], mistakes: list[str]) -> SpeechSettings:
    """`speech` with its key looked up; `where` ("banker.toml: speech.") begins the line of each mistake."""
    asked = [name for name in ("synthesiser", "recogniser") if getattr(speech, name) == "endpoint"]
    if not asked:
        return speech
    if speech.base_url is None:
        mistakes.append(f'{where}base_url: is missing; {asked[0]} = "endpoint" needs it')
    if "recogniser" in asked and speech.model is None:
        mistakes.append(f'{where}model: is missing; recogniser = "endpoint" needs it')
    if "synthesiser" in asked and speech.voice is None:
        mistakes.append(f'{where}voice: is missing; synthesiser = "endpoint" needs it')
    if find_spec("httpx2") is None:
        mistakes.append(f'{where}{asked[0]}: "endpoint" needs the packages of requirements-llm.txt; install them')
    return replace(speech, secret=read_key(where, speech.key_env, environ, mistakes))
