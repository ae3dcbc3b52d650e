"""The four questions that the owner of an agency asks, as prompts that a person chooses in a client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvest_duck.errors import QueryError
from harvest_duck.report_page.options import Options
from harvest_duck.text import one_line, shortened
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

__all__ = ["PROMPTS", "Prompt"]

_PERIOD = {
    "from_date": "First day, such as 2026-01-01; by default 1 January of the year.",
    "to_date": "Last day; by default today.",
}
_AS_OF = {"as_of": "The day to look from; by default today."}
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question: the views that answer it, its arguments with what they mean, and what an answer should say."""

    name: str
    question: str
    views: tuple[str, ...]
    arguments: Mapping[str, str]
    answer: str

    def text(self, given: Mapping[str, str], today: date) -> str:
        """Return what is said to an agent; raise `QueryError` for what is no argument, or no day."""
        unknown = [name for name in given if name not in self.arguments]
        if unknown:
            name = shortened(one_line(unknown[0]), _LONGEST)
            raise QueryError(f"{self.name} has no argument {name}: it takes {', '.join(self.arguments)}")
        days = {name: value for name, value in given.items() if value}
        # Raises for what is no day.
        options = Options.of(today, **days)
        calls = [f"FROM harvest.{name}({self._call(name, options)})" for name in self.views]
        definitions = [f"{name}: {views()[name].definition}" for name in self.views]
        return "\n\n".join([self.question, f"Query {' and '.join(calls)}.", self.answer, _HOW, *definitions])

    def _call(self, view: str, options: Options) -> str:
        """The arguments of a view of the days that were asked for."""
        days = {"from_date": options.period.first, "to_date": options.period.last, "as_of": options.as_of}
        names = {each.name for each in views()[view].arguments}
        return ", ".join(f"{name} := '{day}'" for name, day in days.items() if name in names & self.arguments.keys())


_HOW = (
    "Ask views for what the columns mean. Give amounts with their currency and do not add up currencies. Say which "
    "days and whose records the figures are of, as the column limited_to tells. How it is counted:"
)
PROMPTS = {
    each.name: each
    for each in (
        Prompt(
            "who_is_over_or_under_utilized",
            "Who is over- or underutilized?",
            ("utilization",),
            _PERIOD,
            "Add up hours, billable_hours, capacity_hours for each person over the weeks, and divide the sums. Name "
            "the people above 100 % of capacity and the least busy ones, with their hours.",
        ),
        Prompt(
            "which_projects_run_over_budget",
            "Which projects run over budget?",
            ("budget_burn",),
            _AS_OF,
            "Name the projects that have used up their budget, then those that will at this pace, with budget, spent "
            "and remaining in their units.",
        ),
        Prompt(
            "what_work_is_uninvoiced",
            "What work has not been invoiced yet?",
            ("uninvoiced", "wip_ageing"),
            {**_PERIOD, **_AS_OF},
            "Name the clients and projects with the largest amounts in each currency, and how old the oldest is.",
        ),
        Prompt(
            "what_is_overdue",
            "Which invoices are overdue?",
            ("receivables",),
            _AS_OF,
            "Name the clients with the largest overdue amounts in each currency, and how many days the oldest invoice "
            "is late. Amounts that are not due yet are not overdue.",
        ),
    )
}
