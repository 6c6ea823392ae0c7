"""An example app in which each route is a shape that a request can take, with the tree it must leave beside it."""

from __future__ import annotations
