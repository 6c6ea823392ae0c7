"""Secrets and innocents, as data: `hide.jsonl` must be hidden, `keep.jsonl` must stay. README.md has the format."""
