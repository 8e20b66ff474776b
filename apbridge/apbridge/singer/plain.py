"""Errors in one plain line: what taps and targets say when they end badly."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click
from typing_extensions import override

from apbridge import logs, tracing
from apbridge.errors import APBridgeError, SettingError, where
from apbridge.files import keep_private
from apbridge.singer.sdk import SAID_ON_THE_WAY, ConfigInput, FencedCommand, FencedPlugin
from apbridge.singer.stdout import writing
from apbridge.singer.writer import Stopped

_PROBLEMS = {
    "type": "must be of type {0}",
    "enum": "must be one of {0}",
    "minimum": "must be at least {0}",
    "maximum": "must be at most {0}",
    "pattern": "does not match {0}",
}


class PlainErrors(FencedPlugin):
    """Mixin for taps and targets, before the SDK's class: every failure ends as one line.

    An `APBridgeError` is said in its own sentence, settings that do not fit the plugin's schema in
    one that names them and never their values, anything else as an internal error. Exit code 1;
    the trace is logged at level debug only.
    """

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        command = super().get_singer_command()
        return PlainCommand(
            name=command.name,
            help=command.help,
            callback=command.callback,
            context_settings=command.context_settings,
            params=command.params,
            logger=cls.logger,
        )

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> ConfigInput:
        try:
            return super().cb_config(ctx, param, value)
        except FileNotFoundError:
            problem = "it is not there"
        except OSError as found:
            problem = str(found.strerror)
        except (TypeError, ValueError):
            problem = "it is not a JSON object"
        raise SettingError("APB-SNG-001", file=" ".join(value), problem=problem)

    @override
    def check_settings(self, *, raise_errors: bool) -> list[str]:
        problems = list(dict.fromkeys(map(_problem, self.setting_errors())))
        if problems and raise_errors:
            raise SettingError("APB-SNG-002", problems="; ".join(problems))
        return problems


class PlainCommand(FencedCommand):
    """The plugin's command: it ends as `PlainErrors` says."""

    @override
    def main(self, *args: Any, **kwargs: Any) -> Any:
        keep_private()
        handlers = list(logs.handlers())
        for handler in handlers:
            handler.addFilter(_without_repeats)
            handler.addFilter(logs.cleaned)
        try:
            return super().main(*args, **kwargs)
        except Stopped as stopped:
            # Python itself would wait for threads, and they for answers, as long as the other side takes.
            logging.shutdown()
            with suppress(OSError):
                sys.stdout.flush()
            os._exit(stopped.code)
        except Exception as found:
            self.logger.error("%s", error_sentence(found, self.logger.name))  # noqa: TRY400
            self.logger.debug("Trace of the error above", exc_info=found)
            sys.exit(1)
        finally:
            for handler in handlers:
                handler.removeFilter(_without_repeats)
                handler.removeFilter(logs.cleaned)

    @override
    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        # What is asked for by an option, such as --discover, is printed here.
        with _printing():
            return super().make_context(*args, **kwargs)

    @override
    def invoke(self, ctx: click.Context) -> Any:
        with _printing(), tracing.run(self.logger.name):
            return super().invoke(ctx)


@contextmanager
def _printing() -> Iterator[None]:
    """Explain in a sentence why what was printed inside cannot be written."""
    try:
        yield
    except OSError as found:
        if found.errno not in {errno.EPIPE, errno.ENOSPC}:
            raise
        with writing():
            raise
    except (click.exceptions.Exit, SystemExit) as ended:
        if not getattr(ended, "exit_code", getattr(ended, "code", 1)):
            _flush()
        raise
    _flush()


def _flush() -> None:
    if sys.stdout is not None:
        with writing():
            sys.stdout.flush()


def plain_error(found: BaseException, plugin: str) -> APBridgeError:
    """Return an error of the catalogue; for an unexpected one its kind and place: its text may be secret."""
    if isinstance(found, APBridgeError):
        return found
    variable = f"{plugin.upper().replace('-', '_')}_LOGLEVEL"
    return APBridgeError("APB-SNG-003", kind=type(found).__name__, place=where(found), variable=variable)


def error_sentence(found: BaseException, plugin: str) -> str:
    """Format an error in one line."""
    return " ".join(str(plain_error(found, plugin)).split())


def _without_repeats(record: logging.LogRecord) -> bool:
    """Drop what is logged of an error on its way: it is said once, at the end."""
    repeats = record.exc_info or str(record.msg).startswith(SAID_ON_THE_WAY)
    return not repeats or logging.getLogger().isEnabledFor(logging.DEBUG)


def _problem(error: Any) -> str:  # noqa: ANN401
    """Name the setting and what it must be; its value may be a secret."""
    setting = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"{', '.join(missing)} missing"
    wanted = error.validator_value
    allowed = ", ".join(map(str, wanted)) if isinstance(wanted, list) else str(wanted)
    problem = _PROBLEMS.get(error.validator, f"does not satisfy {error.validator}")
    return f"{setting or 'the settings'} {problem.format(allowed)}"
