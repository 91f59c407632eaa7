"""The configuration: what is read from where, and how each mistake is reported."""

import contextlib
import os
import tempfile
from pathlib import Path

import pytest
from aiortc.rtcicetransport import connection_kwargs

from banker.agents.knowledge import knowledge_mistakes
from banker.config.loading import ConfigError, load
from banker.config.tenant_files import DEMO_SECRET
from banker.identity import check_keys
from banker.rtc.ice import rtc_ice_servers

SECRET = "s" * 32
TENANT = """
tenant_id = "{name}"
[identity]
issuer = "https://{name}.example"
algorithms = ["HS256"]
secret_env = "BANK_SECRET"
"""
DEMO = """
tenant_id = "demo"
demo_only = true
[identity]
issuer = "https://demo.example"
algorithms = ["HS256"]
secret_env = "DEMO_JWT_SECRET"
"""
ENVIRON = {"BANKER_SECRET_KEY": "k" * 32, "BANK_SECRET": SECRET}


class Folder:
    """A config folder that a test fills."""

    def __init__(self, path):
        self.path = path
        (path / "tenants").mkdir()
        self.environ = dict(ENVIRON)
        self.tenant(TENANT.format(name="bank"))

    def tenant(self, text, name="bank"):
        (self.path / "tenants" / f"{name}.toml").write_text(text)

    def service(self, text):
        (self.path / "banker.toml").write_text(text)

    def load(self, **environ):
        return load(self.path, {**self.environ, **environ}, also=check_keys)

    def mistakes(self, **environ):
        with pytest.raises(ConfigError) as refusal:
            self.load(**environ)
        assert all("\n" not in line for line in refusal.value.mistakes)
        return [line.replace(f"{self.path}/", "") for line in refusal.value.mistakes]


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def test_without_banker_toml_every_key_has_its_default(folder):
    config = folder.load()
    assert config.server.trusted_proxies == 0
    assert (config.limits.tenant_per_minute, config.limits.failed_identification_per_minute) == (600, 60)
    assert (config.media.ports, config.media.public_address, config.media.max_peers) == (None, None, None)
    assert config.media.allow_private_candidates is False
    assert (config.ice.urls, config.redis_url, config.demo) == ((), None, False)


def test_a_mistake_does_not_hide_others(folder):
    folder.service(
        '[server]\nthreads = "many"\nmax_sockets = 50\n[ice]\nurls = ["turn:turn.example"]\n[agent]\nkind = "llm"\n'
    )
    folder.tenant(TENANT.format(name="another") + "[consent]\nversion = 7\n")
    lines = folder.mistakes()
    for start in (
        "banker.toml: server.threads:",
        "banker.toml: server.max_sockets:",
        "banker.toml: ice.secret_env:",
        "banker.toml: agent.base_url:",
        "tenants/bank.toml: consent.version:",
        "tenants/bank.toml: tenant_id:",
    ):
        assert [line for line in lines if line.startswith(start)], start


def test_a_wrong_key_is_not_also_reported_as_missing(folder):
    folder.service('[agent]\nkind = "llm"\nmodel = "x"\nbase_url = 5\n')
    assert [line for line in folder.mistakes() if "base_url" in line] == [
        "banker.toml: agent.base_url: must be text in quotes"
    ]


def test_a_tenant_has_the_defaults_of_the_contract(folder):
    block = folder.load().tenants["bank"].config
    assert (block.avatar_enabled, block.greeting, block.allowed_tools) == (
        True,
        "Hello! I'm your bank's AI assistant. How can I help you today?",
        (),
    )
    policy = block.policy
    assert policy.max_session_duration_minutes == 30
    assert policy.rate_limit_per_minute == 10
    assert policy.require_consent is True


