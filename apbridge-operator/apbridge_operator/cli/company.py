"""For which company a command is at work: one, some or all of those in `companies.yaml`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any

import typer

from apbridge.errors import SettingError
from apbridge_operator.cli import environments, meltano
from apbridge_operator.cli.app import variables_file
from apbridge_operator.companies import Company, companies

ENVIRONMENT = "MELTANO_ENVIRONMENT"
_CERTIFICATE_FILE = "netsuite-certificate.pem"

Several = Annotated[
    list[str] | None,
    typer.Option("--company", metavar="NAME", help="Only this company; may be repeated. All unless told."),
]
"""For commands over one, some or all: `for name in each(company)`."""

One = Annotated[
    str | None, typer.Option("--company", metavar="NAME", help="Which company, where there are several.")
]
"""For commands of one company: `with only(company)`."""

_AT_WORK: ContextVar[Company | None] = ContextVar("company", default=None)


def at_work() -> Company | None:
    """Return the company that a command is at work for; None in a project of one."""
    return _AT_WORK.get()


def certificate_file() -> Path:
    """Return where the certificate of the company at work is left for the upload.

    That of a trial, which has a file of variables of its own, is beside that.
    """
    company, folder = at_work(), variables_file().absolute().parent
    beside = Path() if folder == Path.cwd() else folder
    return beside / (f"{company.name}-{_CERTIFICATE_FILE}" if company else _CERTIFICATE_FILE)


def environ() -> Mapping[str, str]:
    """Return the variables, with the company's environment in force."""
    company = at_work()
    return {**os.environ, ENVIRONMENT: company.name} if company else os.environ


@contextmanager
def working_for(company: Company | None) -> Iterator[None]:
    """Be at work for a company."""
    token = _AT_WORK.set(company)
    try:
        yield
    finally:
        # A loop over `each` that was left in the middle may end anywhere: there, nothing is to be undone.
        with suppress(ValueError):
            _AT_WORK.reset(token)


def each(names: Sequence[str] | None) -> Iterator[str | None]:
    """Be at work for one company after the other, and yield its name; once for None in a project of one.

    Args:
        names: Which; none means the environment in force where one is set, and else all.

    Raises:
        SettingError: There is no such company, or its environment is not as the table says.
    """
    found: list[Company | None] = [*chosen(names)]
    for company in found or [None]:
        with working_for(company):
            yield company.name if company else None


@contextmanager
def only(name: str | None) -> Iterator[str | None]:
    """Be at work for one company, and yield its name; for None in a project of one.

    Args:
        name: Which; none where there is no choice.

    Raises:
        SettingError: As of `each`; or there are several, and none is named.
    """
    found = chosen([name] if name else None)
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise SettingError("APB-CMP-014", companies=names, first=found[0].name)
    with working_for(found[0] if found else None):
        yield found[0].name if found else None


def declared(names: Sequence[str] | None) -> list[Company]:
    """Return the companies that a command is about which makes no sense without one.

    Raises:
        SettingError: As of `each`; or there is none.
    """
    if found := chosen(names):
        return found
    raise SettingError("APB-CMP-021", environment=os.environ.get(ENVIRONMENT) or "none")


def named(company: str | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of one thing as JSON has them: with the company's name where there are several."""
    return {"company": company, **fields} if company else dict(fields)


def chosen(names: Sequence[str] | None) -> list[Company]:
    """Return the companies that a command is about; none in a project of one, or in an environment of none.

    Raises:
        SettingError: As of `each`.
    """
    table = {one.name: one for one in companies(Path())}
    in_force = os.environ.get(ENVIRONMENT)
    if table and in_force not in table and in_force == meltano.default_environment(Path()):
        # Meltano has set it, or it is left from when the project was of one company: nobody has chosen it.
        in_force = None
    if not names and in_force and in_force not in table:
        return []
    wanted = names or ([in_force] if in_force else list(table))
    for name in wanted:
        if name not in table:
            raise SettingError("APB-CMP-009", company=name, companies=", ".join(table) or "none")
    found = [table[name] for name in dict.fromkeys(wanted)]
    if found:
        environments.require_written(Path(), found)
    return found
