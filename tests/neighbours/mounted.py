"""The user interfaces: how each is mounted in an application as its manual says, with user code that opens spans."""

from __future__ import annotations

from collections.abc import Callable

import mlflow
from fastapi import FastAPI

PATH = "/ui"
"""Below which each is mounted."""


def gradio(app: FastAPI) -> None:
    import gradio

    def greet(name: str) -> str:
        with mlflow.start_span("greet"):
            return f"Hello {name}"

    with gradio.Blocks() as blocks:
        name, greeting = gradio.Textbox(), gradio.Textbox()
        gradio.Button().click(greet, name, greeting, api_name="greet")
    gradio.mount_gradio_app(app, blocks, PATH)


def nicegui(app: FastAPI) -> None:
    from nicegui import ui

    @ui.page("/")
    def page() -> None:
        with mlflow.start_span("page"):
            greeting = ui.label("Who is there?")

            def greet() -> None:
                with mlflow.start_span("greet"):
                    greeting.set_text("Hello ada")

            ui.button("Greet", on_click=greet)

    ui.run_with(app, mount_path=PATH)


def chainlit(app: FastAPI) -> None:
    from chainlit.utils import mount_chainlit

    from tests.neighbours import mounted_chainlit

    mount_chainlit(app, target=mounted_chainlit.__file__, path=PATH)


MOUNTED: dict[str, Callable[[FastAPI], None]] = {"gradio": gradio, "nicegui": nicegui, "chainlit": chainlit}
