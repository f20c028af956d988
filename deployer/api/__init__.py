"""The REST API of packaging, serving and operations."""
