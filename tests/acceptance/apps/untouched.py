"""An app that knows nothing of us."""

from __future__ import annotations

from fastapi import FastAPI

app = FastAPI()


@app.get("/hello/{name}")
def hello(name: str) -> str:
    return f"hello {name}"
