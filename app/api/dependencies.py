"""What routes depend on."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from app.services import Services
from app.shapes import ExpectedVersion


def read_services(request: Request) -> Services:
    """What the app was built with."""
    built: Services = request.app.state.services
    return built


ExpectedVersionQuery = Annotated[ExpectedVersion, Query(alias="expected_version")]
ServicesDep = Annotated[Services, Depends(read_services)]
