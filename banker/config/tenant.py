"""The settings of a tenant, `tenants/<tenant_id>.toml`: one bank's keys, policy, consent text and wording."""

from dataclasses import dataclass, field
from pathlib import Path

from marshmallow.validate import Length, Regexp

from banker.config.agent import AgentSettings
from banker.config.checks import ENV_NAME, SHORT_TEXT, are_origins, is_page_url
from banker.config.dataclass_schema import key, must, whole
from banker.config.safety_texts import SafetySettings
from banker.config.speech import TenantSpeechSettings
from banker.config.texts import Texts
from banker.opening_hours import are_hours, is_time_zone

LONGEST_SESSION_MINUTES = 1440
MAX_EXAMPLES = 3
MAX_EXAMPLE_CHARACTERS = 60
"""Each question must fit a button of one or two lines."""
ALGORITHMS = ("HS256", "RS256", "PS256", "ES256", "EdDSA")

_FOLDER_NAME = Regexp(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z", error="must be the name of a folder in config/avatars")


@dataclass(frozen=True)
class IdentitySettings:
    """`[identity]`: the issuer of the tenant's tokens and the one source of the keys that verify them."""

    issuer: str = key(check=SHORT_TEXT)
    algorithms: tuple[str, ...] = key(
        check=must(
            lambda names: names and set(names) <= set(ALGORITHMS), "must name one or more of " + ", ".join(ALGORITHMS)
        )
    )
    secret_env: str | None = key(None, check=ENV_NAME)
    public_key_file: str | None = key(None)
    jwks_url: str | None = key(None)
    secret: bytes | None = field(default=None, repr=False, metadata={"internal": True})
    public_key: str | None = field(default=None, repr=False, metadata={"internal": True})


@dataclass(frozen=True)
class PolicySettings:
    """`policy` in `[config]`: the limits of a session."""

    max_session_duration_minutes: int = key(30, check=whole(1, LONGEST_SESSION_MINUTES))
    rate_limit_per_minute: int = key(10, check=whole(1, 100_000))
    require_consent: bool = True


@dataclass(frozen=True)
class ConfigBlock:
    """`[config]`: the `config` object of the create response, key by key."""

    theme: dict[str, str] = field(default_factory=lambda: {"primaryColor": "#0066cc"})
    avatar_enabled: bool = True
    greeting: str = key("Hello! I'm your bank's AI assistant. How can I help you today?", check=SHORT_TEXT)
    allowed_tools: tuple[str, ...] = ()
    policy: PolicySettings = field(default_factory=PolicySettings)


@dataclass(frozen=True)
class ConsentSettings:
    """`[consent]`: the question before the service listens. Change `version` whenever you change `text`."""

    version: str = key("1", check=SHORT_TEXT)
    text: str = key(
        "You are about to talk to a virtual banker, which is an AI. Your voice is processed so that it can answer you. "
        "Do you agree?",
        check=SHORT_TEXT,
    )


@dataclass(frozen=True)
class TurnSettings:
    """`[turns]`: the silence that ends a turn, and those after which the banker asks and then ends the session."""

    silence_ms: int = key(600, check=whole(300, 1500))
    still_there_seconds: int = key(60, check=whole(1, 86_400))
    idle_end_seconds: int = key(60, check=whole(1, 86_400))


@dataclass(frozen=True)
class KnowledgeSettings:
    """`[knowledge]`: the folder of the Markdown pages, and where customers find them.

    `folder` is in `config/knowledge/`. By default it is named after the tenant and may be missing.

    `url` is the address of a passage, with the placeholders `{page}` (the file's name without `.md`) and `{topic}` (the
    anchor of its heading). Without it, answers have no links.
    """

    folder: str | None = key(None, check=Length(min=1, max=1000, error="must be the name of a folder"))
    url: str | None = key(
        None,
        check=must(is_page_url, 'must be https:// or a path of the same host, such as "/help/{page}#{topic}"'),
    )
    path: Path | None = field(default=None, metadata={"internal": True})


def _are_questions(values: list[str]) -> bool:
    return len(values) <= MAX_EXAMPLES and all(0 < len(value.strip()) <= MAX_EXAMPLE_CHARACTERS for value in values)


@dataclass(frozen=True)
class WidgetSettings:
    """`[widget]`: what the widget shows before a conversation. Anybody may read it."""

    examples: tuple[str, ...] = key(
        ("What is my balance?", "Show me my last transactions", "I've lost my card"),
        check=must(
            _are_questions,
            f"must be at most {MAX_EXAMPLES} questions of 1 to {MAX_EXAMPLE_CHARACTERS} characters each",
        ),
    )


@dataclass(frozen=True)
class HandOverSettings:
    """`[handover]`: when colleagues answer, and the safety topics for which one is called at once."""

    hours: tuple[str, ...] = key((), check=must(are_hours, 'each must look like "mon-fri 09:00-17:30"'))
    time_zone: str = key("UTC", check=must(is_time_zone, 'must be a time zone such as "Europe/Berlin"'))
    safety_topics: tuple[str, ...] = ("scam", "phishing", "threat", "self_harm")


@dataclass(frozen=True)
class Tenant:
    """All settings of one bank."""

    identity: IdentitySettings
    tenant_id: str = key(
        check=Regexp(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z", error="must be 1 to 128 characters of A-Z a-z 0-9 . _ -")
    )
    allowed_origins: tuple[str, ...] = key(
        (),
        check=must(are_origins, 'each must be a scheme and host in lower case, such as "https://portal.bank.example"'),
    )
    demo_only: bool = False
    avatar: str = key("default", check=_FOLDER_NAME)
    config: ConfigBlock = field(default_factory=ConfigBlock)
    consent: ConsentSettings = field(default_factory=ConsentSettings)
    agent: AgentSettings = field(default_factory=AgentSettings)
    speech: TenantSpeechSettings = field(default_factory=TenantSpeechSettings)
    turns: TurnSettings = field(default_factory=TurnSettings)
    texts: Texts = field(default_factory=Texts)
    safety: SafetySettings = field(default_factory=SafetySettings)
    knowledge: KnowledgeSettings = field(default_factory=KnowledgeSettings)
    widget: WidgetSettings = field(default_factory=WidgetSettings)
    handover: HandOverSettings = field(default_factory=HandOverSettings)
