"""The page of docs/ about the services' doors, from their OpenAPI; nothing connects for it."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI

from services.ingest import app as ingest
from services.ingest.settings import IngestSettings
from services.nudge import app as nudge
from services.nudge.settings import NudgeSettings
from services.recommend.api import router as recommend_router
from shared import health, problems
from shared.connections import Connections
from shared.service import ServiceName

_NOWHERE = "redis://127.0.0.1:1/0"
_NO_SECRET = "only to describe the doors, never served"  # noqa: S105 - opens nothing
_INTRODUCTION = """\
All services speak JSON, and describe the same as below at `/docs` (from local files) and `/openapi.json`. What is \
wrong is answered as `application/problem+json` with a pointer to each fault. Activity is sent with a key of its \
community (`kindling keys create`), everything else is read and said with the service key; both as \
`Authorization: Bearer …`. In one process (`kindling up`) all doors are at one address; as separate services each has \
its own port. The pages for people are opened by signed links and are not listed."""

Schema = dict[str, Any]


def http_lines() -> list[str]:
    """Write all doors of all services."""
    lines = ["# HTTP API", "", _INTRODUCTION, ""]
    for name, described in asyncio.run(_described()).items():
        lines += [f"## {name}", ""]
        for path, methods in described["paths"].items():
            for method, door in methods.items():
                lines += _door(method.upper(), path, door, described.get("components", {}).get("schemas", {}))
    return lines


async def _described() -> dict[str, Schema]:
    connections = Connections(_NOWHERE, _NOWHERE, "docs")
    accepting = await ingest.build(IngestSettings(), connections)
    asking = await nudge.build(
        NudgeSettings.model_validate({"service_key": _NO_SECRET, "link_secret": _NO_SECRET}), connections
    )
    redis = connections.redis()
    try:
        matching = recommend_router(connections.store(redis, ServiceName.RECOMMEND), _NO_SECRET)
        return {
            ServiceName.INGEST.value: _openapi(accepting.router),
            ServiceName.RECOMMEND.value: _openapi(matching),
            ServiceName.NUDGE.value: _openapi(asking.router),
            "every service": _openapi(health.router([])),
        }
    finally:
        await redis.aclose()
        for app in (accepting, asking):
            await app.redis.aclose()
            if app.close is not None:
                await app.close()


def _openapi(router: APIRouter) -> Schema:
    app = FastAPI()
    problems.install(app)
    app.include_router(router)
    return app.openapi()


def _door(method: str, path: str, door: Schema, schemas: dict[str, Schema]) -> Iterator[str]:
    yield f"### `{method} {path}`"
    yield ""
    summary, description = door.get("summary", ""), " ".join(door.get("description", "").split())
    yield description or f"{summary}."
    yield ""
    asked = [one for one in door.get("parameters", []) if one["in"] == "query"]
    if any(one["name"] == "authorization" for one in door.get("parameters", [])):
        yield "Needs the service key."
        yield ""
    if asked:
        yield from table(("query", "is", "needed", "meaning"), [_parameter(one) for one in asked])
        yield ""
    for content, body in door.get("requestBody", {}).get("content", {}).items():
        yield from _body(content, body.get("schema", {}), schemas)
    answers = [f"{code} ({answer['description']})" for code, answer in sorted(door["responses"].items())]
    yield f"Answers {', '.join(answers)}."
    yield ""


def _parameter(one: Schema) -> tuple[str, ...]:
    schema = one["schema"]
    default = f" Default: `{schema['default']}`." if schema.get("default") is not None else ""
    said = (one.get("description", "") or schema.get("description", "")).rstrip(".")
    needed = "yes" if one.get("required") else ""
    return (f"`{one['name']}`", type_of_schema(schema), needed, f"{said}.{default}" if said else default.strip())


def _body(content: str, schema: Schema, schemas: dict[str, Schema]) -> Iterator[str]:
    found = schemas.get(str(schema.get("$ref", "")).rsplit("/", 1)[-1], schema)
    said = " ".join(found.get("description", "").split())
    yield f"Body, `{content}`" + (f": {said}" if said else ".")
    yield ""
    if properties := found.get("properties"):
        needed = set(found.get("required", ()))
        rows = [(f"`{n}`", type_of_schema(one), "yes" if n in needed else "") for n, one in properties.items()]
        yield from table(("field", "is", "needed"), rows)
        yield ""


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Write a table; what stands in cells is put on one line."""
    lines = [head, tuple("---" for _ in head), *(tuple(_cell(cell) for cell in row) for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def type_of_schema(schema: dict[str, object]) -> str:
    """Say in words what a JSON Schema takes."""
    if (ref := schema.get("$ref")) is not None:
        return str(ref).rsplit("/", 1)[-1]
    if isinstance(several := schema.get("anyOf"), list):
        return " or ".join(type_of_schema(one) for one in several)
    if isinstance(items := schema.get("items"), dict):
        return f"list of {type_of_schema(items)}"
    kind = str(schema.get("type", "any"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind
