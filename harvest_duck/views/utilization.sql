-- utilization: how full each person's weeks were
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--   week_starts VARCHAR = 'Monday' | first day of a week: Monday, Sunday or Saturday
--   holidays DATE[] = NULL | days on which nobody works; NULL takes those of the holiday calendars, where the account has them
--   time_off VARCHAR[] = NULL | tasks that are time off; NULL takes approved paid time off, where the account has it
--
-- Definition
--   capacity = users.weekly_capacity/3600/5 for every working day (Mon-Fri, no holiday) of the span on which the person was there
WITH entries AS MATERIALIZED (
    SELECT account_id, user_id, spent_date, hours, billable, task_name IN (SELECT unnest($time_off)) AS off
    FROM harvest.time_entries WHERE spent_date BETWEEN $from_date AND $to_date
), people AS (
    SELECT u.account_id, u.id AS user_id, concat_ws(' ', u.first_name, u.last_name) AS user_name, u.is_contractor, u.is_active, u.roles,
        u.weekly_capacity / 3600.0 AS weekly_hours,
        greatest($from_date, least(u.created_at::DATE, coalesce(e.first_day, u.created_at::DATE))) AS here_from,
        CASE WHEN u.is_active THEN $to_date ELSE e.last_day END AS here_to
    FROM harvest.users u
    LEFT JOIN (SELECT account_id, user_id, min(spent_date) AS first_day, max(spent_date) AS last_day FROM entries GROUP BY ALL) e
        ON e.user_id = u.id AND e.account_id = u.account_id
), days AS (
    SELECT day::DATE AS day, (day - INTERVAL (((isodow(day) - starts + 7) % 7)::INT) DAY)::DATE AS week
    FROM (SELECT unnest(generate_series($from_date, $to_date, INTERVAL 1 DAY)) AS day,
                 CASE $week_starts WHEN 'Sunday' THEN 7 WHEN 'Saturday' THEN 6 ELSE 1 END AS starts)
), capacity AS (
    SELECT p.account_id, p.user_id, d.week,
        count(*) FILTER (isodow(d.day) <= 5 AND NOT list_contains($holidays, d.day)) AS working_days,
        sum(p.weekly_hours / 5) FILTER (isodow(d.day) <= 5 AND NOT list_contains($holidays, d.day)) AS capacity
    FROM people p JOIN days d ON d.day BETWEEN p.here_from AND p.here_to GROUP BY ALL
), worked AS (
    SELECT e.account_id, e.user_id, d.week, sum(e.hours) FILTER (NOT off) AS hours, sum(e.hours) FILTER (e.billable AND NOT off) AS billable_hours,
        sum(e.hours) FILTER (off) AS time_off_hours
    FROM entries e JOIN days d ON d.day = e.spent_date GROUP BY ALL
)
SELECT c.week, p.user_id, p.user_name, p.is_contractor, p.is_active, p.roles, c.working_days,
    greatest(0, coalesce(c.capacity, 0) - coalesce(w.time_off_hours, 0))::DECIMAL(18, 4) AS capacity_hours,
    coalesce(w.hours, 0)::DECIMAL(18, 4) AS hours,
    coalesce(w.billable_hours, 0)::DECIMAL(18, 4) AS billable_hours,
    coalesce(w.time_off_hours, 0)::DECIMAL(18, 4) AS time_off_hours,
    round(w.hours / nullif(capacity_hours, 0), 4) AS utilization,
    round(w.billable_hours / nullif(capacity_hours, 0), 4) AS billable_utilization,
    p.account_id
FROM capacity c JOIN people p USING (account_id, user_id) LEFT JOIN worked w USING (account_id, user_id, week)
