"""An index of traces on this host: what the dashboard counts in, whatever the backend."""

from __future__ import annotations
