"""The tables of Harvest as data: endpoints, columns, types, parameters, parents.

It takes nothing; it gives a `Table` for each name, and the Arrow type of each column. Everything else derives from
these values what to send, how to read it and what to say about it. It may import `errors` alone.
"""
