"""Fixtures: a sandbox for each test, a configuration directory of its own."""

from support.sign_in_fixtures import *  # noqa: F403
