"""Users and sessions."""

from __future__ import annotations

import sqlite3
from heapq import nsmallest
from itertools import chain

import numpy as np

from otel_mlflow.ops.figures.chunk import Chunk
from otel_mlflow.ops.figures.chunks import chunks
from otel_mlflow.ops.figures.sums import Sums, distinct
from otel_mlflow.ops.index.columns import Array
from otel_mlflow.ops.index.rollups import SPENT
from otel_mlflow.ops.index.words import Words
from otel_mlflow.ops.question import Question
from otel_mlflow.ops.sources.base import MOST_ROWS
from otel_mlflow.ops.sources.statements import LOOK_BACK
from otel_mlflow.ops.summary import Row
from otel_mlflow.pacing import paced


class People:
    """Who sent requests, and in which sessions."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._users = Sums(words.size("user"), SPENT)
        self._sessions = Sums(words.size("session"), ("total_tokens",))
        self._last = np.zeros(words.size("session"), np.int64)
        self._pairs = SessionUsers(words.size("session"), words.size("user"))

    def add(self, chunk: Chunk) -> None:
        """Count."""
        users, sessions = chunk.rows("by_user"), chunk.rows("by_session")
        self._users.add(users["user"], users)
        self._sessions.add(sessions["session"], sessions)
        np.maximum.at(self._last, sessions["session"], sessions["last"])
        self._pairs.add(sessions["session"], sessions["user"])

    def totals(self, earlier: Array) -> Row:
        """How many; `earlier` marks who was seen before."""
        seen = self._users.requests[1:] > 0
        users, returning = int(seen.sum()), int((seen & earlier[1:]).sum())
        sessions = int((self._sessions.requests[1:] > 0).sum())
        people = {"users": users, "sessions": sessions, "returning_users": returning}
        return people | {"new_users": users - returning}

    def users(self) -> list[Row]:
        """Those with most requests."""
        sessions = self._pairs.sessions_by_user()
        return [
            {"user": text, **self._users.row(key), "sessions": int(sessions[key])}
            for key, text in self._largest(self._users, "user").items()
        ]

    def sessions(self) -> list[Row]:
        """Those with most requests."""
        largest = self._largest(self._sessions, "session")
        users = self._pairs.users_by_session(list(largest))
        texts = self._words.texts("user", set(chain.from_iterable(users.values())))
        return [
            {
                "session": text,
                "user": max((texts[user] for user in users[key]), default=None),
                **self._sessions.row(key),
                "time": int(self._last[key]),
            }
            for key, text in largest.items()
        ]

    def _largest(self, sums: Sums, kind: str) -> dict[int, str]:
        """The texts of those with most requests, the largest first, those that have as many by text."""
        requests = sums.requests[1:]
        least = np.partition(requests, -MOST_ROWS)[-MOST_ROWS] if len(requests) > MOST_ROWS else 0.0
        found = self._words.texts(kind, (np.flatnonzero(requests >= max(least, 1.0)) + 1).tolist())
        order = nsmallest(MOST_ROWS, paced(found), key=lambda number: (-sums.requests[number], found[number]))
        return {number: found[number] for number in order}


class SessionUsers:
    """Which users a session has: mostly one, which is kept in an array; others are kept as pairs."""

    def __init__(self, sessions: int, users: int) -> None:
        self._owner = np.zeros(sessions, np.int64)
        self._users = users
        self._others: list[Array] = []

    def add(self, sessions: Array, users: Array) -> None:
        """Take note of who was in which session."""
        both = (sessions > 0) & (users > 0)
        sessions, users = sessions[both], users[both]
        is_new = self._owner[sessions] == 0
        self._owner[sessions[is_new]] = users[is_new]
        differs = self._owner[sessions] != users
        self._others.append(sessions[differs].astype(np.int64) * self._users + users[differs])

    def sessions_by_user(self) -> Array:
        """How many sessions each user was in."""
        _, others = self._pairs()
        return np.bincount(np.concatenate((self._owner[self._owner > 0], others)), minlength=self._users)

    def users_by_session(self, wanted: list[int]) -> dict[int, set[int]]:
        """The users of some sessions."""
        found = {session: {int(self._owner[session])} - {0} for session in wanted}
        sessions, users = self._pairs()
        chosen = np.isin(sessions, wanted)
        for session, user in zip(sessions[chosen].tolist(), users[chosen].tolist(), strict=True):
            found[session].add(user)
        return found

    def _pairs(self) -> tuple[Array, Array]:
        """Sessions and users beside the owners, each pair once."""
        pairs = distinct(np.concatenate(self._others)) if self._others else np.zeros(0, np.int64)
        self._others = [pairs]
        return pairs // self._users, pairs % self._users


def seen_before(db: sqlite3.Connection, words: Words, question: Question) -> Array:
    """By number, whether a user was seen in the weeks before."""
    seen = np.zeros(words.size("user"), bool)
    weeks_before = Question(question.start_ms - LOOK_BACK, question.start_ms)
    for chunk in chunks(db, words, weeks_before, ["users"]):
        seen[chunk.rows("users")["user"]] = True
    return seen
