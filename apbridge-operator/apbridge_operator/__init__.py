"""The operator's command, `apbridge`, and what it stands on; no plugin needs it."""
