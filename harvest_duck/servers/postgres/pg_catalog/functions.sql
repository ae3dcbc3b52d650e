-- PostgreSQL's functions over its catalogue, and those that say where a session is. Each statement ends a line with `;`.
-- A function that is not here is an error that names it.

CREATE MACRO postgres.catalog._anywhere(pattern) AS '(?s:.*)(?s:' || pattern || ')(?s:.*)';
CREATE MACRO postgres.catalog._anywhere_in_any_case(pattern) AS '(?s:.*)(?is:' || pattern || ')(?s:.*)';

-- The session
CREATE MACRO postgres.catalog.version() AS 'PostgreSQL 15.18 (harvest_duck), compiled by DuckDB, 64-bit';
CREATE MACRO postgres.catalog.current_user() AS coalesce(getvariable('postgres_user'), 'harvest');
CREATE MACRO postgres.catalog.session_user() AS coalesce(getvariable('postgres_user'), 'harvest');
CREATE MACRO postgres.catalog.current_role() AS coalesce(getvariable('postgres_user'), 'harvest');
CREATE MACRO postgres.catalog.user() AS coalesce(getvariable('postgres_user'), 'harvest');
CREATE MACRO postgres.catalog.current_database() AS (SELECT datname FROM postgres.catalog.pg_database WHERE oid = 16384);
CREATE MACRO postgres.catalog.current_catalog() AS (SELECT datname FROM postgres.catalog.pg_database WHERE oid = 16384);
CREATE MACRO postgres.catalog.current_schema() AS 'harvest';
CREATE MACRO postgres.catalog.current_schemas(include_implicit) AS CASE WHEN include_implicit THEN ['pg_catalog', 'harvest'] ELSE ['harvest'] END;
CREATE MACRO postgres.catalog.pg_backend_pid() AS coalesce(getvariable('postgres_backend_pid'), 0)::INTEGER;
CREATE MACRO postgres.catalog.pg_advisory_unlock_all() AS '';
CREATE MACRO postgres.catalog.set_config(setting_name, setting_value, is_local) AS CASE WHEN setting_name = 'jit' THEN setting_value ELSE error('set_config() stands alone here: SELECT set_config(…)') END;
CREATE MACRO postgres.catalog.pg_is_in_recovery() AS false;
CREATE MACRO postgres.catalog.pg_is_wal_replay_paused() AS false;
CREATE MACRO postgres.catalog.pg_my_temp_schema() AS 0::UINTEGER;
CREATE MACRO postgres.catalog.pg_is_other_temp_schema(namespace) AS false;
CREATE MACRO postgres.catalog.inet_server_addr() AS NULL::VARCHAR;
CREATE MACRO postgres.catalog.inet_server_port() AS NULL::INTEGER;
CREATE MACRO postgres.catalog.inet_client_addr() AS NULL::VARCHAR;
CREATE MACRO postgres.catalog.inet_client_port() AS NULL::INTEGER;
CREATE MACRO postgres.catalog.txid_current() AS 1::BIGINT;
CREATE MACRO postgres.catalog.xmin() AS 1::BIGINT;
CREATE MACRO postgres.catalog.tableoid(relation) AS relation::UINTEGER;
CREATE MACRO postgres.catalog.pg_encoding_to_char(encoding) AS CASE WHEN encoding = 6 THEN 'UTF8' WHEN encoding = 0 THEN 'SQL_ASCII' ELSE '' END;
CREATE MACRO postgres.catalog.pg_char_to_encoding(name) AS CASE WHEN replace(lower(name), '-', '') IN ('utf8', 'unicode') THEN 6 ELSE -1 END;

