-- Relations that say something of the session, or that PostgreSQL fills by functions of its own.

CREATE VIEW postgres.catalog.pg_settings AS SELECT s.* REPLACE (v.__value AS setting) FROM postgres.catalog._settings AS s JOIN postgres.catalog._session_settings AS v ON v.__name = lower(s.name);
CREATE VIEW postgres.catalog.pg_timezone_names AS SELECT name, abbrev, utc_offset, is_dst FROM main.pg_timezone_names();
