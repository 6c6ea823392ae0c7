"""`otel-mlflow run`: an application that nobody touched gets what `instrument()` gives.

Python imports `sitecustomize` when it starts. `bootstrap/` holds one and stands first on `PYTHONPATH`, so that it is
found in the command that is run and in all processes that this starts: workers, reloaders. It imports whatever other
`sitecustomize` there is behind it.
"""

from __future__ import annotations
