"""What rows say: one sentence for the title, a few for the side, and what the chart shows. Computed from rows alone."""

from __future__ import annotations
