"""What the routes work with, built once when the app is."""

from __future__ import annotations

from dataclasses import dataclass

from app.agent.agent import SlideAgent
from app.feedback import FeedbackLog
from app.settings import AppSettings
from app.store.store import Store
from app.turns.jobs import JobQueue
from app.turns.lost_traces import LostTraces
from app.turns.running import RunningTurns
from app.turns.turn_runner import TurnRunner


@dataclass(frozen=True)
class Services:
    """The store, and who takes turns."""

    settings: AppSettings
    store: Store
    turn_runner: TurnRunner
    running: RunningTurns
    jobs: JobQueue
    feedback: FeedbackLog
    lost_traces: LostTraces


def services_for(settings: AppSettings, agent: SlideAgent) -> Services:
    """Put them together. Raises `StoreError`."""
    store = Store(settings.database.expanduser())
    turn_runner = TurnRunner(store.turns, agent, settings.prompts, settings.mode)
    running = RunningTurns(store.turns)
    lost_traces = LostTraces()
    jobs = JobQueue(store.jobs, store.turns, turn_runner, running, lost_traces, settings.jobs_at_once)
    return Services(settings, store, turn_runner, running, jobs, FeedbackLog(store.feedback), lost_traces)
