"""Kafka that asks for a login: unsafe settings are refused by name, and every client shows the same."""

from pathlib import Path

import pytest

from kindling.settings import load
from shared.failures import UnsafeSettings
from shared.kafka_access import KafkaAccess
from shared.kafka_security import KafkaSecurity

PASSWORD = "correct horse"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"PROTOCOL": "SASL_SSL"}, "needs KINDLING_KAFKA__USER and KINDLING_KAFKA__PASSWORD"),
        ({"PROTOCOL": "SASL_SSL", "USER": "ada"}, "needs KINDLING_KAFKA__USER and KINDLING_KAFKA__PASSWORD"),
        ({"USER": "ada", "PASSWORD": PASSWORD}, "need KINDLING_KAFKA__PROTOCOL SASL_SSL"),
        ({"PROTOCOL": "SASL_PLAINTEXT", "USER": "ada", "PASSWORD": PASSWORD, "MECHANISM": "PLAIN"}, "use SASL_SSL"),
        ({"CA_FILE": "ca.pem"}, "nothing is encrypted"),
        ({"PROTOCOL": "TLS"}, "^KINDLING_KAFKA__PROTOCOL: "),
    ],
)
def test_what_would_be_open_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: dict[str, str], says: str
) -> None:
    """Half of a login, or a password in the clear, stops the start, and the sentence does not quote it."""
    monkeypatch.chdir(tmp_path)
    for name, value in given.items():
        monkeypatch.setenv(f"KINDLING_KAFKA__{name}", value)
    with pytest.raises(UnsafeSettings, match=says) as caught:
        load()
    assert PASSWORD not in str(caught.value)


def test_the_password_may_be_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As every secret; and what is printed of the settings does not show it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "KINDLING_KAFKA__PASSWORD").write_text(PASSWORD + "\n")
    monkeypatch.setenv("KINDLING_SECRETS", str(tmp_path))
    monkeypatch.setenv("KINDLING_KAFKA__PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("KINDLING_KAFKA__USER", "ada")
    found = load().kafka
    assert found.password.get_secret_value() == PASSWORD
    assert PASSWORD not in repr(found)


def test_clients_show_what_is_set() -> None:
    """Over TLS the certificate is checked, and with it the name of the server."""
    security = KafkaSecurity.model_validate({"protocol": "SASL_SSL", "user": "ada", "password": PASSWORD})
    shown = KafkaAccess(["kafka:9092"], security).client()
    assert (shown["security_protocol"], shown["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (shown["sasl_plain_username"], shown["sasl_plain_password"]) == ("ada", PASSWORD)
    assert shown["ssl_context"].check_hostname
    assert KafkaAccess(["kafka:9092"]).client() == {"bootstrap_servers": ["kafka:9092"]}


def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    """Whoever names the wrong file hears which setting it is."""
    security = KafkaSecurity.model_validate({"protocol": "SSL", "ca_file": tmp_path / "none.pem"})
    with pytest.raises(UnsafeSettings, match=r"^KINDLING_KAFKA__CA_FILE "):
        KafkaAccess(["kafka:9092"], security).client()
