-- utilization: how full was each person's week, and how much of it was sold?
-- Access: people
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--   week_starts VARCHAR = 'Monday' | first day of a week: Monday, Sunday or Saturday
--   holidays DATE[] = NULL | days on which nobody works; NULL takes those of the holiday calendars, where the account has them
--   time_off VARCHAR[] = NULL | tasks that are time off; NULL takes approved paid time off, where the account has it
--
-- Definition
--   One row for each person and week. Only the days of the week count that are in the span and on which the person was
--   there. A person was there from the day on which the user was created, or from their first time entry of the span if
--   it is earlier. An archived user was there up to their last time entry of the span, because Harvest does not tell
--   the day of archiving. Days are those of UTC. Capacity is a fifth of today's weekly capacity of the user for each
--   working day, Monday to Friday, less holidays and time off, as Harvest counts the working days of a period
--   (https://support.getharvest.com/hc/en-us/articles/43000673746445). Harvest keeps no earlier capacities, so today's
--   capacity counts for all weeks. The hours of work schedules do not count. A holiday takes the whole capacity of its
--   day. Time off takes its hours, or the whole day if it has no hours, and never more than is left of the day's
--   capacity. Holidays and time off come from Harvest's paid time off: the calendar that is assigned to the person, and
--   approved requests. An account without paid time off has none. A list as an argument replaces them, even an empty
--   one. The hours of people are unrounded, as in Harvest's detailed time report
--   (https://support.getharvest.com/hc/en-us/articles/360053116772), and running timers count with what they have so
--   far. Time that people book for days off does not count as work. If time_off lists tasks, the time on these tasks is
--   booked for days off. If it does not, time is booked for days off on tasks named like a type of paid time off that
--   somebody took within a year of the span. So is then all time on a holiday of the person that is not billable,
--   whatever its task. If time off is both requested and booked on a day, the greater of the two counts. Utilization is
--   hours ÷ capacity, and billable utilization billable hours ÷ capacity; both are NULL where there was no capacity.
--   Harvest does not document that a manager sees the days off of their teammates, so teammates are left out of a
--   manager's rows unless both holidays and time_off are given. A user whom Harvest does not list any more has hours,
--   but no capacity.
--
-- Columns
--   week: first day of the week, which may lie before the span
--   user_id: user
--   user_name: first and last name of the user
--   is_contractor: whether the user is a contractor rather than an employee
--   is_active: whether the user is active; false once archived
--   roles: roles of the user, such as Design
--   working_days: days from Monday to Friday on which the person was there, without holidays
--   capacity_hours: hours that the person could work, less time off; NULL where the user has no weekly capacity
--   hours: hours worked
--   billable_hours: those of them that clients are to pay
--   time_off_hours: hours of time off, which capacity_hours does not contain
--   utilization: hours ÷ capacity_hours
--   billable_utilization: billable_hours ÷ capacity_hours
--   limited_to: the people that the rows are about, where the token does not see the time of everyone; NULL where it does
--   account_id: account of the user
WITH viewers AS (
    SELECT *, people IS NOT NULL AND ($holidays IS NULL OR $time_off IS NULL) AS is_alone FROM harvest._internal.visible('utilization', 'people')
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
    SELECT t.account_id, t.user_id, t.user_name, t.spent_date, t.task_name, t.hours, coalesce(t.billable, false) AS billable
    FROM harvest.time_entries t JOIN seen v ON v.account_id = t.account_id AND (v.people IS NULL OR list_contains(v.people, t.user_id))
    WHERE t.spent_date BETWEEN $from_date AND $to_date
), written AS (
    SELECT account_id, user_id, any_value(user_name) AS user_name, min(spent_date) AS first_day, max(spent_date) AS last_day
    FROM entries GROUP BY account_id, user_id
), users AS (
    SELECT u.account_id, u.id, concat_ws(' ', u.first_name, u.last_name) AS name, u.is_contractor, u.is_active, u.roles, u.weekly_capacity,
        (u.created_at AT TIME ZONE 'UTC')::DATE AS created_on
    FROM harvest.users u JOIN seen v ON v.account_id = u.account_id AND (v.people IS NULL OR list_contains(v.people, u.id))
), people AS (
    SELECT coalesce(u.account_id, e.account_id) AS account_id, coalesce(u.id, e.user_id) AS user_id, coalesce(u.name, e.user_name) AS user_name,
        u.is_contractor, u.is_active, u.roles,
        -- Exact: no number of seconds is a tie, or near to one.
        (u.weekly_capacity / 18000.0)::DECIMAL(18, 4) AS a_day,
        greatest($from_date, least(u.created_on, e.first_day)) AS here_from,
        CASE WHEN u.is_active THEN $to_date ELSE e.last_day END AS here_to
    FROM users u FULL JOIN written e ON e.user_id = u.id AND e.account_id = u.account_id
), days AS (
    SELECT day::DATE AS day, (day - to_days(((isodow(day) - starts + 7) % 7)::INTEGER))::DATE AS week,
        isodow(day) <= 5 AND NOT coalesce(list_contains($holidays, day::DATE), false) AS is_working
    FROM (
        SELECT unnest(generate_series($from_date, $to_date, INTERVAL 1 DAY)) AS day,
            CASE $week_starts WHEN 'Saturday' THEN 6 WHEN 'Sunday' THEN 7 ELSE 1 END AS starts
    )
), closed AS (
    SELECT DISTINCT account_id, user_id, day FROM off WHERE kind = 'holiday'
), here AS (
    SELECT p.account_id, p.user_id, d.day, d.week, p.a_day, d.is_working AND c.day IS NULL AS is_working
    FROM people p
    JOIN days d ON d.day BETWEEN p.here_from AND p.here_to
    LEFT JOIN closed c ON c.account_id = p.account_id AND c.user_id = p.user_id AND c.day = d.day
), types AS (
    SELECT DISTINCT account_id, name FROM nearby WHERE kind = 'time_off'
), booked AS (
    SELECT e.account_id, e.user_id, e.spent_date AS day, e.hours, e.billable,
        coalesce(list_contains($time_off, e.task_name), false) OR $time_off IS NULL AND (
            n.name IS NOT NULL OR NOT e.billable AND (c.day IS NOT NULL OR coalesce(list_contains($holidays, e.spent_date), false))
        ) AS is_off
    FROM entries e
    LEFT JOIN types n ON n.account_id = e.account_id AND n.name = e.task_name
    LEFT JOIN closed c ON c.account_id = e.account_id AND c.user_id = e.user_id AND c.day = e.spent_date
), worked AS (
    SELECT account_id, user_id, day, sum(hours) FILTER (NOT is_off) AS hours, sum(hours) FILTER (billable AND NOT is_off) AS billable_hours,
        sum(hours) FILTER (is_off) AS off_hours
    FROM booked GROUP BY account_id, user_id, day
), requested AS (
    SELECT account_id, user_id, day, sum(hours) AS off_hours, bool_or(hours IS NULL) AS is_whole
    FROM off WHERE kind = 'time_off' GROUP BY account_id, user_id, day
), day_by_day AS (
    SELECT h.account_id, h.user_id, h.week, h.is_working, h.a_day * h.is_working::INTEGER AS capacity, w.hours, w.billable_hours,
        CASE WHEN NOT h.is_working THEN 0 WHEN r.is_whole THEN h.a_day
            ELSE least(h.a_day, greatest(coalesce(r.off_hours, 0), coalesce(w.off_hours, 0))) END AS off_hours
    FROM here h
    LEFT JOIN worked w ON w.account_id = h.account_id AND w.user_id = h.user_id AND w.day = h.day
    LEFT JOIN requested r ON r.account_id = h.account_id AND r.user_id = h.user_id AND r.day = h.day
), weeks AS (
    SELECT account_id, user_id, week, count(*) FILTER (is_working) AS working_days,
        (sum(capacity) - coalesce(sum(off_hours), 0))::DECIMAL(18, 4) AS capacity_hours, coalesce(sum(hours), 0)::DECIMAL(18, 4) AS hours,
        coalesce(sum(billable_hours), 0)::DECIMAL(18, 4) AS billable_hours, coalesce(sum(off_hours), 0)::DECIMAL(18, 4) AS time_off_hours
    FROM day_by_day GROUP BY account_id, user_id, week
)
SELECT w.week, p.user_id, p.user_name, p.is_contractor, p.is_active, p.roles, w.working_days, w.capacity_hours, w.hours, w.billable_hours, w.time_off_hours,
    round(w.hours / nullif(w.capacity_hours, 0), 4) AS utilization, round(w.billable_hours / nullif(w.capacity_hours, 0), 4) AS billable_utilization,
    v.limited_to, p.account_id
FROM weeks w
JOIN people p ON p.account_id = w.account_id AND p.user_id = w.user_id
JOIN seen v ON v.account_id = p.account_id
