"""Ask recommend what it holds of a member, over HTTP with the service key: nudge reads no other service's keys."""

import logging
from urllib.parse import quote

import httpx

from services.nudge.settings import NudgeSettings
from shared.held import Entry
from shared.service import ServiceName

_log = logging.getLogger(__name__)


class Matchmaker:
    """Asks at recommend's door. The caller keeps the client."""

    def __init__(self, http: httpx.AsyncClient, settings: NudgeSettings) -> None:
        self._http = http
        self._settings = settings

    async def held(self, community: str, member: str) -> Entry | None:
        """Give what it holds by table, as its door does; None where it is away, or answers something else."""
        base = self._settings.recommend_url.rstrip("/")
        url = f"{base}/v1/communities/{quote(community, safe='')}/members/{quote(member, safe='')}/held/matching"
        headers = {"Authorization": f"Bearer {self._settings.service_key.get_secret_value()}"}
        try:
            response = await self._http.get(url, headers=headers, timeout=self._settings.recommend_timeout_seconds)
            found = response.json() if response.is_success else None
        except (httpx.HTTPError, ValueError):
            return None
        if not isinstance(found, dict) or found.get("service") != ServiceName.RECOMMEND.value:
            # A wrong key or address is mended by the operator.
            _log.error("recommend does not say what it holds: status %s at %s", response.status_code, base)
            return None
        return found
