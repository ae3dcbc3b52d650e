"""What answers in place of Harvest: rows in the memory of this process, or the file of a copy.

`answer` is the way in: it takes the same requests for scans as `scanner` does, and returns the same batches. A
connection without CacheLocation is asked of Harvest as it is.
"""
