"""The tables of Harvest as data: endpoints, columns, types, parameters, parents.

It takes nothing; it gives a `Table` for each name, and the Arrow type of each column. The requests, the readers of
pages and the listings all derive from these values. It may import `errors` alone.
"""
