"""`python -m apbridge_sandbox` is `apbridge-sandbox`."""

from apbridge_sandbox.cli import main

main()
