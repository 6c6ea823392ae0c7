"""An application that orders a job in any of the queues."""

from __future__ import annotations

import arq
import mlflow
import redis
import rq
from fastapi import FastAPI

import otel_mlflow
from tests.acceptance.apps.control import Control
from tests.neighbours import jobs_arq, jobs_celery, jobs_dramatiq, jobs_rq
from tests.neighbours.jobs import REDIS_URL

app = FastAPI(openapi_url=None)


@app.post("/celery")
def order_in_celery() -> None:
    with mlflow.start_span("order"):
        jobs_celery.job.delay(otel_mlflow.current_trace().carrier())


@app.post("/rq")
def order_in_rq() -> None:
    with mlflow.start_span("order"):
        queue = rq.Queue(connection=redis.Redis.from_url(REDIS_URL))
        queue.enqueue(jobs_rq.job, otel_mlflow.current_trace().carrier())


@app.post("/arq")
async def order_in_arq() -> None:
    with mlflow.start_span("order"):
        pool = await arq.create_pool(jobs_arq.SETTINGS)
        await pool.enqueue_job("job", otel_mlflow.current_trace().carrier())
        await pool.aclose()


@app.post("/dramatiq")
def order_in_dramatiq() -> None:
    with mlflow.start_span("order"):
        jobs_dramatiq.job.send(otel_mlflow.current_trace().carrier())


served = Control(app, otel_mlflow.instrument(app))
