-- timesheet_gaps: working days with fewer hours than expected
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--   at_least DOUBLE = 0.8 | share of the expected hours below which a day is a gap
--   holidays DATE[] = NULL | days on which nobody works; NULL takes those of the holiday calendars, where the account has them
--   time_off VARCHAR[] = NULL | tasks that are time off; NULL takes approved paid time off, where the account has it
--
-- Definition
--   expected = weekly_capacity/5; a gap is a working day, today excluded, with under `at_least` (0.8) of it
WITH entries AS MATERIALIZED (
    SELECT account_id, user_id, spent_date, sum(hours) AS hours FROM harvest.time_entries
    WHERE spent_date BETWEEN $from_date AND $to_date GROUP BY ALL
), people AS (
    SELECT u.account_id, u.id AS user_id, concat_ws(' ', u.first_name, u.last_name) AS user_name, u.email, u.is_contractor,
        u.weekly_capacity / 3600.0 / 5 AS expected,
        greatest($from_date, least(u.created_at::DATE, coalesce(e.first_day, u.created_at::DATE))) AS here_from,
        CASE WHEN u.is_active THEN $to_date ELSE e.last_day END AS here_to
    FROM harvest.users u
    LEFT JOIN (SELECT account_id, user_id, min(spent_date) AS first_day, max(spent_date) AS last_day FROM entries GROUP BY ALL) e
        ON e.user_id = u.id AND e.account_id = u.account_id
    WHERE u.weekly_capacity > 0
)
SELECT d.day::DATE AS day, p.user_id, p.user_name, p.email, p.is_contractor,
    p.expected::DECIMAL(18, 4) AS expected_hours, coalesce(e.hours, 0)::DECIMAL(18, 4) AS hours,
    (p.expected - coalesce(e.hours, 0))::DECIMAL(18, 4) AS missing_hours, e.hours IS NULL AS is_empty, p.account_id
FROM people p
JOIN (SELECT unnest(generate_series($from_date, $to_date, INTERVAL 1 DAY)) AS day) d ON d.day BETWEEN p.here_from AND p.here_to
LEFT JOIN entries e ON e.account_id = p.account_id AND e.user_id = p.user_id AND e.spent_date = d.day
WHERE isodow(d.day) <= 5 AND NOT list_contains($holidays, d.day::DATE) AND coalesce(e.hours, 0) < $at_least * p.expected
