"""The spool's SQL. Records of one owner are found in the order of their ids by the indexes that are named here."""

from __future__ import annotations

NOBODY = ""
"""Owner of the records that anybody may take."""

QUARANTINE = "!"
"""Owner of the records that wait for a person."""

DESTINATION = "INSERT INTO destination (name) VALUES (?) ON CONFLICT DO NOTHING"
DESTINATION_ID = "SELECT id FROM destination WHERE name = ?"

_INSERT = """
INSERT INTO record (destination, owner, spooled_at, awaits, counted, trace_id, experiment, checksum, info, spans)
VALUES """
_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
ROWS_AT_ONCE = 99
"""SQLite takes 999 parameters in a statement, unless it is newer than we ask for."""

BYTES_AT_ONCE = 1024 * 1024
"""They are copied before the statement runs, and no other thread has the interpreter meanwhile."""

COUNT = """
INSERT INTO counter (destination, name, value) VALUES (?, ?, ?)
ON CONFLICT (destination, name) DO UPDATE SET value = value + excluded.value
"""

OLDEST = """
SELECT experiment FROM record INDEXED BY record_by_owner
WHERE owner = ? AND destination = ? AND awaits = ? AND (experiment IS NULL OR experiment NOT IN ({but}))
AND id > ? AND id NOT IN ({skipped})
ORDER BY id LIMIT 1
"""

BATCH = """
SELECT id, trace_id, spans, info, experiment, counted, attempts, checksum
FROM record INDEXED BY record_by_experiment
WHERE owner = ? AND destination = ? AND awaits = ? AND experiment IS ? AND id > ? AND id NOT IN ({skipped})
ORDER BY id LIMIT ?
"""

MORE_THAN = """
SELECT 1 FROM record INDEXED BY record_by_owner
WHERE owner = ? AND destination = ? AND awaits = ? LIMIT 1 OFFSET ?
"""

FEEDBACK = """
SELECT id, trace_id, info, attempts FROM record AS feedback
WHERE owner = ? AND destination = ? AND awaits = 'feedback' AND id NOT IN ({skipped})
AND NOT EXISTS (
    SELECT 1 FROM record WHERE trace_id = feedback.trace_id AND awaits = 'whole' AND quarantined = 0
)
ORDER BY id LIMIT 1
"""

COUNTED = "SELECT coalesce(sum(counted), 0) FROM record WHERE id IN ({ids})"
DELETE = "DELETE FROM record WHERE id IN ({ids})"
IDS_AT_ONCE = 900
KEEP_METADATA = "UPDATE record SET awaits = 'details', spans = x'', checksum = ? WHERE id = ?"
OUTDATED = (
    "SELECT id FROM record WHERE trace_id = ? AND owner = ? AND destination = ? AND awaits = 'details' AND id < ?"
)
MARK_ATTEMPTED = "UPDATE record SET attempts = attempts + 1 WHERE id = ?"
QUARANTINED = """
UPDATE record SET quarantined = 1, owner = '!', attempts = max(attempts, 1), reason = ?
WHERE id = ? AND quarantined = 0
"""

OWNERS = "SELECT DISTINCT owner FROM record WHERE owner NOT IN ('', '!')"
RELEASE = "UPDATE record SET owner = '' WHERE owner = ?"
FORGET_PROCESS = "DELETE FROM process WHERE owner = ?"

IS_ORPHANED = "SELECT 1 FROM record WHERE owner = '' AND destination = ? LIMIT 1"

# With all other records of the same traces: what was said last of a trace must arrive last.
CLAIM = """
UPDATE record SET owner = ? WHERE owner = '' AND destination = ? AND trace_id IN (
    SELECT trace_id FROM record INDEXED BY record_by_owner WHERE owner = '' AND destination = ? ORDER BY id LIMIT ?
)
"""

COUNTERS = "SELECT name, value FROM counter WHERE destination = ?"
WAITING = "SELECT quarantined, count(*) FROM record WHERE destination = ? AND counted = 1 GROUP BY quarantined"
PENDING = "SELECT count(*) FROM record WHERE destination = ? AND quarantined = 0"
OWNED = "SELECT 1 FROM record WHERE owner IN (?, '') AND destination = ? LIMIT 1"
SPOOLED_AT = """
SELECT spooled_at FROM record WHERE id = (
    SELECT min(id) FROM (
        SELECT min(id) AS id FROM record WHERE destination = ? AND quarantined = 0 AND counted = 0
        UNION ALL SELECT min(id) FROM record WHERE destination = ? AND quarantined = 0 AND counted = 1
    )
)
"""

OLDEST_OF_ALL = "SELECT id, destination, counted FROM record ORDER BY id LIMIT 1"
PUBLISH_STATUS = """
INSERT INTO process (owner, destination, status) VALUES (?, ?, ?)
ON CONFLICT (owner) DO UPDATE SET status = excluded.status
"""


def insert(rows: int) -> str:
    """Insert so many records in one statement.

    The interpreter lets other threads run during each statement, and where an event loop is busy it takes 5 ms to get
    it back: a statement for each record would make the writer too slow to keep its promise.
    """
    return _INSERT + ", ".join([_ROW] * rows)
