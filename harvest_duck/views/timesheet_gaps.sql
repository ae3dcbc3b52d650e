-- timesheet_gaps: who has not written their time, and on which days?
-- Access: people
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--   at_least DECIMAL(9,4) = 0.8 | share of the expected hours below which a day is a gap
--   holidays DATE[] = NULL | days on which nobody works; NULL takes those of the holiday calendars, where the account has them
--   time_off VARCHAR[] = NULL | tasks that are time off; NULL takes approved paid time off, where the account has it
--   as_of DATE = current_date | the day that is not over yet, by default today
--
-- Definition
--   One row for each person and working day with fewer hours than at_least × the expected ones. Days from as_of on are
--   no gaps yet. The expected hours are the capacity of the day, as in utilization: a fifth of today's weekly capacity
--   of the user, Monday to Friday, less time off. Nothing is expected on a holiday, or of a user without a weekly
--   capacity. A person counts from the day on which the user was created, or from their first time entry of the span if
--   it is earlier. An archived user counts up to their last time entry of the span. Days are those of UTC. Harvest does
--   not document that a manager sees the days off of their teammates, so teammates are left out of a manager's rows
--   unless both holidays and time_off are given. The hours are unrounded, running timers count with what they have so
--   far, and time on days off does not count as work, as in utilization.
--
-- Columns
--   day: the working day
--   user_id: user
--   user_name: first and last name of the user
--   email: email address of the user
--   is_contractor: whether the user is a contractor rather than an employee
--   expected_hours: hours expected, less time off
--   hours: hours written, without time off
--   missing_hours: expected_hours - hours
--   is_empty: whether no work at all was written
--   limited_to: the people that the rows are about, where the token does not see the time of everyone; NULL where it does
--   account_id: account of the user
WITH viewers AS (
    SELECT *, people IS NOT NULL AND ($holidays IS NULL OR $time_off IS NULL) AS is_alone FROM harvest._internal.visible('timesheet_gaps', 'people')
), seen AS MATERIALIZED (
    SELECT * REPLACE (
        CASE WHEN is_alone THEN [user_id] ELSE people END AS people,
        CASE WHEN is_alone THEN coalesce(nullif(user_name, ''), user_id::VARCHAR) ELSE limited_to END AS limited_to
    ) FROM viewers
), nearby AS MATERIALIZED (
    FROM harvest._internal.days_off(greatest($from_date - 366, DATE '0001-01-01'), least($to_date + 366, DATE '9999-12-31'), $holidays IS NULL, $time_off IS NULL)
), off AS (
    FROM nearby WHERE day BETWEEN $from_date AND $to_date
), entries AS MATERIALIZED (
    SELECT t.account_id, t.user_id, t.spent_date, t.task_name, t.hours, coalesce(t.billable, false) AS billable
    FROM harvest.time_entries t JOIN seen v ON v.account_id = t.account_id AND (v.people IS NULL OR list_contains(v.people, t.user_id))
    WHERE t.spent_date BETWEEN $from_date AND $to_date
), written AS (
    SELECT account_id, user_id, min(spent_date) AS first_day, max(spent_date) AS last_day FROM entries GROUP BY account_id, user_id
), people AS (
    SELECT u.account_id, u.id AS user_id, concat_ws(' ', u.first_name, u.last_name) AS user_name, u.email, u.is_contractor, v.limited_to,
        -- Exact: no number of seconds is a tie, or near to one.
        (u.weekly_capacity / 18000.0)::DECIMAL(18, 4) AS a_day,
        greatest($from_date, least((u.created_at AT TIME ZONE 'UTC')::DATE, e.first_day)) AS here_from,
        CASE WHEN u.is_active THEN $to_date ELSE e.last_day END AS here_to
    FROM harvest.users u
    JOIN seen v ON v.account_id = u.account_id AND (v.people IS NULL OR list_contains(v.people, u.id))
    LEFT JOIN written e ON e.user_id = u.id AND e.account_id = u.account_id
    WHERE u.weekly_capacity > 0
), days AS (
    SELECT day::DATE AS day FROM (SELECT unnest(generate_series($from_date, least($to_date, $as_of - 1), INTERVAL 1 DAY)) AS day)
    WHERE isodow(day) <= 5 AND NOT coalesce(list_contains($holidays, day::DATE), false)
), closed AS (
    SELECT DISTINCT account_id, user_id, day FROM off WHERE kind = 'holiday'
), types AS (
    SELECT DISTINCT account_id, name FROM nearby WHERE kind = 'time_off'
), booked AS (
    SELECT e.account_id, e.user_id, e.spent_date AS day, e.hours,
        coalesce(list_contains($time_off, e.task_name), false) OR $time_off IS NULL AND n.name IS NOT NULL AS is_off
    FROM entries e LEFT JOIN types n ON n.account_id = e.account_id AND n.name = e.task_name
), worked AS (
    SELECT account_id, user_id, day, sum(hours) FILTER (NOT is_off) AS hours, sum(hours) FILTER (is_off) AS off_hours
    FROM booked GROUP BY account_id, user_id, day
), requested AS (
    SELECT account_id, user_id, day, sum(hours) AS off_hours, bool_or(hours IS NULL) AS is_whole
    FROM off WHERE kind = 'time_off' GROUP BY account_id, user_id, day
), day_by_day AS (
    SELECT p.*, d.day, w.hours,
        p.a_day - CASE WHEN r.is_whole THEN p.a_day
            ELSE least(p.a_day, greatest(coalesce(r.off_hours, 0), coalesce(w.off_hours, 0))) END AS expected
    FROM people p
    JOIN days d ON d.day BETWEEN p.here_from AND p.here_to
    LEFT JOIN closed c ON c.account_id = p.account_id AND c.user_id = p.user_id AND c.day = d.day
    LEFT JOIN worked w ON w.account_id = p.account_id AND w.user_id = p.user_id AND w.day = d.day
    LEFT JOIN requested r ON r.account_id = p.account_id AND r.user_id = p.user_id AND r.day = d.day
    WHERE c.day IS NULL
)
SELECT day, user_id, user_name, email, is_contractor, expected::DECIMAL(18, 4) AS expected_hours, coalesce(hours, 0)::DECIMAL(18, 4) AS hours,
    (expected - coalesce(hours, 0))::DECIMAL(18, 4) AS missing_hours, hours IS NULL AS is_empty, limited_to, account_id
FROM day_by_day
WHERE expected > 0 AND coalesce(hours, 0) < $at_least * expected