def test_the_tenant_of_the_contract_is_read_key_by_key(folder):
    (folder.path / "tenants" / "bank.toml").unlink()
    folder.tenant(
        """
        tenant_id = "tenant-123"
        allowed_origins = ["https://portal.bank.example"]
        [identity]
        issuer = "https://bank.example"
        algorithms = ["HS256"]
        secret_env = "TENANT_123_JWT_SECRET"
        [config]
        avatar_enabled = false
        greeting = "Hello! How can I help you today?"
        allowed_tools = ["get_account_status", "create_ticket"]
        theme = { primaryColor = "#0066cc" }
        policy = { max_session_duration_minutes = 5, rate_limit_per_minute = 20, require_consent = false }
        """,
        "tenant-123",
    )
    tenant = folder.load(TENANT_123_JWT_SECRET=SECRET).tenants["tenant-123"]
    assert tenant.allowed_origins == ("https://portal.bank.example",)
    assert tenant.identity.secret == SECRET.encode()
    assert tenant.config.avatar_enabled is False
    assert tenant.config.allowed_tools == ("get_account_status", "create_ticket")
    assert tenant.config.policy.rate_limit_per_minute == 20
    assert tenant.config.policy.require_consent is False


@pytest.mark.parametrize(("value", "ports"), [("40000", 1), ('"40000"', 1), ("40000-40003", 4), ("40000-40015", 16)])
def test_a_few_ports_are_shared(folder, value, ports):
    media = folder.load(BANKER_MEDIA__PORT_RANGE=value).media
    assert media.shares_ports
    assert media.ports == range(40000, 40000 + ports)


def test_the_environment_overrides_the_file(folder):
    folder.service('[limits]\ntenant_per_minute = 5\n[media]\nport_range = "40000-40999"\n')
    config = folder.load(
        BANKER_LIMITS__TENANT_PER_MINUTE="6000",
        BANKER_MEDIA__PUBLIC_ADDRESS="203.0.113.7",
        BANKER_SERVER__LOG_FORMAT="text",
        BANKER_ICE__URLS='["stun:stun.example:3478"]',
        BANKER_MEDIA__ALLOW_PRIVATE_CANDIDATES="true",
        BANKER_SESSIONS__REDIS_TIMEOUT_SECONDS="0.5",
    )
    assert config.limits.tenant_per_minute == 6000
    assert config.media.ports == range(40000, 41000)
    assert not config.media.shares_ports
    assert config.media.public_address == "203.0.113.7"
    assert config.server.log_format == "text"
    assert config.ice.urls == ("stun:stun.example:3478",)
    assert config.media.allow_private_candidates is True
    assert config.sessions.redis_timeout_seconds == 0.5


def test_variables_of_other_programs_are_ignored(folder):
    folder.load(BANKER_PORT="tcp://10.0.0.1:80", BANKER_SERVICE_HOST="10.0.0.1", XBANKER_LIMITS__X="1", BANKER_="1")


