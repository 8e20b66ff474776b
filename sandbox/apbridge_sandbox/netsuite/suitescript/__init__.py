"""SuiteScript, run in an embedded JavaScript engine."""
