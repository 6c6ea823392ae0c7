"""The slide agent: a question about company data goes in, a deck of HTML slides and its MLflow trace come out."""

from __future__ import annotations
