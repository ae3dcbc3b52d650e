"""A Spark of a test: one JVM for each process, small and without its web pages."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.clients import client
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Reads", "event_log", "running"]


class Reads:
    """DataFrames of the data source, each with the options given."""

    def __init__(self, spark: Any, connection: str) -> None:
        self.spark, self.connection = spark, connection

    def __call__(self, table: str, *, schema: str | None = None, stream: bool = False, **options: str) -> Any:
        """Return a DataFrame; a connection among the options takes the place of the usual one."""
        reader = (self.spark.readStream if stream else self.spark.read).format("harvest").option("table", table)
        if not {"connection", "connections"} & set(options):
            reader = reader.option("connection", self.connection)
        if schema is not None:
            reader = reader.schema(schema)
        return reader.options(**options).load()


@contextmanager
def running(master: str, folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Any]:
    """A context with a Spark session whose workers use this tree; what it leaves behind is in `folder`.

    The package that Spark looks for is put where an installation would have it.
    """
    pyspark = client("pyspark")
    session = client("pyspark.sql").SparkSession
    if shutil.which("java") is None:
        client("java")
    shutil.copytree(ROOT / "harvest_duck/integrations/pyspark_harvest", folder / "found/pyspark_harvest")
    (folder / "events").mkdir()
    # Its workers write below SPARK_HOME.
    (folder / "home").mkdir()
    for each in Path(pyspark.__file__).parent.iterdir():
        (folder / "home" / each.name).symlink_to(each)
    builder = session.builder.master(master)
    for name, value in (_settings(folder) | dict(settings or {})).items():
        builder = builder.config(name, value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_HOME", str(folder / "home"))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, (ROOT, folder / "found"))))
        spark = builder.getOrCreate()
        spark.sparkContext.setLogLevel("ERROR")
        try:
            yield spark
        finally:
            spark.stop()


def event_log(folder: Path) -> str:
    """Return what Spark has written about its queries so far."""
    return "".join(file.read_text("utf-8", "replace") for file in (folder / "events").rglob("*") if file.is_file())


def _settings(folder: Path) -> dict[str, str]:
    return {
        "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": f"-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dderby.system.home={folder}",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": (folder / "events").as_uri(),
        "spark.eventLog.compress": "false",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.shuffle.partitions": "1",
        # To compile the code of a query takes longer than these queries.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.session.timeZone": "UTC",
    }
