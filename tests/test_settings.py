"""Settings: typed, from the environment and one file, and refused in a sentence that names them."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from kindling.secrets import FILE, load_or_make, with_secrets
from kindling.settings import described, load
from shared.failures import UnsafeSettings


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_an_unknown_setting_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo in a setting's name is not silently ignored."""
    monkeypatch.setenv("KINDLING_PREFX", "x")
    with pytest.raises(UnsafeSettings, match="KINDLING_PREFX is no setting"):
        load()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'moood = "good"\n', r"moood in kindling\.toml is no setting"),
        (b"[nudge]\nmood = 1\n", r"nudge\.mood in kindling\.toml is no setting"),
        (b"prefix = \xff\n", r"kindling\.toml is not TOML"),
    ],
)
def test_a_file_with_something_wrong_stops_the_start(body: bytes, says: str) -> None:
    """The sentence names the file, since nobody finds a typo of it in the environment."""
    Path("kindling.toml").write_bytes(body)
    with pytest.raises(UnsafeSettings, match=says):
        load()


def test_an_unknown_setting_of_a_section_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo inside of a section is found, too."""
    monkeypatch.setenv("KINDLING_NUDGE__REPLY_WAIT", "3")
    with pytest.raises(UnsafeSettings, match="KINDLING_NUDGE__REPLY_WAIT is no setting"):
        load()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("KINDLING_NUDGE__REPLY_WAIT_HOURS", "-1", "KINDLING_NUDGE__REPLY_WAIT_HOURS"),
        ("KINDLING_SERVICE_KEY", "short", "KINDLING_SERVICE_KEY"),
        ("KINDLING_LOG", "amqp://x", "^KINDLING_LOG must begin with kafka://"),
        ("KINDLING_LOG", "kafka://x:9092", "^KINDLING_STORE must be set"),
        ("KINDLING_STORE", "redis://x:abc/0", "^KINDLING_STORE names a port"),
        ("KINDLING_PREFIX", "Has Spaces", "KINDLING_PREFIX"),
        ("KINDLING_TRACES__ENDPOINT", "jaeger:4318", "^KINDLING_TRACES__ENDPOINT: must begin with http://"),
        ("KINDLING_TRACES__ENDPOINT", "grpc://jaeger:4317", "^KINDLING_TRACES__ENDPOINT: .*not gRPC"),
        ("KINDLING_TRACES__ENDPOINT", "http://jaeger:many", "^KINDLING_TRACES__ENDPOINT: is no address"),
        ("KINDLING_TRACES__ENDPOINT", "http:///v1/traces", "^KINDLING_TRACES__ENDPOINT: is no address"),
        ("KINDLING_TRACES__ENDPOINT", "http://me:secret@jaeger:4318", "OTEL_EXPORTER_OTLP_HEADERS is for that$"),
        ("KINDLING_TRACES__RATIO", "1.5", "^KINDLING_TRACES__RATIO"),
    ],
)
def test_an_unsafe_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str) -> None:
    """What is wrong is said with the setting's name, and never with a secret's value."""
    monkeypatch.setenv(name, value)
    with pytest.raises(UnsafeSettings, match=says) as caught:
        load()
    assert "short" not in str(caught.value)


@pytest.mark.parametrize(
    ("log", "store", "allowed"),
    [
        ("redis://one:6379/0", "redis://one/1", True),
        ("unix:///run/redis.sock", "unix:///run/redis.sock?db=1", True),
        ("kafka://one:9092", "redis://two", True),
        ("redis://one:6379/0", "redis://two:6379/0", False),
        ("redis://one:6379/0", "redis://one:6380/0", False),
        ("unix:///run/redis.sock", "redis://one", False),
        ("redis://one", None, False),
    ],
)
def test_a_log_on_redis_is_on_the_store_s_server(
    monkeypatch: pytest.MonkeyPatch, log: str, store: str | None, allowed: bool
) -> None:
    """Two Redis servers that lose different ends of what they held would lose events silently: it is refused."""
    monkeypatch.setenv("KINDLING_LOG", log)
    if store is not None:
        monkeypatch.setenv("KINDLING_STORE", store)
    if allowed:
        assert load().log == log
        return
    with pytest.raises(UnsafeSettings, match=r"must (name the same Redis server|be set)"):
        load()


def test_the_environment_comes_before_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One TOML file holds what an installation sets; the environment can override it."""
    file = tmp_path / "mine.toml"
    file.write_text('prefix = "from-file"\npartitions = 8\n[nudge]\nreply_wait_hours = 5\n')
    monkeypatch.setenv("KINDLING_CONFIG", str(file))
    monkeypatch.setenv("KINDLING_PARTITIONS", "16")
    settings = load()
    assert (settings.prefix, settings.partitions, settings.nudge.reply_wait_hours) == ("from-file", 16, 5)


def test_a_file_that_is_not_there_or_not_toml_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A wrong path or a broken file is a sentence, not a stack."""
    monkeypatch.setenv("KINDLING_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(UnsafeSettings, match="not there"):
        load()
    (tmp_path / "none.toml").write_text("prefix = \n")
    with pytest.raises(UnsafeSettings, match="not TOML"):
        load()


def test_every_setting_has_a_meaning() -> None:
    """`kindling settings` explains each one."""
    assert [name for name, _, meaning in described() if not meaning] == []


def test_secrets_are_made_once_and_kept_private(tmp_path: Path) -> None:
    """A second start has the same secrets, and nobody else on the machine can read them."""
    made = load_or_make(tmp_path)
    assert load_or_make(tmp_path) == made
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    settings = with_secrets(load(data_dir=tmp_path))
    assert settings.service_key is not None
    assert made.service_key not in repr(settings)


def test_the_example_of_a_deployment_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever copies the example file starts from one that is right."""
    monkeypatch.setenv("KINDLING_CONFIG", str(Path(__file__).parent.parent / "deploy" / "kindling.example.toml"))
    settings = load()
    assert settings.log is not None
    assert settings.log.startswith("kafka://")
    assert settings.nudge.ingest_url == "http://ingest:8081"


def test_a_secret_may_be_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An orchestrator's secrets are files, each named as the setting is; the environment comes before them."""
    (tmp_path / "KINDLING_SERVICE_KEY").write_text("k" * 32 + "\n")
    (tmp_path / "KINDLING_NUDGE__LINK_SECRET").write_text("l" * 32)
    (tmp_path / "somebody-elses").write_text("not looked at")
    (tmp_path / "kindling.toml").write_text('service_key = "ffffffffffffffffffffffffffffffff"\n')
    monkeypatch.setenv("KINDLING_SECRETS", str(tmp_path))
    settings = load()
    assert settings.service_key is not None
    assert settings.service_key.get_secret_value() == "k" * 32
    assert settings.nudge.link_secret.get_secret_value() == "l" * 32
    monkeypatch.setenv("KINDLING_SERVICE_KEY", "e" * 32)
    assert load().service_key == SecretStr("e" * 32)


def test_a_secret_of_no_setting_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A typo in a secret's file name is found, and so is a folder that is not there."""
    monkeypatch.setenv("KINDLING_SECRETS", str(tmp_path))
    (tmp_path / "KINDLING_SERVIC_KEY").write_text("k" * 32)
    with pytest.raises(UnsafeSettings, match="KINDLING_SERVIC_KEY is no setting"):
        load()
    monkeypatch.setenv("KINDLING_SECRETS", str(tmp_path / "none"))
    with pytest.raises(UnsafeSettings, match=r"KINDLING_SECRETS names .*none, which is no folder"):
        load()
