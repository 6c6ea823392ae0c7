"""The doctor's checks, a module each: `check(setup)` answers a `CheckResult` or raises a `DeliveryError`."""

from __future__ import annotations
