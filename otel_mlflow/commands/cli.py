"""The command `otel-mlflow`.

Built on click, which MLflow's client brings along; tables and progress are drawn with rich where `otel-mlflow[cli]`
is installed, 13 MB that not every user of the middleware needs. Exit codes: 0 all is well, 1 something is not,
2 wrong usage.
"""

from __future__ import annotations

from pathlib import Path

import click

from otel_mlflow.commands.doctor import doctor
from otel_mlflow.commands.report import report
from otel_mlflow.commands.run import run
from otel_mlflow.commands.spool import spool
from otel_mlflow.commands.status import status


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="The YAML file, instead of the usual.")
@click.version_option(package_name="otel-mlflow")
@click.pass_context
def main(context: click.Context, config: Path | None) -> None:
    """See how traces get to MLflow, and mend what keeps them from it."""
    context.obj = config


main.add_command(doctor)
main.add_command(status)
main.add_command(spool)
main.add_command(report)
main.add_command(run)

if __name__ == "__main__":
    main()
