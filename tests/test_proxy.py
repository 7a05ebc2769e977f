"""The proxy before the doors, for real: TLS, each door behind it, and nothing that is for operators."""

import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from shared.embedded import free_port
from tests.deploy.stack import wait_for

CADDYFILE = Path(__file__).parent.parent / "deploy" / "caddy" / "Caddyfile"

pytestmark = pytest.mark.skipif(shutil.which("caddy") is None, reason="there is no caddy (Debian: caddy)")


@contextmanager
def door(name: str) -> Iterator[str]:
    """Answer everything with the door's name; give its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"{name} {self.headers['X-Forwarded-Proto']} {self.path}".encode())

        do_POST = do_GET  # noqa: N815 - as its base has it

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - named so by its base
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Run Caddy with the deployment's file and a certificate of its own; give a client that trusts it."""
    folder = tmp_path_factory.mktemp("proxy")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=kindling"]
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "chain.pem"]
    subprocess.run([*make, *files], cwd=folder, check=True, capture_output=True)
    # Its fixed ports may be somebody else's on this machine.
    text = CADDYFILE.read_text().replace("127.0.0.1:2015", f"127.0.0.1:{free_port()}")
    (folder / "Caddyfile").write_text(text.replace("admin off", f"admin off\n\thttp_port {free_port()}", 1))
    address = f"https://127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        ingest, nudge = stack.enter_context(door("ingest")), stack.enter_context(door("nudge"))
        environment = {
            **os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder),
            "SITE": address, "TLS": f"tls {folder}/chain.pem {folder}/key.pem", "INGEST": ingest, "NUDGE": nudge,
        }  # fmt: skip
        log = stack.enter_context((folder / "log").open("wb"))
        command = ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
        stack.callback(process.wait)
        stack.callback(process.kill)
        verify = ssl.create_default_context(cafile=str(folder / "chain.pem"))
        client = stack.enter_context(httpx.Client(base_url=address, verify=verify))

        def ready() -> bool:
            assert process.poll() is None, (folder / "log").read_text()
            try:
                return client.get("/").status_code == 200
            except httpx.TransportError:
                return False

        wait_for(ready, "the proxy answers", 20)
        yield client


def test_activity_goes_to_ingest_and_all_else_to_nudge(site: httpx.Client) -> None:
    """One address for the world: platforms send to it, and members open their pages there."""
    assert site.post("/v1/communities/mine/activities").text == "ingest https /v1/communities/mine/activities"
    for path in ("/inbox/abc", "/v1/communities/mine/members/ada/nudges", "/"):
        answer = site.get(path)
        assert answer.text == f"nudge https {path}"
        assert answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize("path", ["/metrics", "/health/ready", "/docs", "/openapi.json", "/docs/x", "/./metrics"])
def test_what_is_for_operators_stays_inside(site: httpx.Client, path: str) -> None:
    """These have no key: the world does not see them."""
    assert site.get(path).status_code == 404
