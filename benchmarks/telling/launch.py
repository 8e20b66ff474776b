"""Starts a program, waits for it, and tells what it took: `python -I -S launch.py FILE COMMAND …`.

What a system keeps of a process's greatest memory begins with that of the process that started it. A
benchmark has many libraries loaded, and this has none.
"""

import json
import os
import sys
import time

told, *command = sys.argv[1:]
began = time.perf_counter()
process = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(process, 0)
took = {
    "seconds": time.perf_counter() - began,
    "processor": usage.ru_utime + usage.ru_stime,
    "peak_mb": usage.ru_maxrss / 1024,
}
with open(told, "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib is a library too
    json.dump(took, file)
sys.exit(os.waitstatus_to_exitcode(status) and 1)
