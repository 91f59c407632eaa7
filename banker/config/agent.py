"""The section `[agent]` of banker.toml and of a tenant's file: who finds the banker's words."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from marshmallow.validate import Length, OneOf, Range

from banker.config.dataclass_schema import key, must, whole

_SECONDS = Range(min=0.1, max=300, error="must be from {min} to {max}")
_IN_HOUSE = (".localhost", ".local", ".internal")


def is_in_house_or_https(value: str) -> bool:
    """https anywhere; plain http, which shows the talk to whoever listens, only on this host or a private network."""
    try:
        parts, _ = urlsplit(value), urlsplit(value).port
    except ValueError:
        return False
    host = parts.hostname or ""
    if not host or "@" in parts.netloc or parts.query or parts.fragment:
        return False
    try:
        in_house = ipaddress.ip_address(host).is_private
    except ValueError:
        in_house = "." not in host or host.endswith(_IN_HOUSE)
    return parts.scheme == "https" or (parts.scheme == "http" and in_house)


def _is_model_url(value: str) -> bool:
    return is_in_house_or_https(value) and not urlsplit(value).path.endswith("/completions")


@dataclass(frozen=True)
class AgentSettings:
    """`local` needs nothing; `model` is a language model behind any OpenAI-compatible `/v1/chat/completions`.

    `base_url` is what stands before `/chat/completions`; a local server may need no key. `max_tokens = 0` and no
    `temperature` leave these to the server. `timeout_seconds` bounds the waiting of a whole reply, `idle_seconds` that
    for its next token. `prompt` is the bank's part of the system prompt. `examples` is a folder, beside the file that
    names it, whose `<intent>.txt` files add to what is recognised.
    """

    kind: str = key("scripted", check=OneOf(("scripted", "llm"), error="must be one of: {choices}"))
    base_url: str | None = key(
        None,
        check=must(
            _is_model_url,
            'must be the https:// URL before "/chat/completions"; http:// only for this host or a private network',
        ),
    )
    model: str | None = key(None, check=Length(min=1, max=200, error="must be the model's name"))
    key_env: str | None = key(None, check=must(str.isidentifier, "must be the name of an environment variable"))
    timeout_seconds: float = key(30.0, check=_SECONDS)
    idle_seconds: float = key(8.0, check=_SECONDS)
    max_tokens: int = key(500, check=whole(0, 100_000))
    temperature: float | None = key(None, check=Range(min=0, max=2, error="must be from {min} to {max}"))
    prompt: str | None = key(None, check=Length(min=1, max=20_000, error="must be a text of {min} to {max} characters"))
    examples: str | None = key(None, check=Length(min=1, max=1000, error="must be the path of a folder"))
    secret: str | None = field(default=None, repr=False, metadata={"internal": True})

    @property
    def endpoint(self) -> str:
        """Where completions are asked for; a URL without a path means `/v1`."""
        url = (self.base_url or "").rstrip("/")
        return f"{url}/chat/completions" if urlsplit(url).path else f"{url}/v1/chat/completions"


def inherit(values: Mapping[str, Any], service: AgentSettings) -> dict[str, Any]:
    """A tenant's file with the service's `[agent]` filled in where it is silent.

    A tenant with a `base_url` of its own gets neither the service's model nor its key: no key goes to a foreign server.
    """
    own = values.get("agent", {})
    if not isinstance(own, dict):
        return dict(values)
    foreign = ("model", "key_env") if "base_url" in own else ()
    names = [f.name for f in fields(AgentSettings) if not f.metadata.get("internal") and f.name not in foreign]
    given = {name: getattr(service, name) for name in names if getattr(service, name) is not None}
    return {**values, "agent": {**given, **own}}


def complete(
    where: str, agent: AgentSettings, folder: Path, environ: Mapping[str, str], mistakes: list[str]
) -> AgentSettings:
    """`agent` with key and folder looked up; `where` ("banker.toml: agent.") begins the line of each mistake."""
    if agent.examples is not None:
        examples = folder / agent.examples
        if not any(examples.glob("*.txt")):
            mistakes.append(f"{where}examples: there is no .txt file in {agent.examples} (paths start at this file)")
        agent = replace(agent, examples=str(examples))
    if agent.kind != "llm":
        return agent
    mistakes += [
        f'{where}{name}: is missing; kind = "llm" needs it'
        for name in ("base_url", "model")
        if getattr(agent, name) is None
    ]
    if find_spec("httpx2") is None:
        mistakes.append(f'{where}kind: "llm" needs the packages of requirements-llm.txt; install them')
    return replace(agent, secret=read_key(where, agent.key_env, environ, mistakes))


def read_key(where: str, name: str | None, environ: Mapping[str, str], mistakes: list[str]) -> str | None:
    """The API key in the environment's `name`, of a model server or a speech endpoint; None where none is named."""
    if name is None:
        return None
    secret = environ.get(name, "")
    if not secret:
        mistakes.append(f"{where}key_env: the environment has no {name}; set it")
    elif not re.fullmatch(r"[!-~]+", secret):
        mistakes.append(f"{where}key_env: {name} must be one word of visible ASCII characters")
    return secret
