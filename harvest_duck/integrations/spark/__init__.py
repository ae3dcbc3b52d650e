"""Spark's data source `harvest`: a table of Harvest as a DataFrame, `spark.read.format("harvest")`, and as a stream.

::

    beside the driver    options ─ sources ─ plan ─→ shares, a partition each
    in an executor       share ─ rows ─→ record batches, in the types that Spark has
    of a stream          offsets ─→ how far each account was read

Spark pickles the data source and its readers, and runs them in processes of Python that it starts itself, so nothing
here keeps a state. `columns`, `options`, `plan` and `offsets` are pure. `data_source` alone needs pyspark; the package
`pyspark_harvest` names it, which Spark looks for by that prefix.
"""
