-- budget_burn: each budgeted project, how much is spent, how fast, and when it will be used up
--
-- Arguments
--   as_of DATE = current_date | the day to look from, by default today
--   weeks INTEGER = 4 | weeks whose average is the pace
--
-- Definition
--   budget and spent are Harvest's own (report_project_budget, as of now); pace = working-day average over the last `weeks` weeks
WITH budgets AS (
    SELECT b.*, p.client_currency, p.starts_on, p.ends_on, p.is_fixed_fee, p.fee, p.cost_budget_include_expenses,
        b.budget_by IN ('project_cost', 'task_fees') AS in_money
    FROM harvest.report_project_budget b JOIN harvest.projects p ON p.id = b.project_id AND p.account_id = b.account_id
    WHERE b.budget IS NOT NULL
), pace AS (
    SELECT t.account_id, t.project_id, sum(coalesce(t.rounded_hours, t.hours)) AS hours_then,
        sum(CASE WHEN t.billable THEN round(coalesce(t.rounded_hours, t.hours) * t.billable_rate, 2) ELSE 0 END) AS money_then
    FROM harvest.time_entries t WHERE t.spent_date BETWEEN $as_of - 7 * $weeks + 1 AND $as_of GROUP BY ALL
), joined AS (
    SELECT b.*, CASE WHEN b.in_money THEN p.money_then ELSE p.hours_then END / ($weeks * 5) AS a_day
    FROM budgets b LEFT JOIN pace p ON p.project_id = b.project_id AND p.account_id = b.account_id
)
SELECT client_id, client_name, project_id, project_name, is_active, budget_by, budget_is_monthly,
    CASE WHEN in_money THEN client_currency ELSE 'hours' END AS unit, budget, budget_spent AS spent, budget_remaining AS remaining,
    round(budget_spent / nullif(budget, 0), 4) AS share_spent,
    round(a_day * 5, 4)::DECIMAL(18, 4) AS spent_a_week,
    CASE WHEN budget_remaining <= 0 THEN 'over' WHEN NOT is_active THEN 'closed' WHEN coalesce(a_day, 0) = 0 THEN 'idle'
         WHEN budget_is_monthly AND budget_spent + a_day * left_days > budget THEN 'will be over'
         WHEN NOT budget_is_monthly AND ends_on IS NOT NULL AND budget_spent + a_day * left_days > budget THEN 'will be over'
         WHEN NOT budget_is_monthly AND ends_on IS NULL AND budget_remaining / a_day <= 20 THEN 'near its end'
         ELSE 'on track' END AS outlook,
    CASE WHEN budget_remaining > 0 AND a_day > 0 AND NOT budget_is_monthly
         THEN $as_of + ceil(budget_remaining / a_day * 7 / 5)::INT END AS used_up_on,
    starts_on, ends_on, CASE WHEN left_days IS NOT NULL THEN round(budget_spent + coalesce(a_day, 0) * left_days, 4)::DECIMAL(18, 4) END AS projected,
    account_id
FROM (
    SELECT *, CASE WHEN budget_is_monthly THEN len(list_filter(generate_series($as_of + 1, last_day($as_of), INTERVAL 1 DAY), lambda d: isodow(d) <= 5))
                   WHEN ends_on > $as_of THEN len(list_filter(generate_series($as_of + 1, ends_on, INTERVAL 1 DAY), lambda d: isodow(d) <= 5)) END AS left_days
    FROM joined)
