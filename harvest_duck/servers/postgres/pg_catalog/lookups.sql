-- What macros look up. No client has columns of these names, so that an argument never means a column of a lookup.

ALTER TABLE postgres.catalog.pg_authid RENAME TO _authid;
CREATE VIEW postgres.catalog.pg_authid AS SELECT * FROM postgres.catalog._authid UNION ALL SELECT 16386, coalesce(getvariable('postgres_user'), 'harvest'), false, true, false, false, true, false, false, -1, NULL, NULL;
CREATE VIEW postgres.catalog._roles AS SELECT oid AS __oid, rolname AS __name FROM postgres.catalog.pg_authid;
CREATE TABLE postgres.catalog._namespaces AS SELECT oid AS __oid, nspname AS __text, coalesce(list_bool_or(list_transform(nspacl, lambda item: starts_with(item, '=') AND contains(item, 'U'))), false) AS __usable FROM postgres.catalog.pg_namespace;
CREATE TABLE postgres.catalog._classes AS SELECT c.oid AS __oid, n.nspname || '.' || c.relname AS __qualified, c.relnamespace IN (11, 16385) AS __visible, coalesce(list_bool_or(list_transform(c.relacl, lambda item: starts_with(item, '=') AND contains(item, 'r'))), false) AS __readable, CASE WHEN c.relnamespace IN (11, 16385) THEN c.relname ELSE n.nspname || '.' || c.relname END AS __text FROM postgres.catalog.pg_class AS c JOIN postgres.catalog.pg_namespace AS n ON n.oid = c.relnamespace;
ALTER TABLE postgres.catalog._types RENAME TO _type_texts;
CREATE TABLE postgres.catalog._types AS SELECT t.oid AS __oid, t.typname AS __name, n.nspname || '.' || t.typname AS __qualified, t.typnamespace IN (11, 16385) AS __visible, coalesce(x.__text, CASE WHEN t.typname LIKE '\_%' ESCAPE '\' THEN substr(t.typname, 2) || '[]' ELSE t.typname END) AS __text FROM postgres.catalog.pg_type AS t JOIN postgres.catalog.pg_namespace AS n ON n.oid = t.typnamespace LEFT JOIN postgres.catalog._type_texts AS x ON x.__oid = t.oid;
ALTER TABLE postgres.catalog._functions RENAME TO _function_texts;
CREATE TABLE postgres.catalog._functions AS SELECT p.oid AS __oid, p.proname AS __name, p.pronamespace IN (11, 16385) AS __visible, p.proacl IS NULL OR list_bool_or(list_transform(p.proacl, lambda item: starts_with(item, '=X'))) AS __executable, x.* EXCLUDE (__oid) FROM postgres.catalog.pg_proc AS p LEFT JOIN postgres.catalog._function_texts AS x ON x.__oid = p.oid;
CREATE TABLE postgres.catalog._descriptions AS SELECT d.objoid AS __oid, d.objsubid AS __part, d.description AS __text, c.relname AS __catalog FROM postgres.catalog.pg_description AS d JOIN postgres.catalog.pg_class AS c ON c.oid = d.classoid;
CREATE TABLE postgres.catalog._shared_descriptions AS SELECT d.objoid AS __oid, d.description AS __text, c.relname AS __catalog FROM postgres.catalog.pg_shdescription AS d JOIN postgres.catalog.pg_class AS c ON c.oid = d.classoid;
CREATE VIEW postgres.catalog._session_settings AS SELECT lower(name) AS __name, coalesce(element_at(getvariable('postgres_settings'), lower(name))[1], setting) AS __value FROM postgres.catalog._settings;
CREATE TABLE postgres.catalog._index_keys AS SELECT indexrelid AS __oid, indkey AS __keys FROM postgres.catalog.pg_index;
CREATE TABLE postgres.catalog._readable AS SELECT __oid::VARCHAR AS __key, __readable FROM postgres.catalog._classes UNION ALL SELECT __qualified, __readable FROM postgres.catalog._classes UNION ALL SELECT __text, __readable FROM postgres.catalog._classes WHERE __visible;
ALTER TABLE postgres.catalog.pg_timezone_abbrevs ALTER utc_offset TYPE INTERVAL;
