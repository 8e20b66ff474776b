"""An output that nobody reads, that is full, or that is closed: one sentence, exit code 1."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apbridge.ledger import Ledger
from apbridge.ledger.run_history import RunHistory
from tests.singer.messages import SCHEMAS, state, vendor
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.singer.conftest import ToyContext

TAP = [str(Path(__file__).parent / "toy_tap.py")]
OUTPUTS = {
    "nobody reads it": ("| true", "[APB-SNG-035]"),
    "it is full": ("> /dev/full", "[APB-SNG-036]"),
    "it is closed": (">&-", "[APB-SNG-036]"),
}


def into(
    output: str,
    command: list[str],
    folder: Path,
    environment: dict[str, str],
    *,
    given: str = "",
    unbuffered: str = "",
) -> tuple[int, list[str]]:
    """Run a program with such an output; return its exit code and what it said, but for what is only told."""
    (folder / "given").write_text(given)
    line = f'{{ "$@" < {folder}/given; echo "exit code $?" >&2; }} {output}'
    done = subprocess.run(
        ["/bin/sh", "-c", line, "sh", sys.executable, *command],
        env={**environment, "PYTHONUNBUFFERED": unbuffered},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    *said, ended = done.stderr.splitlines()
    return int(ended.removeprefix("exit code ")), [one for one in said if "| INFO " not in one]


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_target_says_so_and_has_delivered(
    context: ToyContext, program: list[str], environment: dict[str, str], output: str
) -> None:
    redirection, code = OUTPUTS[output]
    given = "".join(json.dumps(one) + "\n" for one in [*SCHEMAS, vendor(1), state("t1"), *[vendor(2)] * 2000])
    ended, said = into(redirection, program, context.folder, environment, given=given)
    (sentence,) = said
    assert ended == 1
    assert sentence.endswith(code)
    with Ledger(context.url) as ledger:
        assert ("toy", "vendors", "delivered", 2) in RunHistory(ledger).counts()


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_tap_says_so(tmp_path: Path, environment: dict[str, str], output: str) -> None:
    redirection, code = OUTPUTS[output]
    (tmp_path / "config.json").write_text('{"script": {"things": ["full"]}}')
    ended, said = into(redirection, [*TAP, "--config=config.json"], tmp_path, environment)
    (sentence,) = said
    assert ended == 1
    assert sentence.endswith(code)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("word", ["--discover", "--about"])
def test_what_is_only_printed_says_so_too(
    tmp_path: Path, environment: dict[str, str], word: str, unbuffered: str
) -> None:
    (tmp_path / "config.json").write_text('{"script": {}}')
    command = [*TAP, "--config=config.json", word]
    ended, said = into("> /dev/full", command, tmp_path, environment, unbuffered=unbuffered)
    assert ended == 1
    assert [one.endswith("[APB-SNG-036]") for one in said] == [True]
