"""Harvest where people already work: other engines, dbt, SQLAlchemy. Each needs its library only when it is used."""
