-- missing_rates: what makes the figures in money wrong: hours without a rate or a cost, fixed fees without an amount or dates?
-- Access: account
--
-- Arguments
--   from_date DATE = date_trunc('year', current_date) | first day, by default the first of this year
--   to_date DATE = current_date | last day, by default today
--
-- Definition
--   One row for each project and person whose time in the span lacks a rate, and one row for each value that an active
--   project with a fixed fee lacks. A rate of 0 counts as missing too: Harvest counts such time as worth nothing, or as
--   free of cost. A billable rate is needed for billable time of a project without a fixed fee. A cost rate is needed
--   for all time. A project with a fixed fee needs the fee, starts_on and ends_on: without them its revenue belongs to
--   no span. All active projects are checked for them, whatever the span. The hours are unrounded, and running timers
--   count with what they have so far.
--
-- Columns
--   missing: what is missing: billable rate, cost rate, fee, starts_on or ends_on
--   project_id: project
--   client_name: name of the client
--   project_name: name of the project
--   user_id: user whose time lacks a rate; NULL for what the project lacks
--   user_name: first and last name of the user
--   entries: number of time entries without that rate; NULL for what the project lacks
--   hours: their hours
--   account_id: account of the project
WITH entries AS MATERIALIZED (
    SELECT account_id, project_id, client_name, project_name, user_id, user_name, hours,
        billable AND coalesce(billable_rate, 0) = 0 AS is_unrated, coalesce(cost_rate, 0) = 0 AS is_uncosted
    FROM harvest.time_entries WHERE spent_date BETWEEN $from_date AND $to_date
), projects AS MATERIALIZED (
    SELECT account_id, id, client_name, name, is_active, is_fixed_fee, fee, starts_on, ends_on FROM harvest.projects
), lacking AS (
    SELECT 'billable rate' AS missing, t.* FROM entries t LEFT JOIN projects p ON p.id = t.project_id AND p.account_id = t.account_id
    WHERE t.is_unrated AND NOT coalesce(p.is_fixed_fee, false)
    UNION ALL
    SELECT 'cost rate', * FROM entries WHERE is_uncosted
)
SELECT missing, project_id, any_value(client_name) AS client_name, any_value(project_name) AS project_name, user_id, any_value(user_name) AS user_name,
    count(*) AS entries, sum(hours)::DECIMAL(18, 4) AS hours, account_id
FROM lacking GROUP BY missing, project_id, user_id, account_id
UNION ALL
SELECT missing, id, client_name, name, NULL, NULL, NULL, NULL, account_id
FROM (
    SELECT *, unnest(list_filter(
        [CASE WHEN fee IS NULL THEN 'fee' END, CASE WHEN starts_on IS NULL THEN 'starts_on' END, CASE WHEN ends_on IS NULL THEN 'ends_on' END],
        lambda each: each IS NOT NULL)) AS missing
    FROM projects WHERE is_fixed_fee AND is_active)
