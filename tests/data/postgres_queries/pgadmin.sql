-- What pgAdmin 9.18 sends when it connects, opens a table and shows a function. {clients} stands for the number of a table.
-- A line of two semicolons ends each query.
SELECT set_config('bytea_output','hex',false) FROM pg_show_all_settings() WHERE name = 'bytea_output'
;;
SELECT at.attname, at.attnum, ty.typname
FROM pg_catalog.pg_attribute at LEFT JOIN pg_catalog.pg_type ty ON (ty.oid = at.atttypid)
JOIN pg_catalog.pg_class as cl ON cl.oid=AT.attrelid
JOIN pg_catalog.pg_namespace as nsp ON nsp.oid=cl.relnamespace
WHERE
    attrelid={clients}::oid AND
attnum = ANY (
(SELECT con.conkey FROM pg_catalog.pg_class rel LEFT OUTER JOIN pg_catalog.pg_constraint con ON con.conrelid=rel.oid
JOIN pg_catalog.pg_namespace as nsp ON nsp.oid=REL.relnamespace
AND con.contype='p' WHERE rel.relkind IN ('r','s','t', 'p') AND
    rel.oid = ({clients})::oid)::oid[])
;;
SELECT proname, pg_catalog.oidvectortypes(proargtypes) AS proargtypenames
FROM pg_catalog.pg_proc
WHERE proname LIKE 'pg_get_%' OR proname = 'utilization'
ORDER BY 1, 2
