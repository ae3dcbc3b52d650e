"""The process and its files: the event loop in its thread, interrupted waits, forks, the end, locked and private files.

It takes coroutines from threads that have no event loop, and paths; it gives what the coroutines return, and contents
that only the owner of a file could have written. It may import `errors` alone.
"""
