"""Rows as tables that people read: on a terminal, in a notebook, at a prompt.

It takes names and values, and Arrow tables that `listing` made. It asks nobody anything.
"""