@pytest.mark.parametrize(
    ("variable", "text", "fix"),
    [
        ("BANKER_LIMITS__TENANT_PER_MINUTE", "many", "must be a whole number"),
        ("BANKER_LIMITS__TENANT_PER_MINUTE", "0", "must be a whole number from 1"),
        ("BANKER_LIMITS__TENANT_PER_MINUTE", "", "must be a whole number"),
        ("BANKER_LIMITS__TENANTS_PER_MINUTE", "5", "there is no such key"),
        ("BANKER_LIMIT__TENANT_PER_MINUTE", "5", "there is no such key"),
        ("BANKER_ICE__URLS", '["http://x"]', "turn:host:3478"),
        ("BANKER_ICE__URLS", '["stun:a", 1]', "must be text in quotes"),
        ("BANKER_SERVER__LOG_LEVEL", "LOUD", "DEBUG"),
        ("BANKER_MEDIA__PORT_RANGE", "50000-40000", "40000-40999"),
        ("BANKER_MEDIA__PUBLIC_ADDRESS", "bank.example", "IP address"),
        ("BANKER_A__B__C", "1", "there is no such key"),
        ("BANKER_LIMITS__TENANT_PER_MINUTE", "NaN", "must be a whole number"),
        ("BANKER_LIMITS__TENANT_PER_MINUTE", "true", "must be a whole number"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable_and_the_fix(folder, variable, text, fix):
    folder.service("[limits]\nfailed_identification_per_minute = 50\n")
    (line,) = folder.mistakes(**{variable: text})
    assert line.startswith(f"environment: {variable}: ")
    assert fix in line


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("[limits]\ntenant_per_minute = 0", "limits.tenant_per_minute: must be a whole number from 1 to 1000000"),
        ("[limits]\ntenant_per_minute = '5'", "limits.tenant_per_minute: must be a whole number"),
        ("[limits]\ntenant_per_minute = 1.5", "limits.tenant_per_minute: must be a whole number"),
        ("[limits]\ntenant_per_minute = true", "limits.tenant_per_minute: must be a whole number"),
        ("[limits]\ntenantperminute = 1", "limits.tenantperminute: there is no such key"),
        ("[limit]\ntenant_per_minute = 1", "limit: there is no such key"),
        ("limits = 5", "limits: "),
        ("[server]\ntrusted_proxies = -1", "server.trusted_proxies: must be a whole number from 0"),
        ("[server]\nmax_sockets = 40", "server.max_sockets: must be below server.threads"),
        ("[media]\nport_range = '80-90'", "media.port_range: must be one port or two, of 1024 or above"),
        ("[media]\nport_range = true", "media.port_range: must be text in quotes"),
        ("[media]\nport_range = 80", "media.port_range: must be one port or two, of 1024 or above"),
        ("[media]\nallow_private_candidates = 'yes'", "media.allow_private_candidates: must be true or false"),
        ("[ice]\nurls = 'turn:x'", "ice.urls: "),
        ("[ice]\nurls = ['stun:stun.example:3478?transport=udp']", "ice.urls: each must look like"),
        ("[ice]\nurls = ['turns:turn.example?transport=udp']", "ice.urls: each must look like"),
        ("[ice]\nurls = ['stun:stun.example:65536']", "ice.urls: each must look like"),
        ("[ice]\nurls = ['turn:turn.example:3478']", "ice.secret_env: is missing"),
        ("[ice]\nsecret_env = 'TURN_SECRET'", "ice.secret_env: the environment variable TURN_SECRET is not set"),
        ("[ice]\nsecret = 'x'", "ice.secret: there is no such key"),
        ("[metrics]\nenabled = true", "metrics.token_env: the environment variable BANKER_METRICS_TOKEN is not set"),
        ("[sessions]\nredis_timeout_seconds = nan", "sessions.redis_timeout_seconds: "),
        ("[limits", "is not valid TOML: "),
        ("[limits]\n[limits]", "is not valid TOML: "),
    ],
)
def test_a_mistake_in_banker_toml_names_file_key_and_fix(folder, text, mistake):
    folder.service(text)
    (line,) = folder.mistakes()
    assert line.startswith(f"banker.toml: {mistake}")


@pytest.mark.parametrize(
    ("before", "after", "mistake"),
    [
        ('"bank"', '"other"', "tenant_id: is 'other', but the file must be named <tenant_id>.toml"),
        ('tenant_id = "bank"', "", "tenant_id: is missing"),
        ('"bank"', '"a/b"', "tenant_id: must be 1 to 128 characters"),
        ('"bank"', r'"bank\n"', "tenant_id: must be 1 to 128 characters"),
        ('issuer = "https://bank.example"', "", "identity.issuer: is missing"),
        ("issuer", "isuer", "identity.isuer: there is no such key"),
        ('["HS256"]', '["none"]', "identity.algorithms: must name one or more of HS256"),
        ('["HS256"]', "[]", "identity.algorithms: must name one or more of HS256"),
        ('["HS256"]', '"HS256"', "identity.algorithms: "),
        ('["HS256"]', '["RS256"]', "identity.algorithms: use HS256 alone with secret_env"),
        ('["HS256"]', '["HS256", "RS256"]', "identity.algorithms: use HS256 alone with secret_env"),
        ('secret_env = "BANK_SECRET"', "", "identity.secret_env: set exactly one of"),
        ('"BANK_SECRET"', '"NOT_SET"', "identity.secret_env: the environment variable NOT_SET is not set"),
        ('"BANK_SECRET"', '"BANK SECRET"', "identity.secret_env: must be the name of an environment variable"),
        ("secret_env", "secret", "identity.secret: there is no such key"),
        ('"BANK_SECRET"', '"BANK_SECRET"\njwks_url = "https://x"', "identity.secret_env: set exactly one of"),
        (
            "[identity]",
            "allowed_origins = ['portal.bank.example']\n[identity]",
            "allowed_origins: each must be a scheme",
        ),
        (
            "[identity]",
            "allowed_origins = ['https://Bank.example']\n[identity]",
            "allowed_origins: each must be a scheme",
        ),
        (
            "[identity]",
            "allowed_origins = ['https://bank.example/']\n[identity]",
            "allowed_origins: each must be a scheme",
        ),
        ("[identity]", "allowed_origins = ['https://[']\n[identity]", "allowed_origins: each must be a scheme"),
        ("[identity]", "allowed_origins = ['https://a:b']\n[identity]", "allowed_origins: each must be a scheme"),
        ("[identity]", "allowed_origins = ['https://u@a']\n[identity]", "allowed_origins: each must be a scheme"),
        ("[identity]", "allowed_origins = ['*']\n[identity]", "allowed_origins: each must be a scheme"),
        ("[identity]", "greeting = 'Hi'\n[identity]", "greeting: there is no such key"),
        ("[identity]", "[config]\ngreeting = ''\n[identity]", "config.greeting: must be a text of 1"),
        ("[identity]", "[widget]\nexamples = ['a', 'b', 'c', 'd']\n[identity]", "widget.examples: must be at most 3"),
        ("[identity]", "[widget]\nexamples = ['  ']\n[identity]", "widget.examples: must be at most 3 questions of 1"),
        ("[identity]", "[config]\navatar_enabled = 1\n[identity]", "config.avatar_enabled: must be true or false"),
        ("[identity]", "[speech]\nlanguage = 'es'\n[identity]", "speech.language: must be a language that the banker"),
        ("[identity]", "[config]\nallowed_tools = [1]\n[identity]", "config.allowed_tools.0: must be text in quotes"),
        ("[identity]", "[config]\ntheme = { a = 1 }\n[identity]", "config.theme.a"),
        ("[identity]", "[config]\npolicy = { rate_limit = 5 }\n[identity]", "config.policy.rate_limit: there is no"),
        (
            "[identity]",
            "[config.policy]\nrate_limit_per_minute = 0\n[identity]",
            "config.policy.rate_limit_per_minute: ",
        ),
    ],
)
def test_a_mistake_in_a_tenants_file_names_file_key_and_fix(folder, before, after, mistake):
    folder.tenant(TENANT.format(name="bank").replace(before, after))
    lines = folder.mistakes()
    assert any(line.startswith(f"tenants/bank.toml: {mistake}") for line in lines), lines


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://bank.example/jwks", True),
        ("http://127.0.0.1:8000/jwks", True),
        ("http://bank.example/jwks", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("https://[", False),
        ("https://bank.example:x/", False),
        ("bank.example", False),
    ],
)
def test_keys_are_fetched_over_https_or_from_this_machine(folder, url, good):
    text = TENANT.format(name="bank").replace('secret_env = "BANK_SECRET"', f'jwks_url = "{url}"')
    folder.tenant(text.replace("HS256", "RS256"))
    if good:
        assert folder.load().tenants["bank"].identity.jwks_url == url
    else:
        assert folder.mistakes() == ["tenants/bank.toml: identity.jwks_url: must be an https:// URL"]


