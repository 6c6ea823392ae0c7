"""The proxy between us and a backend: as the environment names it, and what is said of one that is of no use."""

from __future__ import annotations

from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ProxySchemeUnknown
from urllib3.util import Url

from otel_mlflow.errors import DeliveryError, MisconfigurationError, RetryableError
from otel_mlflow.settings.addresses import without_userinfo

VARIABLES = "HTTP_PROXY, HTTPS_PROXY or ALL_PROXY, whichever names it"

_WANTS_CREDENTIALS = "407"


def proxy_manager(proxy: str, options: dict[str, Any]) -> urllib3.ProxyManager:
    """Connections by way of a proxy, with the credentials in its address, as requests would have them.

    Raises `MisconfigurationError` for an address that is none, or of another kind of proxy.
    """
    address = proxy if "://" in proxy else f"http://{proxy}"
    try:
        headers = HTTPAdapter().proxy_headers(address)
        return urllib3.ProxyManager(address, proxy_headers=headers, **options)
    except ProxySchemeUnknown as error:
        scheme = address.partition("://")[0]
        raise _unusable(f"it is of the kind {scheme!r}, where http and https are known") from error
    except (HTTPError, ValueError) as error:
        raise _unusable("its address is none") from error


def proxy_error(cause: BaseException, address: str, proxy: Url) -> DeliveryError:
    """The error for a backend at `address` that its proxy did not let us reach."""
    shown = without_userinfo(proxy.url)
    reason = f"{address} cannot be reached by way of the proxy {shown}: {str(cause) or type(cause).__name__}"
    if _WANTS_CREDENTIALS in str(cause):
        return MisconfigurationError(reason, f"put its user and password into {VARIABLES}")
    return RetryableError(reason, f"check that the proxy is running, and correct {VARIABLES}, or set NO_PROXY")


def _unusable(seen: str) -> MisconfigurationError:
    return MisconfigurationError(
        f"the proxy that the environment names cannot be used: {seen}",
        f"correct {VARIABLES}, or name the backend's host in NO_PROXY",
    )
