"""Harvest where people already work: other engines, dbt and SQLAlchemy. Each needs its library when it is used alone."""