@pytest.mark.parametrize("text", [None, b"\xff\xfe", b"no key"])
def test_an_unusable_key_file_is_reported(folder, text):
    folder.tenant(
        TENANT.format(name="bank")
        .replace('secret_env = "BANK_SECRET"', "public_key_file = 'key.pem'")
        .replace("HS", "RS")
    )
    if text is not None:
        (folder.path / "tenants" / "key.pem").write_bytes(text)
    (line,) = folder.mistakes()
    assert "bank.toml: identity.public_key_file: " in line


def test_all_mistakes_are_reported_at_once(folder):
    folder.service("[limits]\ntenant_per_minute = 0\n[server]\nthreads = 1\n")
    folder.tenant("tenant_id = ", "broken")
    folder.tenant(TENANT.format(name="bank").replace("HS256", "XX"))
    folder.tenant(TENANT.format(name="other").replace("BANK_SECRET", "NO_SUCH"), "other")
    lines = folder.mistakes(BANKER_SECRET_KEY="short", BANKER_REDIS_URL="http://x")
    report = "\n".join(lines)
    for part in (
        "banker.toml: limits.tenant_per_minute",
        "banker.toml: server.threads",
        "tenants/broken.toml: is not valid TOML",
        "tenants/bank.toml: identity.algorithms",
        "tenants/other.toml: identity.secret_env",
        "environment: BANKER_SECRET_KEY: must have at least 32 bytes",
        "environment: BANKER_REDIS_URL: must be a URL",
    ):
        assert part in report
    assert len(lines) == 7


