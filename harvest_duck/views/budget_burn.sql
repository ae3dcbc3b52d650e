-- budget_burn: how much of each project's budget is spent, and when will it be used up?
-- Access: projects
--
-- Arguments
--   as_of DATE = current_date | the day to look from, by default today
--   weeks INTEGER = 4 | how many weeks up to as_of the pace is taken from, at least 1
--
-- Definition
--   The budget, what is spent and what remains are those of Harvest's report on project budgets. They are as of now,
--   even with another as_of. For a monthly budget they are those of the current month
--   (https://help.getharvest.com/api-v2/reports-api/reports/project-budget-report/). So Harvest decides what counts:
--   only billable hours if the account is set so, which the API does not show, and only tasks and people with a budget
--   of their own if the budget is by task or person (https://support.getharvest.com/hc/en-us/articles/360048686811). A
--   budget is in rounded hours, or in money: fees of the whole project (project_cost) or of its tasks (task_fees).
--   Money is in the currency of the client (https://support.getharvest.com/hc/en-us/articles/360055384512). The unit is
--   NULL if the project names another currency than its client. A project without a budget has no row. A project with a
--   budget of 0 has a row, without a share. The pace is what was written on the project in the weeks up to as_of,
--   spread evenly over Monday to Friday: all rounded hours, or billable hours at their rate, of all tasks and people.
--   Entries without a rate count as nothing, as in Harvest's report. Expenses count in what is spent, but not in the
--   pace. The pace does not take out holidays and time off. The outlook is the first of these that is true. over:
--   something is spent and nothing remains. closed: the project is archived. idle: no time that counts was written in
--   these weeks. will be over: at this pace, more than the budget will be spent by the last day of the project, or for
--   a monthly budget by the end of the month. near its end: the project has no last day on or after as_of, and at this
--   pace the rest of the budget lasts at most 20 working days. on track: none of these.
--
-- Columns
--   client_id: client of the project
--   client_name: name of the client
--   project_id: the project
--   project_name: name of the project
--   is_active: whether the project is active; false once archived
--   budget_by: what is budgeted: hours or fees, for the project, each task or each person
--   budget_is_monthly: whether the budget starts afresh each month
--   unit: hours, or the currency of a budget in money
--   budget: the budget; that of one month where it is monthly
--   spent: what is spent of it as of now
--   remaining: the rest, negative once overrun
--   share_spent: spent as a share of the budget; NULL where that is 0
--   spent_a_week: the pace: what five working days take
--   outlook: over, closed, idle, will be over, near its end or on track
--   used_up_on: working day on which the rest is used up at this pace; of a monthly budget only if it is in the month of as_of; NULL if it is used up, if the project is archived or idle, or after more than 10,000 working days
--   starts_on: first planned day of the project
--   ends_on: last planned day of the project
--   projected: what will be spent at this pace by the end of the month of a monthly budget, else by the last day; NULL if that is not set or past, or if the project is archived
--   limited_to: what the figures are limited to; NULL where the token sees the whole account
--   account_id: Harvest account of the row
WITH pace AS (
    SELECT account_id, project_id, sum(coalesce(rounded_hours, hours)) AS hours,
        sum(CASE WHEN billable THEN round(coalesce(rounded_hours, hours)::DECIMAL(20, 4) * billable_rate, 2) END) AS money
    FROM harvest.time_entries
    WHERE spent_date BETWEEN $as_of - 7 * $weeks + 1 AND $as_of GROUP BY ALL
), budgets AS (
    SELECT b.*, p.starts_on, p.ends_on, v.limited_to, b.budget_by IN ('project_cost', 'task_fees') AS in_money,
        CASE WHEN NOT in_money THEN 'hours' WHEN p.currency <> p.client_currency THEN NULL
             ELSE coalesce(p.client_currency, p.currency) END AS unit,
        CASE WHEN NOT b.is_active THEN NULL WHEN b.budget_is_monthly THEN last_day($as_of)
             WHEN p.ends_on >= $as_of THEN p.ends_on END AS last_day,
        -- Ten-thousandths as whole numbers, because DuckDB divides decimals as binary fractions.
        (b.budget_remaining::DECIMAL(28, 4) * 10000)::HUGEINT AS rest,
        (coalesce(CASE WHEN in_money THEN w.money ELSE w.hours END, 0)::DECIMAL(28, 4) * 10000)::HUGEINT AS recent
    FROM harvest.report_project_budget b
    JOIN harvest._internal.visible('budget_burn', 'projects') v ON v.account_id = b.account_id
        AND (v.projects IS NULL OR list_contains(v.projects, b.project_id))
    LEFT JOIN harvest.projects p ON p.id = b.project_id AND p.account_id = b.account_id
    LEFT JOIN pace w ON w.project_id = b.project_id AND w.account_id = b.account_id
    WHERE b.budget IS NOT NULL AND (v.rates OR NOT in_money)
), counted AS (
    -- Mondays to Fridays are counted from the first day of year 1, which is a Monday.
    SELECT *, 5 * $weeks AS days, $as_of - DATE '0001-01-01' AS looked_from, last_day - DATE '0001-01-01' AS ends,
        5 * (looked_from // 7) + least(looked_from % 7 + 1, 5) AS weekdays_gone,
        5 * (ends // 7) + least(ends % 7 + 1, 5) - weekdays_gone AS weekdays_left,
        CASE WHEN rest > 0 AND recent > 0 AND is_active
             THEN weekdays_gone + least((rest * days + recent - 1) // recent, 10001) END AS weekday_used_up,
        CASE WHEN weekday_used_up <= weekdays_gone + 10000
             THEN DATE '0001-01-01' + (7 * ((weekday_used_up - 1) // 5) + (weekday_used_up - 1) % 5)::INTEGER END AS used_up
    FROM budgets
)
SELECT client_id, client_name, project_id, project_name, is_active, budget_by, budget_is_monthly, unit, budget,
    budget_spent AS spent, budget_remaining AS remaining, round(budget_spent / nullif(budget, 0), 4) AS share_spent,
    (((10 * recent + days) // (2 * days))::DECIMAL(28, 0) * 0.0001)::DECIMAL(18, 4) AS spent_a_week,
    CASE WHEN rest <= 0 AND budget_spent > 0 THEN 'over'
         WHEN NOT is_active THEN 'closed'
         WHEN recent = 0 THEN 'idle'
         WHEN recent * weekdays_left > rest * days THEN 'will be over'
         WHEN last_day IS NULL AND rest * days <= 20 * recent THEN 'near its end'
         ELSE 'on track' END AS outlook,
    CASE WHEN NOT budget_is_monthly OR used_up <= last_day THEN used_up END AS used_up_on,
    starts_on, ends_on,
    (budget_spent + ((2 * recent * weekdays_left + days) // (2 * days))::DECIMAL(28, 0) * 0.0001)::DECIMAL(18, 4) AS projected,
    limited_to, account_id
FROM counted
