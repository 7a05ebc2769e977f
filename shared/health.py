"""Health and metrics of a process: alive, ready (or what it waits for), and everything measured."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.patience import Status


def router(statuses: Sequence[Status]) -> APIRouter:
    """Make the doors that operators and orchestrators look at."""
    doors = APIRouter(tags=["health"])

    @doors.get("/health/live")
    async def live() -> dict[str, str]:
        """Answer as long as the event loop turns."""
        return {"status": "alive"}

    @doors.get("/health/ready")
    async def ready() -> JSONResponse:
        """Say whether every service of this process is at work, and if not, what it waits for."""
        return JSONResponse({s.service: _told(s) for s in statuses}, 200 if all(s.ready for s in statuses) else 503)

    @doors.get("/metrics")
    async def metrics() -> Response:
        """Give what is measured, for Prometheus."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return doors


def _told(status: Status) -> dict[str, Any]:
    # Numbers of communities, not their names: this door has no lock.
    return {
        "ready": status.ready,
        "waiting": status.waiting,
        "partitions": len(status.partitions),
        "stopped_communities": len(status.stopped),
        "communities_to_be_upgraded": sum(isinstance(name, str) for name in status.newer),
        "communities_without_their_encoder": len(status.lacking),
        "records_lost": status.lost,
    }
