"""The REST API: another door to the same services, selectors and predicates that the pages use."""
