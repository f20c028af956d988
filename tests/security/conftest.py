"""The providers that stand in for real ones."""

from tests.registry.sign_in.conftest import provider

__all__ = ["provider"]
