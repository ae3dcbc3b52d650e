-- approvals: hours per person and week by approval status
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--   week_starts VARCHAR = 'Monday' | first day of a week: Monday, Sunday or Saturday
--
-- Definition
SELECT (t.spent_date - ((isodow(t.spent_date) - CASE $week_starts WHEN 'Sunday' THEN 7 WHEN 'Saturday' THEN 6 ELSE 1 END + 7) % 7)::INT)::DATE AS week,
    t.user_id, t.user_name, sum(t.hours) AS hours,
    coalesce(sum(t.hours) FILTER (t.approval_status = 'unsubmitted'), 0)::DECIMAL(18, 4) AS unsubmitted_hours,
    coalesce(sum(t.hours) FILTER (t.approval_status = 'submitted'), 0)::DECIMAL(18, 4) AS submitted_hours,
    coalesce(sum(t.hours) FILTER (coalesce(t.approval_status = 'approved', t.is_closed)), 0)::DECIMAL(18, 4) AS approved_hours,
    count(*) FILTER (t.is_running) AS running_timers, t.account_id
FROM harvest.time_entries t WHERE t.spent_date BETWEEN $from_date AND $to_date
GROUP BY ALL
