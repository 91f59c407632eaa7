"""`[agent]` in `banker.toml` and in a tenant's file: which agent answers the user, with which model."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from marshmallow.validate import Length, OneOf

from banker.config.checks import ENV_NAME, between, is_https_or_private_url
from banker.config.dataclass_schema import key, must, whole
from banker.config.sources import read_api_key


def _is_model_url(value: str) -> bool:
    return is_https_or_private_url(value) and not urlsplit(value).path.endswith("/completions")


@dataclass(frozen=True)
class AgentSettings:
    """`kind = "scripted"` needs no server; `"llm"` asks a language model on any OpenAI-compatible server.

    `base_url` is the URL before `/chat/completions`; a local server may need no key. With `max_tokens = 0` and without
    a `temperature` the server decides. `timeout_seconds` limits the wait for a whole reply and `idle_seconds` the wait
    for its next token. `prompt` is the bank's part of the system prompt.
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
    key_env: str | None = key(None, check=ENV_NAME)
    timeout_seconds: float = key(30.0, check=between(0.1, 300))
    idle_seconds: float = key(8.0, check=between(0.1, 300))
    max_tokens: int = key(500, check=whole(0, 100_000))
    temperature: float | None = key(None, check=between(0, 2))
    prompt: str | None = key(None, check=Length(min=1, max=20_000, error="must be a text of {min} to {max} characters"))
    secret: str | None = field(default=None, repr=False, metadata={"internal": True})

    @property
    def endpoint(self) -> str:
        """The URL of chat completions. Without a path in `base_url`, it is below `/v1`."""
        url = (self.base_url or "").rstrip("/")
        return f"{url}/chat/completions" if urlsplit(url).path else f"{url}/v1/chat/completions"


def inherit(values: Mapping[str, Any], service: AgentSettings) -> dict[str, Any]:
    """Return the values of a tenant's file with the missing keys of `[agent]` taken from the service.

    A tenant that sets `base_url` inherits neither the model nor the key, so that no other server gets the key.
    """
    own = values.get("agent", {})
    if not isinstance(own, dict):
        return dict(values)
    excluded = ("model", "key_env") if "base_url" in own else ()
    names = [f.name for f in fields(AgentSettings) if not f.metadata.get("internal") and f.name not in excluded]
    given = {name: getattr(service, name) for name in names if getattr(service, name) is not None}
    return {**values, "agent": {**given, **own}}


def resolve(where: str, agent: AgentSettings, environ: Mapping[str, str], mistakes: list[str]) -> AgentSettings:
    """Read the API key. `where`, "banker.toml: agent.", begins each mistake line."""
    if agent.kind != "llm":
        return agent
    mistakes += [
        f'{where}{name}: is missing; kind = "llm" needs it'
        for name in ("base_url", "model")
        if getattr(agent, name) is None
    ]
    if find_spec("httpx2") is None:
        mistakes.append(f'{where}kind: "llm" needs the packages of requirements-llm.txt; install them')
    return replace(agent, secret=read_api_key(f"{where}key_env", agent.key_env, environ, mistakes))
