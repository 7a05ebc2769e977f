"""The way into Kafka: where it is, and what its clients show there; the same for all of them."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from faststream.kafka.security import parse_security
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared.failures import UnsafeSettings
from shared.kafka_security import IN_THE_CLEAR, KafkaSecurity

_LOGINS = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
_REFUSES_LOGIN = (
    AuthenticationFailedError,
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
_ANSWER_MS = 5000


@dataclass(frozen=True)
class KafkaAccess:
    """A list of `host:port`, and what is asked there."""

    servers: Sequence[str]
    security: KafkaSecurity = IN_THE_CLEAR

    @cached_property
    def shown(self) -> BaseSecurity | None:
        """What FastStream's brokers show; None in the clear."""
        security = self.security
        context = self._context() if security.tls else None
        if not security.logs_in:
            return BaseSecurity(ssl_context=context, use_ssl=True) if security.tls else None
        login = _LOGINS[security.mechanism]
        return login(security.user, security.password.get_secret_value(), ssl_context=context, use_ssl=security.tls)

    def client(self) -> dict[str, Any]:
        """Give the arguments with which each of aiokafka's clients is made."""
        return {"bootstrap_servers": list(self.servers), **parse_security(self.shown)}

    async def check_welcome(self) -> None:
        """Find out whether a server that could not be used refuses us; one that is merely away does not.

        aiokafka says for both that it cannot bootstrap.

        Raises:
            UnsafeSettings: it does; the sentence names the settings.
        """
        for host, port, _ in collect_hosts(list(self.servers)):
            try:
                shown = parse_security(self.shown)
                connection = await create_conn(host, port, request_timeout_ms=_ANSWER_MS, **shown)
            except _REFUSES_LOGIN as error:
                raise UnsafeSettings(
                    f"Kafka refuses the login of KINDLING_KAFKA__USER {self.security.user!r} by "
                    f"{self.security.mechanism}: its KINDLING_KAFKA__PASSWORD is another one, or Kafka does not know it"
                ) from error
            except ssl.SSLCertVerificationError as error:
                raise UnsafeSettings(
                    f"the certificate of Kafka at {host}:{port} is not trusted ({error.verify_message}): "
                    "KINDLING_KAFKA__CA_FILE names who vouches for it"
                ) from error
            except (KafkaError, OSError):
                continue
            connection.close()

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.security.ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise UnsafeSettings(f"KINDLING_KAFKA__CA_FILE is no file of certificates: {error}") from None
