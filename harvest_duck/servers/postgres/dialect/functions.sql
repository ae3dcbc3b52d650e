-- PostgreSQL 15's functions that DuckDB lacks, and with a leading _ those that DuckDB has with another meaning.
-- Only functions of system.main and macros above are called, by names that no macro here takes.
CREATE MACRO postgres.catalog.btrim(s) AS trim(s, ' '), (s, characters) AS trim(s, characters);
CREATE MACRO postgres.catalog._trim(s) AS trim(s, ' ');
CREATE MACRO postgres.catalog._ltrim(s) AS ltrim(s, ' ');
CREATE MACRO postgres.catalog._rtrim(s) AS rtrim(s, ' ');
CREATE MACRO postgres.catalog._lpad(s, n) AS lpad(s, greatest(n, 0)::INTEGER, ' ');
CREATE MACRO postgres.catalog._rpad(s, n) AS rpad(s, greatest(n, 0)::INTEGER, ' ');
CREATE MACRO postgres.catalog.initcap(s) AS
    array_to_string(list_transform(regexp_extract_all(lower(s), '[\pL\pN]+|[^\pL\pN]+'),
        lambda word: upper(word[1]) || word[2:]), '');
CREATE MACRO postgres.catalog._to_hex(n) AS lower(to_hex(CASE WHEN n < 0 AND n >= -2147483648 THEN n + 4294967296 ELSE n END));
CREATE MACRO postgres.catalog.quote_literal(v) AS
    CASE WHEN contains(v::VARCHAR, '\') THEN 'E''' || replace(replace(v::VARCHAR, '\', '\\'), '''', '''''') || ''''
    ELSE '''' || replace(v::VARCHAR, '''', '''''') || '''' END;
CREATE MACRO postgres.catalog.quote_nullable(v) AS coalesce(postgres.catalog.quote_literal(v), 'NULL');
CREATE MACRO postgres.catalog._substring(s, first) AS substring(s, greatest(first, 1)::BIGINT),
    (s, first, n) AS CASE WHEN n < 0 THEN error('22011: negative substring length not allowed')
        ELSE substring(s, greatest(first, 1)::BIGINT, greatest(first + n - greatest(first, 1), 0)::BIGINT) END;
CREATE MACRO postgres.catalog.regexp_match(s, pattern) AS
    CASE WHEN NOT regexp_matches(s, '(?s)' || pattern) THEN NULL
    WHEN len(regexp_extract_all(replace(pattern, '\(', ''), '\((?:[^?]|$)')) > 1
        THEN error('0A000: regexp_match with several groups is not supported: write regexp_extract(text, pattern, [''name'', …])')
    WHEN regexp_matches(replace(pattern, '\(', ''), '\((?:[^?]|$)') THEN [regexp_extract(s, '(?s)' || pattern, 1)]
    ELSE [regexp_extract(s, '(?s)' || pattern)] END;
CREATE MACRO postgres.catalog._substring_matching(s, pattern) AS postgres.catalog.regexp_match(s, pattern)[1];
CREATE MACRO postgres.catalog.regexp_count(s, pattern) AS len(regexp_extract_all(s, '(?s)' || pattern));
CREATE MACRO postgres.catalog.regexp_substr(s, pattern) AS CASE WHEN regexp_matches(s, '(?s)' || pattern) THEN regexp_extract(s, '(?s)' || pattern) END;
CREATE MACRO postgres.catalog._encode(b, form) AS
    CASE lower(form) WHEN 'hex' THEN lower(hex(b)) WHEN 'base64' THEN to_base64(b)
    ELSE error('0A000: encode to ' || form || ' is not supported: hex and base64 are') END;
CREATE MACRO postgres.catalog._decode(s, form) AS
    CASE lower(form) WHEN 'hex' THEN unhex(s) WHEN 'base64' THEN from_base64(s)
    ELSE error('0A000: decode from ' || form || ' is not supported: hex and base64 are') END;
CREATE MACRO postgres.catalog._sha256(b) AS unhex(sha256(b));
CREATE MACRO postgres.catalog._pieces_of_format(template) AS
    regexp_extract_all(template, '%(?:\d+\$)?[sIL]|%%|[^%]+|%');
CREATE MACRO postgres.catalog._formatted(piece, value) AS
    CASE right(piece, 1) WHEN 's' THEN coalesce(value, '') WHEN 'L' THEN postgres.catalog.quote_nullable(value)
    ELSE CASE WHEN value IS NULL THEN error('22004: null values cannot be formatted as an SQL identifier')
        WHEN regexp_full_match(value, '[a-z_][a-z0-9_$]*') THEN value
        ELSE '"' || replace(value, '"', '""') || '"' END END;
CREATE MACRO postgres.catalog._value_of_format(pieces, piece, place, given) AS
    CASE WHEN (CASE WHEN contains(piece, '$') THEN regexp_extract(piece, '\d+')::BIGINT
        ELSE len(list_filter(pieces[1:place], lambda each: regexp_full_match(each, '%[sIL]'))) END) > len(given)
    THEN error('22023: too few arguments for format()')
    ELSE given[CASE WHEN contains(piece, '$') THEN regexp_extract(piece, '\d+')::BIGINT
        ELSE len(list_filter(pieces[1:place], lambda each: regexp_full_match(each, '%[sIL]'))) END] END;
CREATE MACRO postgres.catalog._format_list(template, given) AS
    array_to_string(list_transform(postgres.catalog._pieces_of_format(template), lambda piece, place:
        CASE WHEN piece = '%%' THEN '%'
        WHEN piece = '%' THEN error('0A000: format() with another specifier than %s, %I, %L or %% is not supported')
        WHEN starts_with(piece, '%') THEN postgres.catalog._formatted(piece,
            postgres.catalog._value_of_format(postgres.catalog._pieces_of_format(template), piece, place, given))
        ELSE piece END), '');
CREATE MACRO postgres.catalog.scale(n) AS
    CASE WHEN contains(n::VARCHAR, '.') THEN len(split_part(n::VARCHAR, '.', 2)) ELSE 0 END;
CREATE MACRO postgres.catalog.min_scale(n) AS
    CASE WHEN contains(n::VARCHAR, '.') THEN len(rtrim(split_part(n::VARCHAR, '.', 2), '0')) ELSE 0 END;
CREATE MACRO postgres.catalog.div(a, b) AS
    CASE WHEN b = 0 THEN error('22012: division by zero') ELSE trunc(a / b)::BIGINT END;
CREATE MACRO postgres.catalog.width_bucket(operand, low, high, buckets) AS
    CASE WHEN low < high THEN CASE WHEN operand < low THEN 0 WHEN operand >= high THEN buckets + 1
            ELSE (floor((operand - low)::DOUBLE / (high - low)::DOUBLE * buckets) + 1)::INTEGER END
        WHEN low > high THEN CASE WHEN operand > low THEN 0 WHEN operand <= high THEN buckets + 1
            ELSE (floor((low - operand)::DOUBLE / (low - high)::DOUBLE * buckets) + 1)::INTEGER END
        ELSE error('2201G: lower bound cannot equal upper bound') END;
CREATE MACRO postgres.catalog.num_nulls(a) AS (a IS NULL)::INTEGER, (a, b) AS (a IS NULL)::INTEGER + (b IS NULL)::INTEGER,
    (a, b, c) AS (a IS NULL)::INTEGER + (b IS NULL)::INTEGER + (c IS NULL)::INTEGER;
CREATE MACRO postgres.catalog.num_nonnulls(a) AS (a IS NOT NULL)::INTEGER,
    (a, b) AS (a IS NOT NULL)::INTEGER + (b IS NOT NULL)::INTEGER,
    (a, b, c) AS (a IS NOT NULL)::INTEGER + (b IS NOT NULL)::INTEGER + (c IS NOT NULL)::INTEGER;
CREATE MACRO postgres.catalog.clock_timestamp() AS get_current_timestamp();
CREATE MACRO postgres.catalog.statement_timestamp() AS get_current_timestamp();
CREATE MACRO postgres.catalog.timeofday() AS strftime(get_current_timestamp(), '%a %b %d %H:%M:%S.%f %Y %Z');
CREATE MACRO postgres.catalog.make_interval(years := 0, months := 0, weeks := 0, days := 0, hours := 0, mins := 0, secs := 0) AS
    to_months((years * 12 + months)::INTEGER) + to_days((weeks * 7 + days)::INTEGER) + to_hours(hours::BIGINT)
    + to_minutes(mins::BIGINT) + to_microseconds(round(secs * 1000000)::BIGINT);
CREATE MACRO postgres.catalog._microseconds_of(i) AS
    (hour(i)::BIGINT * 3600000000 + minute(i)::BIGINT * 60000000 + microsecond(i)::BIGINT);
CREATE MACRO postgres.catalog._months_of(i) AS (year(i) * 12 + month(i))::INTEGER;
CREATE MACRO postgres.catalog.justify_days(i) AS
    to_months((postgres.catalog._months_of(i) + day(i) // 30)::INTEGER) + to_days((day(i) % 30)::INTEGER)
    + to_microseconds(postgres.catalog._microseconds_of(i));
CREATE MACRO postgres.catalog.justify_hours(i) AS
    to_months(postgres.catalog._months_of(i)) + to_days((day(i) + postgres.catalog._microseconds_of(i) // 86400000000)::INTEGER)
    + to_microseconds(postgres.catalog._microseconds_of(i) % 86400000000);
CREATE MACRO postgres.catalog.date_bin(stride, source, origin) AS
    time_bucket(CASE WHEN postgres.catalog._months_of(stride::INTERVAL) <> 0
        THEN error('0A000: timestamps cannot be binned into intervals containing months or years') ELSE stride::INTERVAL END,
        source, origin);
CREATE MACRO postgres.catalog._date_trunc_in_zone(unit, moment, zone) AS timezone(zone, date_trunc(unit, timezone(zone, moment)));
CREATE MACRO postgres.catalog._seconds(t) AS (microsecond(t)::DECIMAL(18, 0) * 0.000001)::DECIMAL(18, 6);
CREATE MACRO postgres.catalog._milliseconds(t) AS (microsecond(t)::DECIMAL(18, 0) * 0.001)::DECIMAL(18, 3);
CREATE MACRO postgres.catalog._epoch(t) AS epoch(t)::DECIMAL(38, 6);
CREATE MACRO postgres.catalog._array_length(a, dimension) AS
    CASE WHEN dimension <> 1 THEN error('0A000: array_length of another dimension than 1 is not supported') ELSE nullif(len(a), 0) END;
CREATE MACRO postgres.catalog.array_ndims(a) AS CASE WHEN len(a) > 0 THEN 1 END;
CREATE MACRO postgres.catalog.array_replace(a, old, new) AS
    list_transform(a, lambda each: CASE WHEN each IS NOT DISTINCT FROM old THEN new ELSE each END);
CREATE MACRO postgres.catalog._array_to_string(a, separator, nulls) AS
    array_to_string(list_transform(a, lambda each: coalesce(each::VARCHAR, nulls)), separator);
CREATE MACRO postgres.catalog._string_to_array(s, separator) AS
        CASE WHEN s = '' THEN [] WHEN separator IS NULL THEN regexp_extract_all(s, '(?s).') WHEN separator = '' THEN [s]
        ELSE string_split(s, separator) END,
    (s, separator, nulls) AS
        list_transform(CASE WHEN s = '' THEN [] WHEN separator IS NULL THEN regexp_extract_all(s, '(?s).') WHEN separator = '' THEN [s]
        ELSE string_split(s, separator) END, lambda each: nullif(each, nulls));
CREATE MACRO postgres.catalog._typeof(v) AS
    CASE regexp_replace(typeof(v), '\(.*\)$', '')
    WHEN 'VARCHAR' THEN 'text' WHEN 'DECIMAL' THEN 'numeric' WHEN 'DOUBLE' THEN 'double precision' WHEN 'FLOAT' THEN 'real'
    WHEN 'HUGEINT' THEN 'numeric' WHEN 'BLOB' THEN 'bytea' WHEN 'TIMESTAMP' THEN 'timestamp without time zone'
    WHEN 'TIME' THEN 'time without time zone' WHEN 'BIT' THEN 'bit varying' WHEN '"NULL"' THEN 'unknown' WHEN 'NULL' THEN 'unknown'
    ELSE CASE WHEN typeof(v) LIKE '%[]' OR typeof(v) LIKE 'STRUCT%' OR typeof(v) LIKE 'MAP%' THEN 'json' ELSE lower(typeof(v)) END END;
CREATE MACRO postgres.catalog.unistr(s) AS
    error('0A000: unistr is not supported: write the characters, or a string as U&''\0061''')
