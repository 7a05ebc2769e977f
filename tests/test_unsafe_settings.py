"""Settings of the services that would start, and then do harm, are refused by name."""

import pytest
from pydantic import ValidationError

from kindling.settings import load
from services.ingest.settings import IngestSettings
from services.nudge.settings import NudgeSettings
from shared.failures import UnsafeSettings

SECRET = "s" * 32


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KINDLING_NUDGE__SERVICE_KEY", "abc"),
        ("KINDLING_NUDGE__SERVICE_KEY", SECRET[1:]),
        ("KINDLING_NUDGE__LINK_SECRET", "abc"),
        ("KINDLING_INGEST__SERVICE_KEY", "abc"),
        ("KINDLING_NUDGE__PUBLIC_URL", "community.example.org"),
        ("KINDLING_NUDGE__PUBLIC_URL", "ftp://community.example.org"),
        ("KINDLING_NUDGE__PUBLIC_URL", "https://"),
        ("KINDLING_NUDGE__PUBLIC_URL", "https://a b"),
        ("KINDLING_NUDGE__INGEST_URL", "http://ingest:many"),
        ("KINDLING_NUDGE__INGEST_TIMEOUT_SECONDS", "inf"),
        ("KINDLING_NUDGE__WORK_WEEKDAYS", "[]"),
        ("KINDLING_NUDGE__WORK_STARTS", "09:00+02:00"),
        ("KINDLING_NUDGE__WORK_ENDS", "17:00Z"),
        ("KINDLING_INGEST__TICK_SECONDS", "0.001"),
        ("KINDLING_INGEST__BODY_SECONDS", "inf"),
        ("KINDLING_INGEST__BODY_SECONDS", "nan"),
    ],
)
def test_an_unsafe_setting_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The sentence names the setting, and quotes neither secrets nor our classes."""
    monkeypatch.setenv(name, value)
    with pytest.raises(UnsafeSettings, match=f"^{name}: ") as caught:
        load()
    assert "items" not in str(caught.value)
    assert not ("SE" in name and value in str(caught.value))


def test_what_is_right_is_taken() -> None:
    """Empty secrets are those that the data directory has; addresses may have a port and a path."""
    nudge = NudgeSettings.model_validate(
        {"service_key": "", "link_secret": SECRET, "public_url": "https://example.org:8443/inbox", "work_weekdays": [6]}
    )
    assert nudge.default_hours().weekdays == (6,)
    assert IngestSettings.model_validate({"service_key": None, "tick_seconds": 1}).tick_seconds == 1
    assert not IngestSettings.model_validate({"service_key": ""}).service_key
    with pytest.raises(ValidationError):
        NudgeSettings.model_validate({"link_secret": SECRET[1:]})
