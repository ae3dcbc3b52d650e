"""One page of JSON becomes one Arrow record batch, exactly or not at all.

It takes the body of an answer and the columns that are wanted; it gives a `Page`: the batch, the ids, the totals and
links. Fast readers refuse what they would have to change, and the exact reader then reads the page value by value. It
may import `protocol`, `catalog` and below.
"""
