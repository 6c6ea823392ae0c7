"""What routes depend on."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from app.services import Services
from app.shapes import ExpectedVersion


def services(request: Request) -> Services:
    """What the app was built with."""
    built: Services = request.app.state.services
    return built


ExpectedQuery = Annotated[ExpectedVersion, Query(alias="expected_version")]
Using = Annotated[Services, Depends(services)]
