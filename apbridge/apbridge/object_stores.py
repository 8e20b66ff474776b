"""Object stores that a spool may be in, by the scheme of its URL, and what each needs installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import NamedTuple

from apbridge.errors import SettingError
from apbridge.redaction import without_credentials


class ObjectStore(NamedTuple):
    """A kind of object store.

    Args:
        extra: The extra of `apbridge` that brings what it needs.
        module: What it needs, beside fsspec.
    """

    extra: str
    module: str


_S3, _GCS, _ABFS = ObjectStore("s3", "s3fs"), ObjectStore("gcs", "gcsfs"), ObjectStore("abfs", "adlfs")
_STORES = {"s3": _S3, "s3a": _S3, "gcs": _GCS, "gs": _GCS, "abfs": _ABFS, "abfss": _ABFS, "az": _ABFS}


def is_object_store(url: str) -> bool:
    """Return whether a URL is that of an object store: it has no folders, and a whole object or none."""
    return url.partition("://")[0] in _STORES


def check(spool_url: str) -> None:
    """Check that what a spool's URL needs is installed. Nothing is loaded for it, and nobody is asked.

    Raises:
        SettingError: It is not; it says how to install it.
    """
    store = _STORES.get(spool_url.partition("://")[0])
    if store and not find_spec(store.module):
        spool = without_credentials(spool_url)
        raise SettingError("APB-SPL-006", spool_url=spool, module=store.module, extra=store.extra)
