"""An application with the dashboard in it, for a real server; its settings come from the environment."""

from __future__ import annotations

from fastapi import FastAPI, HTTPException

import otel_mlflow

app = FastAPI(title="Served")
tracing = otel_mlflow.instrument(app)
app.mount("/ops", otel_mlflow.ops.app(tracing, show_users=True))


@app.get("/items/{item}")
async def get_item(item: int) -> int:
    """An answer, or none: item 13 is not there, item 666 raises."""
    if item == 13:
        raise HTTPException(404)
    if item == 666:
        raise ValueError("the secret of 666")
    return item
