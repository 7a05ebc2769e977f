from typing import Annotated

from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field

from shared.failures import Unavailable
from shared.problems import ProblemError, install


class Body(BaseModel):
    names: list[Annotated[str, Field(max_length=3)]]


def client() -> TestClient:
    app = FastAPI()
    install(app)

    @app.get("/problem")
    async def problem() -> None:
        raise ProblemError(413, "Too large", "at most 5", headers={"X-Limit": "5"}, limit=5)

    @app.get("/away")
    async def away() -> None:
        raise Unavailable("the store is away")

    @app.get("/http")
    async def http() -> None:
        raise HTTPException(403, "not yours")

    @app.post("/body")
    async def body(_body: Body, limit: int = 1) -> int:
        return limit

    return TestClient(app)


def test_a_problem_carries_status_title_detail_headers_and_more() -> None:
    """What a door says of an error arrives whole, as problem details."""
    response = client().get("/problem")
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-limit"] == "5"
    assert response.json() == {"title": "Too large", "status": 413, "detail": "at most 5", "limit": 5}


def test_something_away_says_when_to_come_back() -> None:
    """A client is told to try again when a server is away, instead of being blamed."""
    response = client().get("/away")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert response.json()["detail"] == "the store is away"


def test_a_wrong_field_is_pointed_to() -> None:
    """A client finds each wrong field by its JSON pointer."""
    response = client().post("/body?limit=many", json={"names": ["ok", "long"]})
    assert response.status_code == 422
    assert {e["pointer"] for e in response.json()["errors"]} == {"/names/1", "/query/limit"}


def test_errors_of_the_framework_are_problems_too() -> None:
    """A path that is not there, and what the framework raises, have the same shape as our own errors."""
    assert client().get("/http").json() == {"title": "Forbidden", "status": 403, "detail": "not yours"}
    missing = client().get("/nowhere")
    assert missing.headers["content-type"] == "application/problem+json"
    assert missing.json() == {"title": "Not Found", "status": 404}
