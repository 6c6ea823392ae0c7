"""Whether the agent libraries' steps get into the traces."""

from __future__ import annotations

from otel_mlflow.diagnosis.check_result import CheckResult, fail, ok, warn
from otel_mlflow.diagnosis.setup import Setup
from otel_mlflow.spans.mlflow.autologging import expanded, import_flavour, unknown_flavour
from otel_mlflow.spans.mlflow.flavours import is_unknown, missing_library


def check(setup: Setup) -> CheckResult:
    """See for each flavour asked for that its library and MLflow's support for it are there."""
    flavours, source = expanded(setup.settings.tracing.autolog), setup.settings.sources["tracing.autolog"]
    unknown = [unknown_flavour(flavour) for flavour in flavours if is_unknown(flavour)]
    if unknown:
        return fail("; ".join(each.reason for each in unknown), "; ".join(each.fix for each in unknown))
    missing = {flavour: library for flavour in flavours if (library := missing_library(flavour)) is not None}
    broken = {flavour: reason for flavour in flavours if flavour not in missing and (reason := _reason(flavour))}
    if broken:
        reasons = "; ".join(f"{flavour}: {reason}" for flavour, reason in broken.items())
        return fail(
            f"MLflow's support cannot be imported: {reasons}", f"install what is missing, or take {_out(broken)}"
        )
    on = ", ".join(flavour for flavour in flavours if flavour not in missing) or "nothing"
    if missing and source != "default":
        libraries = ", ".join(f"{library} (for {flavour})" for flavour, library in missing.items())
        return warn(f"{on} is logged; not installed: {libraries}", f"install it, or take {_out(missing)}")
    return ok(f"{on} is logged (tracing.autolog: {source})")


def _reason(flavour: str) -> str:
    try:
        import_flavour(flavour)
    except ImportError as error:
        return str(error)
    return ""


def _out(flavours: dict[str, str]) -> str:
    return f"{', '.join(flavours)} out of tracing.autolog"