-- Names of objects. A result's columns come by their place, which must not be looked for in another table: so the
-- first four read a map.
CREATE MACRO postgres.catalog.regclass_text(object) AS CASE WHEN object IS NULL THEN NULL WHEN object = 0 THEN '-' ELSE coalesce(map_extract_value((SELECT __classes FROM postgres.catalog._texts), object::UINTEGER), object::BIGINT::VARCHAR) END;
CREATE MACRO postgres.catalog.regproc_text(object) AS CASE WHEN object IS NULL THEN NULL WHEN object = 0 THEN '-' ELSE coalesce(map_extract_value((SELECT __functions FROM postgres.catalog._texts), object::UINTEGER), object::BIGINT::VARCHAR) END;
CREATE MACRO postgres.catalog.regtype_text(object) AS CASE WHEN object IS NULL THEN NULL WHEN object = 0 THEN '-' ELSE coalesce(map_extract_value((SELECT __types FROM postgres.catalog._texts), object::UINTEGER), object::BIGINT::VARCHAR) END;
CREATE MACRO postgres.catalog.regnamespace_text(object) AS CASE WHEN object IS NULL THEN NULL WHEN object = 0 THEN '-' ELSE coalesce(map_extract_value((SELECT __namespaces FROM postgres.catalog._texts), object::UINTEGER), object::BIGINT::VARCHAR) END;
CREATE MACRO postgres.catalog.regrole_text(object) AS CASE WHEN object IS NULL THEN NULL WHEN object = 0 THEN '-' ELSE coalesce((SELECT __name FROM postgres.catalog._roles WHERE __oid = object), object::BIGINT::VARCHAR) END;
CREATE MACRO postgres.catalog.to_regclass(object) AS (SELECT min(__oid)::DECIMAL(37,0) FROM postgres.catalog._classes WHERE __text = replace(object, '"', '') OR __qualified = replace(object, '"', ''));
CREATE MACRO postgres.catalog.to_regtype(object) AS (SELECT min(__oid)::DECIMAL(35,0) FROM postgres.catalog._types WHERE __text = object OR __name = object OR __qualified = object);
CREATE MACRO postgres.catalog.to_regproc(object) AS (SELECT min(__oid)::DECIMAL(36,0) FROM postgres.catalog._functions WHERE __name = object OR 'pg_catalog.' || __name = object);
CREATE MACRO postgres.catalog.to_regnamespace(object) AS (SELECT min(__oid)::DECIMAL(34,0) FROM postgres.catalog._namespaces WHERE __text = replace(object, '"', ''));
CREATE MACRO postgres.catalog.to_regrole(object) AS (SELECT min(__oid) FROM postgres.catalog._roles WHERE __name = replace(object, '"', ''));
CREATE MACRO postgres.catalog.regclass_of(given) AS coalesce(try_cast(given::VARCHAR AS DECIMAL(37,0)), postgres.catalog.to_regclass(given::VARCHAR));
CREATE MACRO postgres.catalog.regtype_of(given) AS coalesce(try_cast(given::VARCHAR AS DECIMAL(35,0)), postgres.catalog.to_regtype(given::VARCHAR));
CREATE MACRO postgres.catalog.regproc_of(given) AS coalesce(try_cast(given::VARCHAR AS DECIMAL(36,0)), postgres.catalog.to_regproc(given::VARCHAR));
CREATE MACRO postgres.catalog.regnamespace_of(given) AS coalesce(try_cast(given::VARCHAR AS DECIMAL(34,0)), postgres.catalog.to_regnamespace(given::VARCHAR));
CREATE MACRO postgres.catalog.regrole_of(given) AS coalesce(try_cast(given::VARCHAR AS UINTEGER), postgres.catalog.to_regrole(given::VARCHAR));
CREATE MACRO postgres.catalog.pg_get_userbyid(object) AS CASE WHEN object IS NULL THEN NULL ELSE coalesce((SELECT __name FROM postgres.catalog._roles WHERE __oid = object), 'unknown (OID=' || object || ')') END;
CREATE MACRO postgres.catalog.quote_ident(object) AS CASE WHEN regexp_full_match(object, '[a-z_][a-z0-9_]*') AND NOT EXISTS (SELECT 1 FROM postgres.catalog._keywords WHERE __word = object AND __category <> 'U') THEN object ELSE '"' || replace(object, '"', '""') || '"' END;
CREATE MACRO postgres.catalog.pg_show_all_settings() AS TABLE SELECT s.* REPLACE (v.__value AS setting) FROM postgres.catalog._settings AS s JOIN postgres.catalog._session_settings AS v ON v.__name = lower(s.name);
CREATE MACRO postgres.catalog.pg_available_extensions() AS TABLE SELECT NULL::VARCHAR AS name, NULL::VARCHAR AS default_version, NULL::VARCHAR AS comment WHERE false;
CREATE MACRO postgres.catalog.pg_get_keywords() AS TABLE SELECT __word AS word, __category AS catcode, __bare AS barelabel, __text AS catdesc, __bare_text AS baredesc FROM postgres.catalog._keywords;

