"""Fixtures for signing in at a sandbox."""

from support.sign_in_fixtures import *  # noqa: F403
