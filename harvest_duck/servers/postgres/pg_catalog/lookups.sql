-- What macros look up. No client has columns of these names, so that an argument never means a column of a lookup.

CREATE VIEW postgres.catalog._roles AS SELECT oid AS __oid, rolname AS __name FROM postgres.catalog.pg_authid;
CREATE TABLE postgres.catalog._namespaces AS SELECT oid AS __oid, nspname AS __text FROM postgres.catalog.pg_namespace;
CREATE TABLE postgres.catalog._classes AS SELECT c.oid AS __oid, n.nspname || '.' || c.relname AS __qualified, c.relnamespace IN (11, 16385) AS __visible, CASE WHEN c.relnamespace IN (11, 16385) THEN c.relname ELSE n.nspname || '.' || c.relname END AS __text FROM postgres.catalog.pg_class AS c JOIN postgres.catalog.pg_namespace AS n ON n.oid = c.relnamespace;
ALTER TABLE postgres.catalog._types RENAME TO _type_texts;
CREATE TABLE postgres.catalog._types AS SELECT t.oid AS __oid, t.typname AS __name, n.nspname || '.' || t.typname AS __qualified, t.typnamespace IN (11, 16385) AS __visible, coalesce(x.__text, CASE WHEN t.typname LIKE '\_%' ESCAPE '\' THEN substr(t.typname, 2) || '[]' ELSE t.typname END) AS __text FROM postgres.catalog.pg_type AS t JOIN postgres.catalog.pg_namespace AS n ON n.oid = t.typnamespace LEFT JOIN postgres.catalog._type_texts AS x ON x.__oid = t.oid;
ALTER TABLE postgres.catalog._functions RENAME TO _function_texts;
CREATE TABLE postgres.catalog._functions AS SELECT p.oid AS __oid, p.proname AS __name, p.pronamespace IN (11, 16385) AS __visible, x.* EXCLUDE (__oid) FROM postgres.catalog.pg_proc AS p LEFT JOIN postgres.catalog._function_texts AS x ON x.__oid = p.oid;
CREATE TABLE postgres.catalog._descriptions AS SELECT d.objoid AS __oid, d.objsubid AS __part, d.description AS __text, c.relname AS __catalog FROM postgres.catalog.pg_description AS d JOIN postgres.catalog.pg_class AS c ON c.oid = d.classoid;
CREATE TABLE postgres.catalog._shared_descriptions AS SELECT d.objoid AS __oid, d.description AS __text, c.relname AS __catalog FROM postgres.catalog.pg_shdescription AS d JOIN postgres.catalog.pg_class AS c ON c.oid = d.classoid;
CREATE VIEW postgres.catalog._session_settings AS SELECT lower(name) AS __name, coalesce(element_at(getvariable('postgres_settings'), lower(name))[1], setting) AS __value FROM postgres.catalog._settings;
CREATE TABLE postgres.catalog._index_keys AS SELECT indexrelid AS __oid, indkey AS __keys FROM postgres.catalog.pg_index;
