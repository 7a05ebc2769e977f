"""The page that describes the doors."""

import re

import httpx

from shared.app import doors


async def test_the_page_of_the_doors_loads_nothing_from_elsewhere() -> None:
    """`/docs` works offline and tells nobody who reads it: all that it loads is there, and is ours."""
    transport = httpx.ASGITransport(doors([]))
    async with httpx.AsyncClient(transport=transport, base_url="http://kindling") as client:
        page = (await client.get("/docs")).text
        assert "://" not in page
        loaded = re.findall(r"""(?:src|href)="([^"]+)"|url: '([^']+)'""", page)
        paths = {path for found in loaded for path in found if path}
        assert len(paths) >= 4
        for path in paths:
            answer = await client.get(path)
            assert (path, answer.status_code) == (path, 200)
            assert len(answer.content) > 100
        assert "/health/ready" in (await client.get("/openapi.json")).json()["paths"]
        # The badge of swagger-ui sends the address of what it shows to a validator elsewhere.
        assert re.search(r"\"validatorUrl\": null", page)