-- What is visible without a schema
CREATE MACRO postgres.catalog.pg_table_is_visible(object) AS (SELECT __visible FROM postgres.catalog._classes WHERE __oid = object);
CREATE MACRO postgres.catalog.pg_type_is_visible(object) AS (SELECT __visible FROM postgres.catalog._types WHERE __oid = object);
CREATE MACRO postgres.catalog.pg_function_is_visible(object) AS (SELECT __visible FROM postgres.catalog._functions WHERE __oid = object);
CREATE MACRO postgres.catalog.pg_operator_is_visible(object) AS CASE WHEN object IS NOT NULL THEN true END;
CREATE MACRO postgres.catalog.pg_opclass_is_visible(object) AS CASE WHEN object IS NOT NULL THEN true END;
CREATE MACRO postgres.catalog.pg_opfamily_is_visible(object) AS CASE WHEN object IS NOT NULL THEN true END;
CREATE MACRO postgres.catalog.pg_collation_is_visible(object) AS CASE WHEN object IS NOT NULL THEN true END;
CREATE MACRO postgres.catalog.pg_conversion_is_visible(object) AS CASE WHEN object IS NOT NULL THEN true END;
CREATE MACRO postgres.catalog.pg_ts_config_is_visible(object) AS CASE WHEN object IS NOT NULL THEN true END;
CREATE MACRO postgres.catalog.pg_ts_dict_is_visible(object) AS CASE WHEN object IS NOT NULL THEN true END;
CREATE MACRO postgres.catalog.pg_ts_parser_is_visible(object) AS CASE WHEN object IS NOT NULL THEN true END;
CREATE MACRO postgres.catalog.pg_ts_template_is_visible(object) AS CASE WHEN object IS NOT NULL THEN true END;
CREATE MACRO postgres.catalog.pg_statistics_obj_is_visible(object) AS NULL::BOOLEAN;

-- Definitions
CREATE MACRO postgres.catalog.format_type(kind, modifier) AS CASE WHEN kind IS NULL THEN NULL WHEN kind = 0 THEN '-' WHEN kind = 1042 AND modifier IS NULL THEN 'character' WHEN kind = 1042 AND modifier < 0 THEN 'bpchar' ELSE coalesce((SELECT CASE WHEN modifier < 0 OR modifier IS NULL THEN __text WHEN kind IN (1700, 1231) THEN replace(__text, 'numeric', 'numeric(' || ((modifier - 4) >> 16) || ',' || ((modifier - 4) & 65535) || ')') WHEN kind IN (1042, 1043, 1014, 1015) THEN regexp_replace(__text, '^[a-z ]+', '\0(' || (modifier - 4) || ')') WHEN kind IN (1560, 1562) THEN __text || '(' || modifier || ')' WHEN kind IN (1083, 1114, 1184, 1266) THEN regexp_replace(__text, '^[a-z]+', '\0(' || modifier || ')') WHEN kind = 1186 THEN 'interval(' || (modifier & 65535) || ')' ELSE __text END FROM postgres.catalog._types WHERE __oid = kind), '???') END;
CREATE MACRO postgres.catalog.oidvectortypes(kinds) AS (SELECT coalesce(array_to_string(list_transform(kinds, lambda kind: map_extract_value(__types, kind::UINTEGER)), ', '), '') FROM postgres.catalog._texts);
CREATE MACRO postgres.catalog.bpchar(given) AS given::VARCHAR;
-- What PostgreSQL keeps as trees is kept as text here.
CREATE MACRO postgres.catalog.pg_get_expr(tree, relation) AS tree::VARCHAR, (tree, relation, pretty) AS tree::VARCHAR;
CREATE MACRO postgres.catalog.pg_get_constraintdef(object) AS (SELECT __text FROM postgres.catalog._constraints WHERE __oid = object), (object, pretty) AS (SELECT __text FROM postgres.catalog._constraints WHERE __oid = object);
CREATE MACRO postgres.catalog.pg_get_indexdef(object) AS (SELECT __text FROM postgres.catalog._indexes WHERE __oid = object AND __part = 0), (object, part, pretty) AS (SELECT __text FROM postgres.catalog._indexes WHERE __oid = object AND __part = CASE WHEN part = 0 AND pretty::VARCHAR = 'true' THEN -1 ELSE part END);
CREATE MACRO postgres.catalog.pg_get_viewdef(object) AS (SELECT __text FROM postgres.catalog._views WHERE __oid = object), (object, pretty) AS (SELECT CASE WHEN pretty::VARCHAR = 'false' THEN __text ELSE __pretty END FROM postgres.catalog._views WHERE __oid = object);
CREATE MACRO postgres.catalog.pg_get_ruledef(object) AS NULL::VARCHAR, (object, pretty) AS NULL::VARCHAR;
CREATE MACRO postgres.catalog.pg_get_triggerdef(object) AS NULL::VARCHAR, (object, pretty) AS NULL::VARCHAR;
CREATE MACRO postgres.catalog.pg_get_partkeydef(object) AS NULL::VARCHAR;
CREATE MACRO postgres.catalog.pg_get_partition_constraintdef(object) AS NULL::VARCHAR;
CREATE MACRO postgres.catalog.pg_get_function_arguments(object) AS (SELECT __arguments FROM postgres.catalog._functions WHERE __oid = object);
CREATE MACRO postgres.catalog.pg_get_function_identity_arguments(object) AS (SELECT __identity FROM postgres.catalog._functions WHERE __oid = object);
CREATE MACRO postgres.catalog.pg_get_function_result(object) AS (SELECT __result FROM postgres.catalog._functions WHERE __oid = object);
CREATE MACRO postgres.catalog.pg_get_function_arg_default(object, argument) AS (SELECT __text FROM postgres.catalog._defaults WHERE __oid = object AND __part = argument);
CREATE MACRO postgres.catalog.pg_get_function_sqlbody(object) AS NULL::VARCHAR;
CREATE MACRO postgres.catalog.pg_get_serial_sequence(relation, column_name) AS NULL::VARCHAR;
CREATE MACRO postgres.catalog.pg_get_statisticsobjdef(object) AS NULL::VARCHAR;
CREATE MACRO postgres.catalog.pg_get_statisticsobjdef_columns(object) AS NULL::VARCHAR;
CREATE MACRO postgres.catalog.obj_description(object) AS (SELECT min(__text) FROM postgres.catalog._descriptions WHERE __oid = object AND __part = 0), (object, catalog_name) AS (SELECT min(__text) FROM postgres.catalog._descriptions WHERE __oid = object AND __part = 0 AND __catalog = catalog_name);
CREATE MACRO postgres.catalog.col_description(relation, place) AS (SELECT min(__text) FROM postgres.catalog._descriptions WHERE __oid = relation AND __part = place AND __catalog = 'pg_class');
CREATE MACRO postgres.catalog.shobj_description(object, catalog_name) AS (SELECT min(__text) FROM postgres.catalog._shared_descriptions WHERE __oid = object AND __catalog = catalog_name);
CREATE MACRO postgres.catalog.pg_collation_for(given) AS '"default"';

-- Privileges: all may be read, nothing may be written
CREATE MACRO postgres.catalog._may(privileges, allowed) AS list_bool_or(list_transform(string_split(upper(privileges), ','), lambda p: list_contains(allowed, trim(p))));
CREATE MACRO postgres.catalog.has_table_privilege(relation, privilege) AS CASE WHEN privilege IS NULL THEN NULL ELSE postgres.catalog._may(privilege, ['SELECT']) AND (SELECT bool_or(__readable) FROM postgres.catalog._readable WHERE __key = replace(relation::VARCHAR, '"', '')) END, (role, relation, privilege) AS CASE WHEN privilege IS NULL THEN NULL ELSE postgres.catalog._may(privilege, ['SELECT']) AND (SELECT bool_or(__readable) FROM postgres.catalog._readable WHERE __key = replace(relation::VARCHAR, '"', '')) END;
CREATE MACRO postgres.catalog.has_any_column_privilege(relation, privilege) AS CASE WHEN privilege IS NULL THEN NULL ELSE postgres.catalog._may(privilege, ['SELECT']) AND (SELECT bool_or(__readable) FROM postgres.catalog._readable WHERE __key = replace(relation::VARCHAR, '"', '')) END, (role, relation, privilege) AS CASE WHEN privilege IS NULL THEN NULL ELSE postgres.catalog._may(privilege, ['SELECT']) AND (SELECT bool_or(__readable) FROM postgres.catalog._readable WHERE __key = replace(relation::VARCHAR, '"', '')) END;
CREATE MACRO postgres.catalog.has_column_privilege(relation, column_name, privilege) AS CASE WHEN privilege IS NULL THEN NULL ELSE postgres.catalog._may(privilege, ['SELECT']) AND (SELECT bool_or(__readable) FROM postgres.catalog._readable WHERE __key = replace(relation::VARCHAR, '"', '')) END, (role, relation, column_name, privilege) AS CASE WHEN privilege IS NULL THEN NULL ELSE postgres.catalog._may(privilege, ['SELECT']) AND (SELECT bool_or(__readable) FROM postgres.catalog._readable WHERE __key = replace(relation::VARCHAR, '"', '')) END;
CREATE MACRO postgres.catalog.has_schema_privilege(namespace, privilege) AS postgres.catalog._may(privilege, ['USAGE']) AND (SELECT bool_or(__usable) FROM postgres.catalog._namespaces WHERE __oid::VARCHAR = namespace::VARCHAR OR __text = replace(namespace::VARCHAR, '"', '')), (role, namespace, privilege) AS postgres.catalog._may(privilege, ['USAGE']) AND (SELECT bool_or(__usable) FROM postgres.catalog._namespaces WHERE __oid::VARCHAR = namespace::VARCHAR OR __text = replace(namespace::VARCHAR, '"', ''));
CREATE MACRO postgres.catalog.has_database_privilege(database, privilege) AS postgres.catalog._may(privilege, ['CONNECT', 'TEMP', 'TEMPORARY']), (role, database, privilege) AS postgres.catalog._may(privilege, ['CONNECT', 'TEMP', 'TEMPORARY']);
CREATE MACRO postgres.catalog.has_function_privilege(func, privilege) AS postgres.catalog._may(privilege, ['EXECUTE']) AND coalesce((SELECT __executable FROM postgres.catalog._functions WHERE __oid = try_cast(func::VARCHAR AS UINTEGER)), true), (role, func, privilege) AS postgres.catalog._may(privilege, ['EXECUTE']) AND coalesce((SELECT __executable FROM postgres.catalog._functions WHERE __oid = try_cast(func::VARCHAR AS UINTEGER)), true);
CREATE MACRO postgres.catalog.has_type_privilege(kind, privilege) AS postgres.catalog._may(privilege, ['USAGE']), (role, kind, privilege) AS postgres.catalog._may(privilege, ['USAGE']);
CREATE MACRO postgres.catalog.has_language_privilege(language, privilege) AS postgres.catalog._may(privilege, ['USAGE']), (role, language, privilege) AS postgres.catalog._may(privilege, ['USAGE']);
CREATE MACRO postgres.catalog.has_sequence_privilege(seq, privilege) AS false, (role, seq, privilege) AS false;
CREATE MACRO postgres.catalog.has_tablespace_privilege(space, privilege) AS false, (role, space, privilege) AS false;
CREATE MACRO postgres.catalog.has_foreign_data_wrapper_privilege(wrapper, privilege) AS false, (role, wrapper, privilege) AS false;
CREATE MACRO postgres.catalog.has_server_privilege(server, privilege) AS false, (role, server, privilege) AS false;
CREATE MACRO postgres.catalog.pg_has_role(role, privilege) AS role::VARCHAR IN (postgres.catalog.current_user(), '16386', 'harvest', '16387'), (who, role, privilege) AS role::VARCHAR = who::VARCHAR OR (who::VARCHAR IN (postgres.catalog.current_user(), '16386') AND role::VARCHAR IN (postgres.catalog.current_user(), '16386', 'harvest', '16387'));
CREATE MACRO postgres.catalog.row_security_active(relation) AS false;

-- Sizes: nothing is stored here
CREATE MACRO postgres.catalog.pg_relation_size(relation) AS 0::BIGINT, (relation, fork) AS 0::BIGINT;
CREATE MACRO postgres.catalog.pg_table_size(relation) AS 0::BIGINT;
CREATE MACRO postgres.catalog.pg_indexes_size(relation) AS 0::BIGINT;
CREATE MACRO postgres.catalog.pg_total_relation_size(relation) AS 0::BIGINT;
CREATE MACRO postgres.catalog.pg_database_size(database) AS 0::BIGINT;
CREATE MACRO postgres.catalog.pg_tablespace_size(space) AS 0::BIGINT;
CREATE MACRO postgres.catalog.pg_tablespace_location(space) AS '';
CREATE MACRO postgres.catalog.pg_size_pretty(bytes) AS CASE WHEN abs(bytes) < 10240 THEN bytes || ' bytes' WHEN abs(bytes) < 10240 * 1024 THEN round(bytes / 1024)::BIGINT || ' kB' WHEN abs(bytes) < 10240 * 1048576::BIGINT THEN round(bytes / 1048576)::BIGINT || ' MB' ELSE round(bytes / 1073741824)::BIGINT || ' GB' END;
CREATE MACRO postgres.catalog.pg_relation_filenode(relation) AS NULL::UINTEGER;
CREATE MACRO postgres.catalog.pg_relation_is_publishable(relation) AS false;
CREATE MACRO postgres.catalog.pg_relation_is_updatable(relation, include_triggers) AS 0;
CREATE MACRO postgres.catalog.pg_column_is_updatable(relation, place, include_triggers) AS false;

-- Arrays
CREATE MACRO postgres.catalog.regtype_texts(items) AS (SELECT list(t.__text ORDER BY u.__place) FROM (SELECT unnest(items) AS __kind, unnest(generate_series(1, len(items))) AS __place) AS u LEFT JOIN postgres.catalog._types AS t ON t.__oid = u.__kind);
CREATE MACRO postgres.catalog.array_remove(items, item) AS list_filter(items, lambda each: each IS DISTINCT FROM item);
CREATE MACRO postgres.catalog.array_upper(items, dimension) AS CASE WHEN dimension = 1 AND len(items) > 0 THEN len(items) END;
CREATE MACRO postgres.catalog.array_lower(items, dimension) AS CASE WHEN dimension = 1 AND len(items) > 0 THEN 1 END;
CREATE MACRO postgres.catalog._pg_expandarray_rows(items) AS list_transform(items, lambda v, i: {'x': v, 'n': i::INTEGER});
CREATE MACRO postgres.catalog._pg_expandarray(items) AS unnest(list_transform(items, lambda v, i: {'x': v, 'n': i::INTEGER}));
CREATE MACRO postgres.catalog.aclexplode_rows(items) AS list_transform(flatten(list_transform(items, lambda i: list_transform(string_split(regexp_replace(string_split(string_split(i, '/')[1], '=')[2], '([a-zA-Z])', '\1,', 'g')[:-2], ','), lambda c: [i, c]))), lambda e: {'grantor': CASE WHEN ends_with(e[1], '/harvest') THEN 16387 ELSE 10 END::UINTEGER, 'grantee': map {'': 0, 'postgres': 10, 'harvest': 16387, 'pg_monitor': 3373, 'pg_read_all_settings': 3374, 'pg_read_all_stats': 3375, 'pg_stat_scan_tables': 3377, 'pg_signal_backend': 4200, 'pg_read_all_data': 6181, 'pg_write_all_data': 6182, 'pg_database_owner': 6171, 'pg_checkpoint': 4544}[string_split(e[1], '=')[1]]::UINTEGER, 'privilege_type': map {'r': 'SELECT', 'a': 'INSERT', 'w': 'UPDATE', 'd': 'DELETE', 'D': 'TRUNCATE', 'x': 'REFERENCES', 't': 'TRIGGER', 'X': 'EXECUTE', 'U': 'USAGE', 'C': 'CREATE', 'c': 'CONNECT', 'T': 'TEMPORARY', 's': 'SET', 'A': 'ALTER SYSTEM'}[e[2]], 'is_grantable': false});
CREATE MACRO postgres.catalog.aclexplode(items) AS unnest(postgres.catalog.aclexplode_rows(items));
CREATE MACRO postgres.catalog.pg_options_to_table_rows(options) AS list_transform(options, lambda o: {'option_name': string_split(o, '=')[1], 'option_value': substr(o, strpos(o, '=') + 1)});
CREATE MACRO postgres.catalog.pg_options_to_table(options) AS unnest(postgres.catalog.pg_options_to_table_rows(options));
CREATE MACRO postgres.catalog.pg_partition_ancestors(relation) AS []::DECIMAL(37,0)[];
CREATE MACRO postgres.catalog.generate_subscripts(items, dimension) AS CASE WHEN dimension = 1 THEN generate_series(1, len(items)) ELSE [] END;
CREATE MACRO postgres.catalog.acldefault(kind, owner) AS list_transform(CASE kind WHEN 'f' THEN ['=X/', '*=X/'] WHEN 'T' THEN ['=U/', '*=U/'] WHEN 'l' THEN ['=U/', '*=U/'] WHEN 'r' THEN ['*=arwdDxt/'] WHEN 'n' THEN ['*=UC/'] WHEN 'd' THEN ['=Tc/', '*=CTc/'] WHEN 's' THEN ['*=rwU/'] WHEN 't' THEN ['*=C/'] WHEN 'F' THEN ['*=U/'] WHEN 'S' THEN ['*=U/'] WHEN 'c' THEN []::VARCHAR[] END, lambda item: replace(item, '*', CASE WHEN owner = 10 THEN 'postgres' ELSE 'harvest' END) || CASE WHEN owner = 10 THEN 'postgres' ELSE 'harvest' END);
CREATE MACRO postgres.catalog.age(given) AS 1;

-- What information_schema computes with
CREATE MACRO postgres.catalog.getdatabaseencoding() AS 'UTF8';
CREATE MACRO postgres.catalog.nameconcatoid(name, number) AS name || '_' || number;
CREATE MACRO postgres.catalog.pg_encoding_max_length(encoding) AS 4;
CREATE MACRO postgres.catalog._pg_index_position(relation, place) AS (SELECT nullif(list_position(__keys, place), 0) FROM postgres.catalog._index_keys WHERE __oid = relation);
CREATE MACRO postgres.catalog._pg_char_max_length(kind, modifier) AS CASE WHEN modifier = -1 THEN NULL WHEN kind IN (1042, 1043) THEN modifier - 4 WHEN kind IN (1560, 1562) THEN modifier END;
CREATE MACRO postgres.catalog._pg_char_octet_length(kind, modifier) AS CASE WHEN kind NOT IN (25, 1042, 1043) THEN NULL WHEN modifier = -1 THEN 1073741824 WHEN kind IN (1042, 1043) THEN (modifier - 4) * 4 END;
CREATE MACRO postgres.catalog._pg_numeric_precision(kind, modifier) AS CASE kind WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 1700 THEN CASE WHEN modifier <> -1 THEN ((modifier - 4) >> 16) & 65535 END WHEN 700 THEN 24 WHEN 701 THEN 53 END;
CREATE MACRO postgres.catalog._pg_numeric_precision_radix(kind, modifier) AS CASE WHEN kind IN (20, 21, 23, 700, 701) THEN 2 WHEN kind = 1700 THEN 10 END;
CREATE MACRO postgres.catalog._pg_numeric_scale(kind, modifier) AS CASE WHEN kind IN (20, 21, 23) THEN 0 WHEN kind = 1700 AND modifier <> -1 THEN (modifier - 4) & 65535 END;
CREATE MACRO postgres.catalog._pg_datetime_precision(kind, modifier) AS CASE WHEN kind = 1082 THEN 0 WHEN kind IN (1083, 1114, 1184, 1266) THEN CASE WHEN modifier < 0 THEN 6 ELSE modifier END WHEN kind = 1186 THEN CASE WHEN modifier < 0 OR modifier & 65535 = 65535 THEN 6 ELSE modifier & 65535 END END;
CREATE MACRO postgres.catalog._pg_interval_type(kind, modifier) AS NULL::VARCHAR;

-- Statistics: none are kept
CREATE MACRO postgres.catalog.pg_stat_get_blocks_fetched(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_blocks_hit(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_dead_tuples(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_ins_since_vacuum(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_live_tuples(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_mod_since_analyze(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_numscans(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_tuples_deleted(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_tuples_fetched(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_tuples_hot_updated(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_tuples_inserted(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_tuples_returned(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_tuples_updated(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_analyze_count(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_autoanalyze_count(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_autovacuum_count(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_vacuum_count(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_xact_numscans(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_xact_tuples_deleted(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_xact_tuples_fetched(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_xact_tuples_hot_updated(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_xact_tuples_inserted(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_xact_tuples_returned(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_xact_tuples_updated(relation) AS NULL::BIGINT;
CREATE MACRO postgres.catalog.pg_stat_get_last_analyze_time(relation) AS NULL::TIMESTAMPTZ;
CREATE MACRO postgres.catalog.pg_stat_get_last_autoanalyze_time(relation) AS NULL::TIMESTAMPTZ;
CREATE MACRO postgres.catalog.pg_stat_get_last_autovacuum_time(relation) AS NULL::TIMESTAMPTZ;
CREATE MACRO postgres.catalog.pg_stat_get_last_vacuum_time(relation) AS NULL::TIMESTAMPTZ;

-- As PostgreSQL 15's pg_get_functiondef() puts them together, but for bodies of SQL, of which the trees are not kept.
CREATE VIEW postgres.catalog._definitions AS SELECT p.oid AS __oid, CASE WHEN f.__definition IS NOT NULL THEN f.__definition WHEN p.prokind = 'a' OR p.prosqlbody IS NOT NULL THEN NULL ELSE 'CREATE OR REPLACE ' || CASE WHEN p.prokind = 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || n.nspname || '.' || postgres.catalog.quote_ident(p.proname) || '(' || f.__arguments || ')' || chr(10) || coalesce(' RETURNS ' || f.__result || chr(10), '') || ' LANGUAGE ' || l.lanname || chr(10) || coalesce(nullif(CASE WHEN p.prokind = 'w' THEN ' WINDOW' ELSE '' END || CASE p.provolatile WHEN 'i' THEN ' IMMUTABLE' WHEN 's' THEN ' STABLE' ELSE '' END || CASE p.proparallel WHEN 's' THEN ' PARALLEL SAFE' WHEN 'r' THEN ' PARALLEL RESTRICTED' ELSE '' END || CASE WHEN p.proisstrict THEN ' STRICT' ELSE '' END || CASE WHEN p.prosecdef THEN ' SECURITY DEFINER' ELSE '' END || CASE WHEN p.proleakproof THEN ' LEAKPROOF' ELSE '' END || CASE WHEN p.procost <> CASE WHEN l.lanname IN ('internal', 'c') THEN 1 ELSE 100 END THEN ' COST ' || p.procost::BIGINT ELSE '' END || CASE WHEN p.prorows > 0 AND p.prorows <> 1000 THEN ' ROWS ' || p.prorows::BIGINT ELSE '' END || CASE WHEN p.prosupport <> 0 THEN ' SUPPORT ' || postgres.catalog.regproc_text(p.prosupport) ELSE '' END, '') || chr(10), '') || 'AS ' || coalesce('''' || p.probin || ''', ', '') || '$function$' || p.prosrc || '$function$' || chr(10) END AS __text FROM postgres.catalog.pg_proc AS p JOIN postgres.catalog.pg_namespace AS n ON n.oid = p.pronamespace JOIN postgres.catalog.pg_language AS l ON l.oid = p.prolang LEFT JOIN postgres.catalog._functions AS f ON f.__oid = p.oid;
CREATE MACRO postgres.catalog.pg_get_functiondef(object) AS coalesce((SELECT __text FROM postgres.catalog._definitions WHERE __oid = object), CASE WHEN (SELECT __name FROM postgres.catalog._functions WHERE __oid = object) IS NOT NULL THEN error('the definition of function ' || object || ' is not known to this server') END);
