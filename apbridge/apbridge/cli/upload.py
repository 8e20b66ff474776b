"""What a person has to do in NetSuite, in the order of its screens."""

from __future__ import annotations

from apbridge import settings
from apbridge.cli import context

_AGAIN = """
A refresh of a NetSuite sandbox clears what certificates are mapped to. Map this one again:

  1. In NetSuite open Setup, Integration, OAuth 2.0 Client Credentials (M2M) Setup, and Create New.
  2. Choose the user and the role of AP Bridge, and the integration whose client id you set.
  3. Upload this certificate{file}:

{certificate}
  4. Run `apbridge init --certificate-id <the id that NetSuite shows>`.
"""


def upload_prompt() -> str:
    """Say how to map the certificate again, with the certificate where it is known."""
    config = context.config(context.TARGET_NETSUITE)
    path = settings.text(config, "certificate_path")
    pem = settings.text_or_file(config, "certificate")
    return _AGAIN.format(
        file=f" ({path})" if path else "", certificate=pem or "     (the one that you uploaded before)\n"
    )
