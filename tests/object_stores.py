"""Where a spool may be: in a real object store on this machine, which speaks as S3 does (moto's server)."""

from __future__ import annotations

import atexit
import os
import subprocess
from functools import cache
from itertools import count

import s3fs

from tests.third_party.programs import THIRD_PARTY

_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0)
server.start()
print("ready", *server.get_host_and_port(), flush=True)
sys.stdin.read()
"""
_numbers = count(1)


def new_bucket() -> str:
    """Make an empty bucket, and set what the environment says of it; return its URL."""
    os.environ.update(variables())
    name = f"spool-{next(_numbers)}"
    s3fs.S3FileSystem(skip_instance_cache=True).mkdir(name)
    return f"s3://{name}"


@cache
def variables() -> dict[str, str]:
    """Start the server; return the variables that lead to it."""
    python = THIRD_PARTY / "moto/bin/python"
    assert python.exists(), f"{python} is missing: run `make test`, which sets it up"
    # In a session of its own, and it ends with this process, however that ends: its input does.
    server = subprocess.Popen(
        [python, "-c", _SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )

    def stop() -> None:
        assert server.stdin
        server.stdin.close()
        server.wait()

    atexit.register(stop)
    assert server.stdout
    # It greets, too.
    host, port = next(line for line in server.stdout if line.startswith("ready ")).split()[1:]
    return {
        "AWS_ACCESS_KEY_ID": "spool",
        "AWS_SECRET_ACCESS_KEY": "spool",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }
