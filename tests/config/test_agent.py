"""The section `[agent]`: what a tenant inherits, and how mistakes are reported."""

from pathlib import Path

import pytest

from banker.config.loading import ConfigError, load
from banker.config.settings import Config

TENANT = """
tenant_id = "{name}"
[identity]
issuer = "https://{name}.example"
algorithms = ["HS256"]
secret_env = "JWT_SECRET"
"""


@pytest.fixture
def read(tmp_path: Path):
    def read(service: str = "", tenant: str = "", **environ: str) -> Config:
        (tmp_path / "tenants").mkdir(exist_ok=True)
        (tmp_path / "banker.toml").write_text(f"[agent]\n{service}")
        for name, agent in (("alpha", ""), ("beta", tenant)):
            text = TENANT.format(name=name) + (f"[agent]\n{agent}" if agent else "")
            (tmp_path / "tenants" / f"{name}.toml").write_text(text)
        return load(tmp_path, {"BANKER_SECRET_KEY": "k" * 32, "JWT_SECRET": "s" * 32, **environ})

    return read


def mistakes(read, *args: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(*args, **environ)
    return [line.rpartition("/")[2] if ".toml" in line.rpartition("/")[2] else line for line in caught.value.mistakes]


SERVICE = 'kind = "llm"\nbase_url = "https://llm.example/v1"\nmodel = "big"\nkey_env = "LLM_KEY"\n'


def test_the_default_is_the_scripted_agent(read) -> None:
    assert read().tenants["alpha"].agent.kind == "scripted"


def test_a_tenant_inherits_the_service_settings_and_adds_a_prompt(read) -> None:
    config = read(SERVICE, 'prompt = "Be kind."\nidle_seconds = 5', LLM_KEY="secret-1")
    alpha, beta = config.tenants["alpha"].agent, config.tenants["beta"].agent
    assert (alpha.endpoint, alpha.model, alpha.secret) == ("https://llm.example/v1/chat/completions", "big", "secret-1")
    assert (beta.prompt, beta.idle_seconds, beta.secret, alpha.prompt) == ("Be kind.", 5, "secret-1", None)
    assert "secret-1" not in repr(config)


def test_a_tenant_with_its_own_server_inherits_neither_the_key_nor_the_model(read) -> None:
    config = read(SERVICE, 'base_url = "http://ollama:11434"\nmodel = "small"', LLM_KEY="secret-1")
    beta = config.tenants["beta"].agent
    assert (beta.endpoint, beta.secret) == ("http://ollama:11434/v1/chat/completions", None)
    assert mistakes(read, SERVICE, 'base_url = "http://ollama:11434"', LLM_KEY="x") == [
        'beta.toml: agent.model: is missing; kind = "llm" needs it'
    ]


def test_a_tenant_may_keep_the_scripted_agent(read) -> None:
    assert read(SERVICE, 'kind = "scripted"', LLM_KEY="x").tenants["beta"].agent.kind == "scripted"


def test_the_environment_overrides_the_file(read) -> None:
    config = read(SERVICE, LLM_KEY="x", BANKER_AGENT__MODEL="huge")
    assert config.tenants["alpha"].agent.model == "huge"


@pytest.mark.parametrize(
    "url",
    [
        "https://llm.example/v1",
        "http://localhost:8000/v1",
        "http://10.1.2.3",
        "http://[::1]:1/v1",
        "http://vllm.svc.local",
    ],
)
def test_valid_urls_are_accepted(read, url: str) -> None:
    assert read(SERVICE.replace("https://llm.example/v1", url), LLM_KEY="x").agent.base_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://llm.example/v1",
        "http://8.8.8.8/v1",
        "http://localhost.evil.example",
        "ftp://localhost",
        "https://user:pass@llm.example/v1",
        "https://llm.example/v1?key=1",
        "https://llm.example/v1/chat/completions",
        "https://llm.example:port/v1",
        "llm.example",
        "https://",
    ],
)
def test_an_invalid_url_is_reported_in_one_line(read, url: str) -> None:
    (line,) = mistakes(read, SERVICE.replace("https://llm.example/v1", url), LLM_KEY="x") or [""]
    assert "agent.base_url: must be the https:// URL" in line


def test_each_mistake_is_reported_once(read) -> None:
    lines = mistakes(read, 'kind = "llm"\nkey_env = "LLM_KEY"', 'prompt = "Be kind."')
    assert lines == [
        'banker.toml: agent.base_url: is missing; kind = "llm" needs it',
        'banker.toml: agent.model: is missing; kind = "llm" needs it',
        "banker.toml: agent.key_env: the environment variable LLM_KEY is not set; set it",
    ]


@pytest.mark.parametrize("key", ["two words", "line\n", "clé"])
def test_a_key_that_does_not_fit_into_a_header_is_reported(read, key: str) -> None:
    (line,) = mistakes(read, SERVICE, LLM_KEY=key)
    assert line == "banker.toml: agent.key_env: LLM_KEY must consist of visible ASCII characters without spaces"


def test_unknown_kinds_and_numbers_out_of_range_are_reported(read) -> None:
    lines = mistakes(read, 'kind = "cloud"\nidle_seconds = 0\nmax_tokens = -1\ntemperature = 9')
    assert len(lines) == 4
