"""What Kafka asks of whoever comes: in the clear, over TLS, with a login, or both."""

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class KafkaSecurity(BaseModel):
    """Settings of all Kafka clients of a process."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How Kafka is spoken to: SSL is TLS, SASL a login; production needs SASL_SSL."
    )
    mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = Field(
        "SCRAM-SHA-512", description="How the login is proved; PLAIN shows the password, and is taken over TLS alone."
    )
    user: str = Field("", description="Who logs in at Kafka.")
    password: SecretStr = Field(SecretStr(""), description="The password of that login.")
    ca_file: Path | None = Field(
        None, description="PEM file of the authority that vouches for Kafka. Default: those that the system trusts."
    )

    @property
    def logs_in(self) -> bool:
        return self.protocol.startswith("SASL")

    @property
    def tls(self) -> bool:
        return self.protocol.endswith("SSL")

    def fault(self) -> str | None:
        """Say in a sentence what is missing or unsafe; None where nothing is."""
        if self.logs_in and not (self.user and self.password.get_secret_value()):
            return f"KINDLING_KAFKA__PROTOCOL {self.protocol} needs KINDLING_KAFKA__USER and KINDLING_KAFKA__PASSWORD"
        if not self.logs_in and (self.user or self.password.get_secret_value()):
            return "KINDLING_KAFKA__USER and KINDLING_KAFKA__PASSWORD need KINDLING_KAFKA__PROTOCOL SASL_SSL"
        if self.logs_in and self.mechanism == "PLAIN" and not self.tls:
            return "KINDLING_KAFKA__MECHANISM PLAIN shows the password to everybody on the way: use SASL_SSL"
        if self.ca_file is not None and not self.tls:
            return "KINDLING_KAFKA__CA_FILE needs KINDLING_KAFKA__PROTOCOL SSL or SASL_SSL: nothing is encrypted now"
        return None


IN_THE_CLEAR: Final = KafkaSecurity()
