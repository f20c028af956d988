"""An app with kinds of work for tests of real worker processes."""
