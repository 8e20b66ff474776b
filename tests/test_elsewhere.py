"""A Meltano user adds one tap to a project elsewhere, by the commands of its README alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from apbridge_sandbox.testing import Running, running
from demo.meltano import PROGRAMS, ROOT
from tests.project import environment
from tests.waiting import PATIENCE

pytestmark = pytest.mark.long

TAP = "tap-netsuite-ap"
SECTION = re.compile(
    r"^## In a Meltano project elsewhere$.*?^```sh\n(?P<commands>.*?)^```$", re.MULTILINE | re.DOTALL
)
LOADER = {
    "name": "target-jsonl",
    "namespace": "target_jsonl",
    "variant": "andyh1203",
    "label": "JSON Lines",
    "executable": str(ROOT / ".third-party/target-jsonl/bin/target-jsonl"),  # which make has set up
    "settings": [{"name": "destination_path", "value": "output"}],
}


def documented() -> str:
    found = SECTION.search((ROOT / TAP / "README.md").read_text(encoding="utf-8"))
    assert found
    return found["commands"]


def published(folder: Path) -> Path:
    """Make a git repository of the packages, as they lie here."""
    ignored = shutil.ignore_patterns("__pycache__", "tests", "*.egg-info")
    for manifest in ROOT.glob("[!.]*/pyproject.toml"):
        package = manifest.parent.name
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    for file in ("LICENSE", "VERSION", "pyproject.toml"):
        shutil.copy(ROOT / file, folder)
    author = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com")
    for words in (("init", "--quiet"), ("add", "."), (*author, "commit", "--quiet", "--message=release")):
        subprocess.run(["git", *words], cwd=folder, check=True)  # noqa: S607
    return folder


def hub(folder: Path) -> None:
    """Write the part of MeltanoHub that knows the loader."""
    plugins = folder / "meltano/api/v1/plugins"
    for kind in ("extractors", "loaders"):
        (plugins / kind).mkdir(parents=True)
        (plugins / kind / "index").write_text("{}", encoding="utf-8")
    (plugins / "loaders/of.json").write_text(json.dumps(LOADER), encoding="utf-8")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def walked(project: Path, commands: str, sandbox: Running, hub_url: str) -> str:
    """Run the commands in one shell, as somebody would who has no more than Meltano."""
    env = environment(project)
    env |= {name: sandbox.credentials[name] for name in ("NETSUITE_CLIENT_ID", "NETSUITE_CERTIFICATE_ID")}
    env |= {
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "MELTANO_HUB_URL": hub_url,
        "UV_CONSTRAINT": str(ROOT / "constraints.txt"),
    }
    env.pop("PYTHONPATH", None)
    done = subprocess.run(
        ["/bin/bash", "-eux", "-c", commands],
        cwd=project,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_tap_is_added_to_a_project_elsewhere_and_run(tmp_path: Path):
    project, web = tmp_path / "project", tmp_path / "web"
    project.mkdir()
    repository = published(web / "repository")
    hub(web)
    with running(folder=tmp_path, vendors=3, bills=4) as sandbox, served(web) as url:
        entry = f"{url}/meltano/api/v1/plugins/loaders/of.json"
        index = {
            "target-jsonl": {
                "default_variant": "andyh1203",
                "variants": {"andyh1203": {"ref": entry}},
                "logo_url": "",
            }
        }
        (web / "meltano/api/v1/plugins/loaders/index").write_text(json.dumps(index), encoding="utf-8")
        shutil.copy(tmp_path / "private_key.pem", project)
        (project / "private_key.pem").chmod(0o600)
        commands = documented()
        for told, here in (
            ("https://git.example.com/ap/apbridge/raw/main", f"{url}/repository"),
            ("https://git.example.com/ap/apbridge.git", repository.as_uri()),
            ("http://127.0.0.1:8400", sandbox.netsuite_url),
        ):
            assert told in commands
            commands = commands.replace(told, here)
        said = walked(project, commands, sandbox, url)
        assert re.search(r'"tap_stream_id": ?"bills"', said)
        (written,) = (project / "output").glob("bills-*.jsonl")
        ids = {json.loads(line)["id"] for line in written.read_text(encoding="utf-8").splitlines()}
        assert ids == {bill["id"] for bill in sandbox.books()["netsuite"]["bills"]}