def test_two_tenants_cannot_have_one_issuer(folder):
    folder.tenant(TENANT.format(name="other").replace("https://other.example", "https://bank.example"), "other")
    assert folder.mistakes() == [
        "tenants/other.toml: identity.issuer: bank.toml has the same issuer; give each tenant another one"
    ]


def test_the_secret_key_is_required_outside_demo_mode(folder):
    (line,) = folder.mistakes(BANKER_SECRET_KEY="")
    assert line.startswith("environment: BANKER_SECRET_KEY: is missing; set it to 32 or more random bytes")
    assert (
        folder.load(BANKER_SECRET_KEY="", BANKER_DEMO="1").secret_key
        != folder.load(BANKER_SECRET_KEY="", BANKER_DEMO="1").secret_key
    )


def test_a_secret_may_be_raw_bytes(folder):
    raw = bytes(range(128, 160))
    config = folder.load(BANKER_SECRET_KEY=os.fsdecode(raw), BANK_SECRET=os.fsdecode(raw))
    assert config.secret_key == raw
    assert config.tenants["bank"].identity.secret == raw


@pytest.mark.parametrize("secret", ["", "short"])
def test_a_tenants_secret_must_be_there_and_long_enough(folder, secret):
    (line,) = folder.mistakes(BANK_SECRET=secret)
    assert line.startswith("tenants/bank.toml: identity.secret_env: ")
    assert not secret or secret not in line


def test_every_tenant_with_the_demo_secret_is_refused_outside_demo_mode(folder):
    (line,) = folder.mistakes(BANK_SECRET=DEMO_SECRET)
    assert "published demo secret" in line
    assert DEMO_SECRET not in line


@pytest.mark.parametrize("demo", ["1", "true", "True", "yes"])
def test_demo_mode_loads_the_demo_tenant_with_its_published_secret(folder, demo):
    folder.tenant(DEMO, "demo")
    config = folder.load(BANKER_DEMO=demo)
    assert config.demo
    assert config.tenants["demo"].identity.secret == DEMO_SECRET.encode()
    assert config.media.allow_private_candidates is True


