"""The store, put together."""

from __future__ import annotations

from pathlib import Path

from app.store.database import Database
from app.store.decks import Decks
from app.store.feedback import FeedbackStore
from app.store.jobs import Jobs
from app.store.sessions import Sessions
from app.store.turns import Turns
from app.store.workers import Workers


class Store:
    """All that is kept, in one file; beside it a folder with a lock for each living worker.

    Everything in it waits for the disk: to be called in threads. Raises `StoreError` where there can be no file.
    """

    def __init__(self, path: Path) -> None:
        database = Database(path)
        workers = Workers(path.with_name(f"{path.name}.workers"))
        self.sessions = Sessions(database, workers)
        self.decks = Decks(database, workers)
        self.turns = Turns(database, workers)
        self.jobs = Jobs(database, workers)
        self.feedback = FeedbackStore(database)
