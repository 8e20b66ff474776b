"""The operator's command, `apbridge`: one module a command, each with its `app`, named in `app.COMMANDS`.

A command takes what it needs from `cli.context` and shows it by `cli.output`. It raises errors of the
catalogue and lets them pass: `app.run` says them in one sentence. Exit codes: 0 all is well, 1 something was
found, 2 wrong use or settings, 3 it could not be done now.
"""
