"""The SuiteScript project: what NetSuite would refuse to deploy, the sandbox refuses too."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from apbridge_sandbox.netsuite.suitescript.project import Project, ProjectError
from tests.netsuite.signed_in import PROJECT, SCRIPT


@pytest.mark.parametrize(
    ("file", "written", "instead", "problem"),
    [
        (
            "Objects/customrole_apbridge.xml",
            "ADMI_DELETEDRECORD</permkey>\n      <permlevel>FULL",
            "ADMI_DELETEDRECORD</permkey>\n      <permlevel>VIEW",
            "ADMI_DELETEDRECORD at level VIEW",
        ),
        ("Objects/customrole_apbridge.xml", "<permkey>TRAN_FIND<", "<permkey>TRAN_SEARCH<", "TRAN_SEARCH"),
        ("manifest.xml", '<feature required="false">SUBSIDIARIES</feature>', "", "feature SUBSIDIARIES"),
        ("manifest.xml", '<feature required="true">SERVERSIDESCRIPTING</feature>', "", "SERVERSIDESCRIPTING"),
        (
            "Objects/customscript_apbridge_restlet.xml",
            "[scriptid=customrole_apbridge]",
            "[scriptid=customrole_other]",
            "refers to customrole_other",
        ),
    ],
)
def test_a_project_that_netsuite_would_not_deploy_is_not_deployed(
    tmp_path: Path, file: str, written: str, instead: str, problem: str
):
    shutil.copytree(PROJECT / "src", tmp_path / "copy/src")
    changed = tmp_path / "copy/src" / file
    text = changed.read_text(encoding="utf-8")
    assert written in text
    changed.write_text(text.replace(written, instead), encoding="utf-8")
    with pytest.raises(ProjectError, match=problem):
        Project(tmp_path / "copy").restlet(*SCRIPT.values())


def test_a_project_is_read_as_netsuite_would(tmp_path: Path):
    with pytest.raises(ProjectError, match="no SuiteScript project"):
        Project(tmp_path)
    shutil.copytree(PROJECT / "src", tmp_path / "copy/src")
    project = Project(tmp_path / "copy")
    assert project.restlet(*SCRIPT.values())
    script = tmp_path / "copy/src/FileCabinet/SuiteScripts/apbridge/apbridge_restlet.js"
    script.write_text(script.read_text(encoding="utf-8").replace("@NApiVersion 2.1", ""), encoding="utf-8")
    restlet = project.restlet(*SCRIPT.values())
    assert restlet
    with pytest.raises(ProjectError, match="lacks the tag"):
        restlet.source()
    deployment = tmp_path / "copy/src/Objects/customscript_apbridge_restlet.xml"
    released = deployment.read_text(encoding="utf-8")
    deployment.write_text(released.replace("RELEASED", "TESTING"), encoding="utf-8")
    assert project.restlet(*SCRIPT.values()) is None
