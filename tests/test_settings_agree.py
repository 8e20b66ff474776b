"""meltano.yml, each plugin's definition, its README and itself name the same settings and capabilities."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.settings import FILES, ROOT


@pytest.mark.parametrize("file", sorted(FILES), ids=lambda file: str(file.relative_to(ROOT)))
def test_file_has_the_settings_and_capabilities_that_about_tells(file: Path):
    text = file.read_text(encoding="utf-8")
    assert text == FILES[file](text), "run `make settings`"
