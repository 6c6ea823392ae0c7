"""What routes depend on."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from app.services import Services


def services(request: Request) -> Services:
    """What the app was built with."""
    built: Services = request.app.state.services
    return built


Using = Annotated[Services, Depends(services)]
