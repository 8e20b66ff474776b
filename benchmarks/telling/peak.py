"""The greatest memory of a process, as it tells it of itself."""

from __future__ import annotations

import resource
from contextlib import suppress
from pathlib import Path

_STATUS = Path("/proc/self/status")
_MOST = "VmHWM:"


def peak_mb() -> float:
    """Return the greatest memory that this process has had, in MB."""
    # What `getrusage` tells begins with the memory of the process that started this one.
    with suppress(OSError):
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith(_MOST):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
