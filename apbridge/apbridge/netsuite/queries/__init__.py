"""SuiteQL: query files, written out for what an account has, and read by key, in batches, several at once."""
