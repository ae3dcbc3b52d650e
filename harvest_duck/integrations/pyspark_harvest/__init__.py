"""What Spark 4 finds by itself: it imports the packages called `pyspark_…` and takes their `DefaultSource`.

In the wheel this package stands beside `harvest_duck`, see `pyproject.toml`.
"""

from harvest_duck.integrations.spark.data_source import HarvestDataSource as DefaultSource

__all__ = ["DefaultSource"]
