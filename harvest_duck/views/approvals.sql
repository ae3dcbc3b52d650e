-- approvals: which hours are still to be submitted or approved?
-- Access: people
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--   week_starts VARCHAR = 'Monday' | first day of a week: Monday, Sunday or Saturday
--
-- Definition
--   One row for each person and week with time entries in the span. Only the days of the week that are in the span
--   count. The hours are unrounded, as in Harvest's detailed time report
--   (https://support.getharvest.com/hc/en-us/articles/360053116772), and running timers count with what they have so
--   far. Hours are approved or submitted as the status of their entry says; an entry without a status is approved once
--   it is closed. All other hours are not submitted yet, so the three sums add up to the hours.
--
-- Columns
--   week: first day of the week, which may lie before the span
--   user_id: user
--   user_name: first and last name of the user
--   hours: all hours
--   unsubmitted_hours: hours that are still to be submitted
--   submitted_hours: hours that are still to be approved
--   approved_hours: hours that are approved
--   running_timers: number of entries whose timer runs, which nobody can submit
--   limited_to: the people that the rows are about, where the token does not see the time of everyone; NULL where it does
--   account_id: account of the user
WITH entries AS (
    SELECT t.account_id, t.user_id, t.user_name, t.spent_date, t.hours, t.is_running, v.limited_to,
        coalesce(t.approval_status, CASE WHEN t.is_closed THEN 'approved' END, 'unsubmitted') AS status,
        CASE $week_starts WHEN 'Saturday' THEN 6 WHEN 'Sunday' THEN 7 ELSE 1 END AS starts
    FROM harvest.time_entries t
    JOIN harvest._internal.visible('approvals', 'people') v ON v.account_id = t.account_id AND (v.people IS NULL OR list_contains(v.people, t.user_id))
    WHERE t.spent_date BETWEEN $from_date AND $to_date
)
SELECT spent_date - ((isodow(spent_date) - starts + 7) % 7)::INTEGER AS week, user_id, any_value(user_name) AS user_name, sum(hours)::DECIMAL(18, 4) AS hours,
    coalesce(sum(hours) FILTER (status NOT IN ('submitted', 'approved')), 0)::DECIMAL(18, 4) AS unsubmitted_hours,
    coalesce(sum(hours) FILTER (status = 'submitted'), 0)::DECIMAL(18, 4) AS submitted_hours,
    coalesce(sum(hours) FILTER (status = 'approved'), 0)::DECIMAL(18, 4) AS approved_hours,
    count(*) FILTER (is_running) AS running_timers, any_value(limited_to) AS limited_to, account_id
FROM entries
GROUP BY week, user_id, account_id
