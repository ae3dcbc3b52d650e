"""Figures of a report, made by hand: an agency to look at, and accounts that are hard to draw."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from harvest_duck.report_page.cards import placed
from harvest_duck.report_page.model import (
    Aged,
    Budget,
    Budgets,
    Choice,
    Compared,
    Figures,
    Gaps,
    LockUp,
    LockUps,
    Money,
    Period,
    PersonDays,
    PersonHours,
    Profit,
    ProjectProfit,
    Quality,
    Receivables,
    Revenue,
    RevenueMonth,
    Uninvoiced,
    Unseen,
    Utilization,
    Week,
    Wrong,
)

CARDS = ("utilization", "budgets", "uninvoiced", "receivables", "revenue", "gaps", "profit", "lock_up", "quality")
AS_OF = date(2026, 11, 20)
PEOPLE = ("Ada Moreau", "Ben Okafor", "Clara Lindqvist", "Dieter Brandt", "Elif Yildiz", "Noor Rahman")
CLIENTS = ("Fjord Seafood", "Saffron Kitchens", "Quarry Stone Works", "Maple Credit Union")
CURRENCIES = ("USD", "GBP", "EUR", "CHF", "JPY", "SEK", "AUD")
#: What a name could do to a page: a script, an end of an attribute, turned text, lines, a zero byte, and no end.
HOSTILE = (
    "<script>document.title='taken'</script>",
    "\" onmouseover='alert(1)' x=\"",
    "\u202eevil\u2067 names\u200f שלום",
    "two\nlines\tand\x00more \U0001f469\u200d\U0001f4bb {{ 7 * 7 }} </style>",
    "long" * 50,
    "",
)
_ZERO = Decimal(0)


def _compared(value: str, before: str | None = None, last_year: str | None = None) -> Compared:
    return Compared(*(None if text is None else Decimal(text) for text in (value, before, last_year)))


def _utilization(people: tuple[str, ...], weeks: int) -> Utilization:
    return Utilization(
        capacity_hours=_compared("21344", "20100", "20880"),
        hours=_compared("22411.25", "20904.5", "21715.2"),
        billable_hours=_compared("15028.5", "14190", "14302.8"),
        utilization=_compared("1.05", "1.04", "1.04"),
        billable_utilization=_compared("0.7041", "0.706", "0.685"),
        weeks=tuple(
            Week(
                first=date(2025, 12, 29) + timedelta(weeks=week),
                capacity_hours=Decimal(180 if week == 0 else 460),
                hours=Decimal(220 if week == 0 else 440 + week * 37 % 110),
                billable_hours=Decimal(150 if week == 0 else 270 + week * 53 % 120),
                time_off_hours=Decimal(week % 3 * 8),
            )
            for week in range(weeks)
        ),
        people=tuple(
            PersonHours(
                user_id=n,
                name=name,
                is_contractor=n == 4,
                is_active=n != 1,
                capacity_hours=Decimal(1640),
                hours=Decimal(1700 + 17 * n),
                billable_hours=Decimal(1310 - 80 * n),
                time_off_hours=Decimal(24),
            )
            for n, name in enumerate(people)
        ),
    )


def _budgets(clients: tuple[str, ...]) -> Budgets:
    kinds = (
        ("over", "hours", "125", "2168", "17.344", "45", None),
        ("over", "EUR", "14000", "166000", "11.857", "1300", None),
        ("will be over", "USD", "42000", "39000", "0.929", "3700", date(2026, 12, 4)),
        ("idle", "hours", "500", "0", "0", "0", None),
        ("on track", "GBP", "42000", "8200", "0.19524", "3200", date(2027, 2, 11)),
        ("on track", None, "0", "12", None, None, None),
    )
    rows = tuple(
        Budget(
            project_id=n,
            project_name=f"Campaign {n}",
            client_name=clients[n % len(clients)],
            is_monthly=n == 4,
            unit=unit,
            budget=Decimal(budget),
            spent=Decimal(spent),
            share_spent=None if share is None else Decimal(share),
            spent_a_week=None if a_week is None else Decimal(a_week),
            outlook=outlook,
            used_up_on=used_up_on,
        )
        for n, (outlook, unit, budget, spent, share, a_week, used_up_on) in enumerate(kinds)
    )
    return Budgets(over=2, rows=rows)


def _aged(clients: tuple[str, ...], currencies: tuple[str, ...], ages: int) -> tuple[Aged, ...]:
    rows = []
    for n, name in enumerate(clients):
        amounts = tuple(Decimal(90000 // (n + 1) * (age + 1) % 50000) + Decimal("0.25") for age in range(ages))
        currency = currencies[n % len(currencies)]
        row = Aged(
            client_id=n,
            client_name=name,
            currency=currency,
            amount=sum(amounts, _ZERO),
            ages=amounts,
            oldest_days=120 - n,
        )
        rows.append(row)
    return tuple(sorted(rows, key=lambda row: -row.amount))


def _sums(rows: tuple[Aged, ...], currencies: tuple[str, ...], first_age: int = 0) -> tuple[Money, ...]:
    return tuple(
        Money(each, Compared(sum((sum(row.ages[first_age:], _ZERO) for row in rows if row.currency == each), _ZERO)))
        for each in currencies
    )


def _revenue(currencies: tuple[str, ...]) -> Revenue:
    months = tuple(date(2026, month, 1) for month in range(1, 12))
    return Revenue(
        invoiced=tuple(Money(each, _compared("563979.5", "601200", "680000")) for each in currencies),
        collected=tuple(Money(each, _compared("471200", "450100.75", None)) for each in currencies),
        months=months,
        rows=tuple(
            RevenueMonth(
                month=month,
                currency=currency,
                invoiced=Decimal(month.month * 71000 % 190000),
                tax=Decimal(month.month * 7100),
                collected=Decimal(month.month * 43000 % 150000),
                written_off=Decimal(0 if month.month % 5 else -1200),
            )
            for month in months
            if month.month % 3 == 1
            for currency in currencies
        ),
    )


def _gaps(people: tuple[str, ...]) -> Gaps:
    period = Period(date(2026, 10, 26), date(2026, 11, 19))
    every = [period.first + timedelta(days) for days in range(25)]
    days = tuple(day for day in every if day.weekday() < 5)
    hours = [Decimal("7.9"), Decimal(3), Decimal(0), Decimal(6), Decimal("9.75"), None]
    rows = tuple(
        PersonDays(
            user_id=n,
            name=name,
            expected_hours=Decimal(8),
            hours=tuple(hours[(n * 5 + day * 7) % 6] for day in range(len(days))),
            missing_hours=Decimal("51.3") - 7 * n,
        )
        for n, name in enumerate(people)
    )
    return Gaps(
        period=period,
        at_least=Decimal("0.8"),
        missing_hours=Decimal("204.4"),
        gaps=96,
        empty=28,
        person_days=114,
        days=days,
        people=rows,
    )


def _profit(clients: tuple[str, ...]) -> Profit:
    rows = (
        ("161200", "80600", "80600", "0.5", None),
        ("108000", "83000", "25000", "0.2315", None),
        ("11000", "38280", "-27280", "-2.48", None),
        (None, "4000", None, None, "dates"),
        ("42000", "20000", None, None, None),
    )
    return Profit(
        cost_currency="USD",
        rows=tuple(
            ProjectProfit(
                project_id=n,
                project_name=f"Website Relaunch {n}",
                client_name=clients[n % len(clients)],
                project_type="fixed_fee" if missing else "time_and_materials",
                currency="USD",
                revenue=None if revenue is None else Decimal(revenue),
                cost=Decimal(cost),
                profit=None if profit is None else Decimal(profit),
                margin=None if margin is None else Decimal(margin),
                missing=missing,
            )
            for n, (revenue, cost, profit, margin, missing) in enumerate(rows)
        ),
    )


def agency(
    currencies: tuple[str, ...] = ("USD", "GBP", "EUR"),
    people: tuple[str, ...] = PEOPLE,
    clients: tuple[str, ...] = CLIENTS,
    company: str = "Harbour & Vale",
    weeks: int = 47,
) -> Figures:
    """Return the figures of an agency of these people, with these clients, whose utilization has so many weeks."""
    late = _aged(clients, currencies, 5)
    work = _aged(clients, currencies, 4)
    return Figures(
        company=company,
        account_id=7,
        thousands_separator=",",
        decimal_symbol=".",
        week_starts="Monday",
        person_name=people[0],
        role="administrator",
        as_of=AS_OF,
        period=Period(date(2026, 1, 1), AS_OF),
        before=Period(date(2025, 2, 11), date(2025, 12, 31)),
        last_year=Period(date(2025, 1, 1), date(2025, 11, 20)),
        currencies=currencies,
        clients=tuple(Choice(id=n, name=name) for n, name in enumerate(clients)),
        people=tuple(Choice(id=n, name=name) for n, name in enumerate(people)),
        utilization=_utilization(people, weeks),
        budgets=_budgets(clients),
        uninvoiced=Uninvoiced(
            period=Period(date(2025, 11, 21), AS_OF),
            total=_sums(work, currencies),
            fixed_fees=tuple(Money(each, _compared("34500" if each == "USD" else "0")) for each in currencies),
            hours=Decimal("6718.25"),
            rows=work,
        ),
        receivables=Receivables(due=_sums(late, currencies), overdue=_sums(late, currencies, 1), rows=late),
        revenue=_revenue(currencies),
        gaps=_gaps(people),
        profit=_profit(clients),
        lock_up=LockUps(
            rows=tuple(
                LockUp(currency=each, wip_days=Decimal("143.5"), debtor_days=Decimal("61.25")) for each in currencies
            )
        ),
        quality=Quality(
            rows=(
                Wrong(
                    missing="billable rate",
                    project_name="Campaign 1",
                    user_name=people[0],
                    entries=83,
                    hours=Decimal(412),
                ),
                Wrong(
                    missing="cost rate", project_name="Campaign 2", user_name=people[-1], entries=20, hours=Decimal(71)
                ),
                Wrong(missing="ends_on", project_name="Campaign 3", user_name=None, entries=None, hours=None),
            )
        ),
        definitions={name: f"How {name} is counted: <once>, & for all." for name in CARDS},
    )


def hostile() -> Figures:
    """Return an agency of many currencies whose every name tries something."""
    made = agency(CURRENCIES, people=HOSTILE, clients=HOSTILE, company=HOSTILE[0])
    assert not isinstance(made.utilization, Unseen)
    card = replace(made.utilization, limited_to=HOSTILE[1], unfiltered=HOSTILE[0])
    return replace(made, utilization=card, client=made.clients[0], person=made.people[1], lock_up=Unseen(HOSTILE[0]))


def empty() -> Figures:
    """Return an account in which nobody has done anything yet."""
    nothing = Compared(_ZERO, _ZERO, _ZERO)
    made = agency()
    return replace(
        made,
        currencies=(),
        clients=(),
        utilization=Utilization(
            capacity_hours=nothing,
            hours=nothing,
            billable_hours=nothing,
            utilization=Compared(None),
            billable_utilization=Compared(None),
            weeks=(),
            people=(),
        ),
        budgets=Budgets(over=0, rows=()),
        uninvoiced=Uninvoiced(period=made.period, total=(), fixed_fees=(), hours=_ZERO, rows=()),
        receivables=Receivables(due=(), overdue=(), rows=()),
        revenue=Revenue(invoiced=(), collected=(), months=(), rows=()),
        gaps=Gaps(
            period=made.period, at_least=_ZERO, missing_hours=_ZERO, gaps=0, empty=0, person_days=0, days=(), people=()
        ),
        profit=Profit(cost_currency=None, rows=()),
        lock_up=LockUps(rows=()),
        quality=Quality(rows=()),
    )


def unseen() -> Figures:
    """Return an account of which a token may see no figure."""
    reason = Unseen("Harvest shows it to administrators alone.")
    return replace(agency(), role="member", **dict.fromkeys(CARDS, reason))


def nothing_but(*names: str) -> Figures:
    """Return an agency of which a token may see these cards alone."""
    reason = Unseen("Harvest shows it to administrators alone.")
    made = replace(agency(), role="manager", **{name: reason for name in CARDS if name not in names})
    assert any(placed(made))
    return made


def without_capacity() -> Figures:
    """Return an agency whose people have no capacity in Harvest."""
    made = agency()
    assert not isinstance(made.utilization, Unseen)
    unknown = Compared(None)
    card = replace(
        made.utilization,
        capacity_hours=Compared(_ZERO, _ZERO, _ZERO),
        utilization=unknown,
        billable_utilization=unknown,
        weeks=tuple(replace(week, capacity_hours=_ZERO) for week in made.utilization.weeks),
        people=tuple(replace(person, capacity_hours=_ZERO) for person in made.utilization.people),
    )
    return replace(made, utilization=card)


#: Every kind of account, by what it is.
VARIANTS = {
    "agency": agency(),
    "one currency": agency(("USD",)),
    "seven currencies": agency(CURRENCIES),
    "hostile": hostile(),
    "without capacity": without_capacity(),
    "empty": empty(),
    "unseen": unseen(),
    "people alone": nothing_but("utilization", "gaps"),
    "one person": agency(people=PEOPLE[:1]),
    # A mark of every kind, and few of each: what axe does takes a second for a thousand elements.
    "small": agency(("USD", "GBP"), PEOPLE[:2], CLIENTS[:2], weeks=12),
    "forty people": agency(people=PEOPLE * 7, clients=CLIENTS * 9),
    "separators": replace(agency(), thousands_separator=" ", decimal_symbol=","),
}
