"""What a person has to do in both systems, in the order of their screens."""

from __future__ import annotations

from apbridge import settings
from apbridge_operator.cli import context
from apbridge_operator.cli.checks.permissions import permissions
from apbridge_operator.cli.company import at_work, certificate_file

_FIRST = """
In NetSuite, as an administrator:

  1. Setup, Company, Enable Features, SuiteCloud: check Client SuiteScript and Server SuiteScript (a RESTlet
     needs both), REST Web Services, OAuth 2.0.
  2. Deploy suitescript/ as its README says: it brings the RESTlet and the role AP Bridge. Or make a role by
     hand with these permissions:

{permissions}
     Do not mark it Web Services Only Role: it could call no RESTlet. Give it to a user of its own (Setup,
     Users/Roles, Manage Users).
  3. Setup, Integration, Manage Integrations, New: check Client Credentials (Machine to Machine) Grant,
     RESTlets and REST Web Services. Note the client id: it is shown once.
  4. Setup, Integration, OAuth 2.0 Client Credentials (M2M) Setup, Create New: that user, that role, that
     integration, and the file {file}. Note the certificate id.

In AvidSuite: Admin, System Setup, Account Information, Connections, API: generate a Company Token and a
User Token.
"""

_REFRESHED = "A refresh of a NetSuite sandbox clears what certificates are mapped to. Map this one again:"
_STAGED = """The new key waits in the vault, and the one in use stays until it works. Map its certificate:"""

_MAP = """
{why}

  1. In NetSuite open Setup, Integration, OAuth 2.0 Client Credentials (M2M) Setup, and Create New.
  2. Choose the user and the role of AP Bridge, and the integration whose client id you set.
  3. Upload this certificate{file}:

{certificate}
  4. Run `apbridge init --certificate-id <the id that NetSuite shows>{company}`.
"""


def first_steps() -> str:
    """Describe what to set up in both systems, and what to upload where."""
    lines = [f"       {entry['permission']}: {entry['level']}\n" for entry in permissions()]
    return _FIRST.format(permissions="".join(lines), file=certificate_file())


def upload_prompt() -> str:
    """Describe how to map the certificate in use again, with the certificate where it is known."""
    config = context.config(context.TARGET_NETSUITE)
    pem = settings.text_or_file(config, "certificate")
    return _mapping(_REFRESHED, pem, settings.text(config, "certificate_path"))


def staged_prompt(pem: str) -> str:
    """Describe how to map the certificate of the next key."""
    return _mapping(_STAGED, pem, None)


def _mapping(why: str, pem: str | None, path: str | None) -> str:
    own, company = certificate_file(), at_work()
    # The file may hold the next one already.
    if path is None and own.exists() and pem in {None, own.read_text(encoding="utf-8")}:
        path = str(own)
    return _MAP.format(
        why=why,
        company=f" --company {company.name}" if company else "",
        file=f" ({path})" if path else "",
        certificate=pem or "     (the one that you uploaded before)\n",
    )
