"""The rows of a Genie query: all pages of it, in place or behind links, and an honest word where some are missing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.sql import StatementResponse

MOST_ROWS = 10_000
"""No model reads more."""
_SECONDS = 60


@dataclass(frozen=True)
class QueryResult:
    """Column names, rows, and how many there are in all."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    total: int

    def as_csv(self) -> str:
        """Header and rows; empty without rows."""
        if not self.rows:
            return ""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return out.getvalue()

    def missing(self) -> str:
        """What is to be said where rows are missing."""
        if len(self.rows) >= self.total:
            return ""
        return f"Only {len(self.rows):,} of {self.total:,} rows are here: sums and shares of them are not those of all."


def read_result(client: WorkspaceClient, found: StatementResponse | None) -> QueryResult:
    """Fetch all pages, up to `MOST_ROWS`."""
    manifest = found.manifest if found else None
    schema = manifest.schema if manifest else None
    columns = [str(column.name) for column in (schema.columns or [] if schema else [])]
    rows: list[Any] = []
    for page in _pages(client, found):
        rows += page
        if len(rows) >= MOST_ROWS:
            break
    total = (manifest.total_row_count if manifest else None) or len(rows)
    return QueryResult(columns, rows[:MOST_ROWS], total)


def _pages(client: WorkspaceClient, found: StatementResponse | None) -> Iterator[list[Any]]:
    """Each page of the result. Where a next one cannot be asked for, this one is the last."""
    page: Any = found.result if found else None
    statement_id = getattr(found, "statement_id", None)
    while page is not None:
        links = getattr(page, "external_links", None) or []
        yield (page.data_array or []) + [row for link in links for row in _behind(link)]
        following = _next_index(page, links)
        if following is None or not statement_id:
            return
        page = client.statement_execution.get_statement_result_chunk_n(statement_id, following)


def _next_index(page: Any, links: Sequence[Any]) -> int | None:
    own: int | None = getattr(page, "next_chunk_index", None)
    return own if own is not None or not links else getattr(links[-1], "next_chunk_index", None)


def _behind(link: Any) -> list[Any]:
    """The rows that a signed address leads to. It is its own credential: ours stays here."""
    if not (url := getattr(link, "external_link", None)):
        return []
    with requests.Session() as http:
        # No netrc: the address's host is somebody's storage, and no login of ours is for it.
        http.auth = _no_credentials
        answer = http.get(url, headers=getattr(link, "http_headers", None) or {}, timeout=_SECONDS)
    if not answer.ok:
        raise OSError(f"the rows behind an external link cannot be fetched: {answer.status_code}")
    rows: list[Any] = answer.json()
    return rows


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
