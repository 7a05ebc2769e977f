"""Print deploy/.env.example, made from the settings: `python -m deploy.env_example > deploy/.env.example`."""

import textwrap

from kindling.settings import described

# Of the compose file itself: name, value, meaning.
COMPOSE = [
    ("MODEL", "", "SHA-256 of the exported embedding model; `make images` prints and writes it."),
    ("TAG", "latest", "Tag of the images kindling-ingest, kindling-recommend and kindling-nudge."),
    ("ENV_FILE", ".env", "File from which the services have their settings, those KINDLING_… below."),
    ("PUBLISH", "127.0.0.1", "Address of this machine on which the doors are open; put a proxy with TLS before them."),
    ("INGEST_PORT", "8081", "Port there of the front door for activity."),
    ("NUDGE_PORT", "8083", "Port there of the members' pages."),
    ("PROMETHEUS_PORT", "9090", "Port of Prometheus (profile monitoring), for this machine alone."),
    ("GRAFANA_PORT", "3000", "Port of Grafana (profile monitoring), for this machine alone."),
    ("JAEGER_PORT", "16686", "Port of Jaeger (profile traces), for this machine alone."),
    ("DEMO_PORT", "8080", "Port of the demo's pages (profile demo), for this machine alone."),
    ("SITE", "localhost", "Name by which the world reaches the proxy of compose.proxy.yaml."),
    ("TLS", "", "Its certificate: `tls /certificates/CHAIN.pem /certificates/KEY.pem`; not set: by ACME."),
    ("CERTIFICATES", "./certificates", "Folder of these files, mounted there as /certificates."),
    ("SECRETS", "./secrets", "Folder of the secrets' files; `make secrets` makes them."),
    ("KAFKA_MEMORY", "1g", "Most memory of Kafka; its heap is half a gigabyte."),
    ("REDIS_MEMORY", "2g", "Most memory of Redis, in which all state lives; more communities need more."),
    ("INGEST_MEMORY", "512m", "Most memory of ingest."),
    ("RECOMMEND_MEMORY", "2g", "Most memory of recommend; a training takes as much again as a community's state."),
    ("NUDGE_MEMORY", "1g", "Most memory of nudge."),
]
# Said by the compose file, which knows where its servers are; and by the images.
GIVEN = {
    "KINDLING_LOG", "KINDLING_STORE", "KINDLING_HOST", "KINDLING_DATA_DIR", "KINDLING_INGEST_PORT",
    "KINDLING_RECOMMEND_PORT", "KINDLING_NUDGE_PORT", "KINDLING_NUDGE__INGEST_URL", "KINDLING_NUDGE__RECOMMEND_URL",
    "KINDLING_RECOMMEND__CACHE_DIR",
}  # fmt: skip
# Files in the folder of secrets, so that no process's environment shows them.
SECRETS = {
    "KINDLING_SERVICE_KEY", "KINDLING_INGEST__SERVICE_KEY", "KINDLING_NUDGE__SERVICE_KEY",
    "KINDLING_NUDGE__LINK_SECRET", "KINDLING_KAFKA__PASSWORD", "KINDLING_STORE_PASSWORD",
}  # fmt: skip


def example() -> str:
    """Give the file's content; every setting is in it, those with a default as a comment."""
    lines = ["# Copy to .env beside it. What is commented out shows the default.", "", "# Of the compose file", ""]
    for name, value, meaning in COMPOSE:
        lines += [*_comment(meaning), f"{name}={value}" if not value else f"#{name}={value}", ""]
    lines += ["# Of Kindling: `docker compose up -d` takes changes into use", ""]
    for name, default, meaning in described():
        lines += [*_comment(meaning + _elsewhere(name)), f"#{name}={_written(default)}", ""]
    return "\n".join(lines)


def _elsewhere(name: str) -> str:
    if name in SECRETS:
        return " A file in SECRETS, not here."
    return " Set by compose.yaml; not here." if name in GIVEN else ""


def _written(default: str) -> str:
    """Write a default as the environment would: a tuple is a JSON array."""
    if default.startswith("("):
        return f"[{default.strip('()').rstrip(',')}]"
    return "" if set(default) == {"*"} else default


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, 110, initial_indent="# ", subsequent_indent="# ")


if __name__ == "__main__":
    print(example(), end="")