@pytest.mark.parametrize("demo", ["", "0", "no", "false"])
def test_without_demo_mode_the_demo_tenant_is_not_loaded(folder, demo):
    folder.tenant(DEMO, "demo")
    assert set(folder.load(BANKER_DEMO=demo).tenants) == {"bank"}


@pytest.mark.parametrize(
    "url",
    ["redis://:p@x:1/0", "unix:///run/redis", "redis+sentinel://:p@x,y:2/bank", "rediss+cluster://[::1]:1,x?timeout=1"],
)
def test_one_redis_sentinel_and_cluster_are_taken(folder, url):
    assert folder.load(BANKER_REDIS_URL=url).redis_url == url


@pytest.mark.parametrize(
    "url",
    ["http://x", "localhost:6379", "redis", "//x", "redis+sentry://x"],
)
def test_an_invalid_redis_url_is_reported_without_its_text(folder, url):
    (line,) = folder.mistakes(BANKER_REDIS_URL=url)
    assert line.startswith("environment: BANKER_REDIS_URL: ")


def test_a_missing_folder_is_reported_by_name(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere: is not a folder; .*BANKER_CONFIG"):
        load(None, {**ENVIRON, "BANKER_CONFIG": str(tmp_path / "nowhere")})
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file: is not a folder; "):
        load(tmp_path / "file", ENVIRON)


@pytest.mark.parametrize(
    "url",
    [
        "stun:s.example",
        "stun:s.example:1",
        "turn:t.example",
        "turn:t.example?transport=udp",
        "turn:t.example:3478?transport=tcp",
        "turns:t.example:443",
        "turns:t.example?transport=tcp",
    ],
)
def test_every_accepted_ice_url_is_one_that_aiortc_uses(folder, url):
    folder.service(f"[ice]\nurls = ['{url}']\nsecret_env = 'TURN'\n")
    servers = rtc_ice_servers(folder.load(TURN="secret").ice, "user", 0.0)
    assert set(connection_kwargs(servers)) & {"stun_server", "turn_server"}


def test_a_service_without_tenants_does_not_start(folder):
    (folder.path / "tenants" / "bank.toml").unlink()
    (line,) = folder.mistakes()
    assert line.startswith("tenants: has no tenant; add a <tenant_id>.toml")


def test_an_unreadable_file_is_reported(folder):
    (folder.path / "banker.toml").mkdir()
    (folder.path / "tenants" / "other.toml").mkdir()
    assert folder.mistakes() == [
        "banker.toml: cannot be read: Is a directory",
        "tenants/other.toml: cannot be read: Is a directory",
    ]


def test_a_file_without_read_permission_is_reported(folder, monkeypatch):
    from pathlib import Path

    def refuse(path, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    assert "banker.toml: cannot be read: Permission denied" in folder.mistakes()


def test_another_encoding_is_reported_and_a_byte_order_mark_is_accepted(folder):
    (folder.path / "banker.toml").write_bytes("[speech]\nvoice = 'Grüße'".encode("latin-1"))
    (line,) = folder.mistakes()
    assert line.startswith("banker.toml: is not valid TOML: ")
    (folder.path / "banker.toml").write_bytes(b"\xef\xbb\xbf[limits]\ntenant_per_minute = 7\n")
    assert folder.load().limits.tenant_per_minute == 7


def test_the_repr_of_the_configuration_has_no_secret(folder):
    folder.service("[ice]\nurls = ['turn:t:3478']\nsecret_env = 'TURN'\n[metrics]\nenabled = true\n")
    config = folder.load(TURN="turn-secret", BANKER_METRICS_TOKEN="m" * 32, BANKER_REDIS_URL="redis://:pass-word@x")
    shown = repr(config)
    for secret in (SECRET, "k" * 32, "turn-secret", "m" * 32, "pass-word"):
        assert secret not in shown


def test_the_configuration_in_the_repository_is_valid():
    assert load(environ={"BANKER_DEMO": "1"}, also=check_keys).tenants["demo"]


def test_a_mistake_in_a_page_stops_the_start_with_file_line_and_fix(folder):
    pages = folder.path / "knowledge" / "bank"
    pages.mkdir(parents=True)
    (pages / "cards.md").write_text("# Cards\n\n## Limits\n\n- Few\n")
    with pytest.raises(ConfigError) as refusal:
        load(folder.path, folder.environ, also=knowledge_mistakes)
    assert refusal.value.mistakes[0] == f"{pages / 'cards.md'}: line 5: a list cannot be spoken; write sentences"


def test_pages_are_found_by_the_tenants_name_or_in_the_folder_that_is_named(folder):
    assert folder.load().tenants["bank"].knowledge.path is None
    folder.tenant(TENANT.format(name="bank") + '[knowledge]\nfolder = "shared"\n')
    assert "tenants/bank.toml: knowledge.folder: knowledge/shared has no .md file" in folder.mistakes()[0]
    for name in ("bank", "shared"):
        (folder.path / "knowledge" / name).mkdir(parents=True)
        (folder.path / "knowledge" / name / "cards.md").write_text("# Cards\n## Limits\nFew.\n")
    assert folder.load().tenants["bank"].knowledge.path == folder.path / "knowledge" / "shared"
    folder.tenant(TENANT.format(name="bank"))
    assert folder.load().tenants["bank"].knowledge.path == folder.path / "knowledge" / "bank"


@pytest.mark.parametrize(
    ("url", "is_valid"),
    [
        ("/help/{page}#{topic}", True), ("https://bank.example/{page}", True), ("/help", True),
        ("//bank.example/{page}", False), ("http://bank.example/{page}", False), ("javascript:alert(1)", False),
        ("/help/{name}", False), ("/help/{page", False), ("/help/{page.real}", False), ("/help/{}", False),
    ],
)  # fmt: skip
def test_the_address_of_a_page_is_https_or_a_path_of_the_host(folder, url, is_valid):
    folder.tenant(TENANT.format(name="bank") + f'[knowledge]\nurl = "{url}"\n')
    if is_valid:
        assert folder.load().tenants["bank"].knowledge.url == url
    else:
        assert folder.mistakes()[0].startswith("tenants/bank.toml: knowledge.url: must be https:// or a path")


@contextlib.contextmanager
def as_an_ordinary_user():
    """Tests may run as root, who may read everything."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.mark.parametrize("name", ["", "tenants", "knowledge/bank", "avatars/default", "skills"])
def test_a_folder_that_cannot_be_read_is_one_line_that_names_the_user(name):
    with tempfile.TemporaryDirectory() as root:
        folder = Folder(Path(root))
        closed = folder.path / name
        closed.mkdir(parents=True, exist_ok=True)
        folder.path.chmod(0o755)
        folder.load()  # imports what it needs while it may
        closed.chmod(0)
        with as_an_ordinary_user():
            (line,) = folder.mistakes()
        closed.chmod(0o755)
    assert line.replace(f"{root}:", ":").startswith(f"{name}: cannot be read by the user ")
    assert "let that user read it" in line


def test_pronunciations_are_words_with_letters_that_say_them(folder):
    bank = TENANT.format(name="bank")
    folder.tenant(bank + '[speech]\nrate = 0.9\n[speech.pronounce]\nNguyen = "nwin"\n"Siobhan Ó" = "shi-vawn oh"\n')
    speech = folder.load().tenants["bank"].speech
    assert (speech.rate, speech.pronounce["Nguyen"]) == (0.9, "nwin")
    folder.tenant(bank + '[speech]\nrate = 3\n[speech.pronounce]\nNguyen = "/nwin/"\n')
    lines = folder.mistakes()
    assert any(line.startswith("tenants/bank.toml: speech.rate: must be from 0.6 to 1.6") for line in lines), lines
    assert any(line.startswith("tenants/bank.toml: speech.pronounce: must be") for line in lines), lines
