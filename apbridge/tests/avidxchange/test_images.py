"""A picture arrives byte for byte, whichever way the contract takes it."""

from __future__ import annotations

from base64 import b64decode
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.avidxchange.conftest import AskedOfAvidXchange, ProfileOf, Scripted

CONTENT = b"%PDF-1.4\r\n--\r\n\x00\xff bytes of any kind"
IMAGE = {"name": 'bill "é" 1.pdf', "media_type": "application/pdf", "size": len(CONTENT), "sha256": "0" * 64}
HEADERS = """      headers:
        Content-Type: media_type
        X-File-Name: quoted(shorten(name, `255`))
"""


def sent(server: Scripted, profile: str) -> AskedOfAvidXchange:
    server.answer = lambda _: (200, {})
    with server.client(profile=profile) as client:
        client.submit(client.image("i-1", IMAGE, CONTENT, "77"))
    (asked,) = server.asked
    return asked


def test_as_a_part_of_a_form(server: Scripted, profile_of: ProfileOf):
    fields = "{Invoice: external_id, Hash: sha256, None: nothing}"
    form = f"      multipart: {{file: File, name: name, fields: {fields}}}\n"
    asked = sent(server, profile_of("avidconnect", (HEADERS, form)))
    head = f"Content-Type: {asked.headers['Content-Type']}\r\n\r\n".encode()
    parts = list(BytesParser(policy=HTTP).parsebytes(head + asked.body).iter_parts())
    names = [part.get_param("name", header="content-disposition") for part in parts]
    assert names == ["Invoice", "Hash", "File"]
    assert [part.get_payload() for part in parts[:2]] == ["i-1", "0" * 64]
    assert parts[2].get_content_type() == "application/pdf"
    assert parts[2].get_payload(decode=True) == CONTENT
    assert 'filename="bill %22é%22 1.pdf"'.encode() in asked.body


def test_in_base64_in_json(server: Scripted, profile_of: ProfileOf):
    in_json = (
        "      base64: {InvoiceId: remote_id, File: {of: '@', fields: {Name: name, Content: content}}}\n"
    )
    asked = sent(server, profile_of("avidconnect", (HEADERS, in_json)))
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.json["InvoiceId"] == "77"
    assert asked.json["File"]["Name"] == IMAGE["name"]
    assert b64decode(asked.json["File"]["Content"]) == CONTENT


@pytest.mark.parametrize("path", ["/v1/invoices/{external_id}/image", "/v1/images/{remote_id}"])
def test_raw_at_the_path_that_the_contract_says(server: Scripted, profile_of: ProfileOf, path: str):
    profile = profile_of("avidconnect", ("path: /v1/invoices/{external_id}/image", f"path: {path}"))
    asked = sent(server, profile)
    assert asked.body == CONTENT
    assert asked.path == "/avidconnect" + path.format(external_id="i-1", remote_id="77")
