"""How long what is kept: all of it in one table. Pure: what is to go is decided here, and done in `retention`.

A row is too old when its call (its run, its request) began more than so many days ago: after exactly 90 days it stays,
a microsecond later it goes. Months of the partitioned tables that lie before that moment whole are dropped; by the
same moment the rows of the month it lies in are deleted. So there is one rule, not one for rows and one for months.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, LiteralString

from engine.config import RetentionConfig
from engine.records.partitions import Partition

type Verb = Literal["dropped", "deleted", "anonymised"]


@dataclass(frozen=True, slots=True)
class Rule:
    """`since`: the column age is counted from. `days`: the setting that says how many. `change` is a statement up to
    its condition, `{table}` in it the table or one partition; `only`: which of the old rows it is for."""

    table: str
    since: LiteralString
    days: LiteralString
    verb: Verb
    change: LiteralString
    only: LiteralString = "true"


def _delete(table: str, since: LiteralString, days: LiteralString, only: LiteralString = "true") -> Rule:
    return Rule(table, since, days, "deleted", "DELETE FROM {table}", only)


def _anonymise(table: str, since: LiteralString, changes: LiteralString, only: LiteralString) -> Rule:
    return Rule(table, since, "callers_days", "anonymised", "UPDATE {table} SET " + changes, only)


RULES: Final = (
    _delete("call_turns", "started_at", "turns_days"),
    _delete("call_tool_calls", "started_at", "tool_calls_days"),
    _delete("call_events", "started_at", "events_days"),
    _delete("llm_usage", "started_at", "llm_usage_days"),
    _anonymise(
        "calls",
        "started_at",
        "caller = NULL, channel = NULL, transfer_summary = NULL, quality = quality - 'note'",
        "num_nonnulls(caller, channel, transfer_summary) > 0 OR quality ? 'note'",
    ),
    _anonymise(
        "store_actions",
        "intended_at",
        "phone = NULL, arguments = '{{}}', request = '{{}}',"
        " answer = CASE WHEN answer IS NOT NULL THEN '{{}}'::jsonb END",
        "phone IS NOT NULL OR arguments <> '{{}}' OR request <> '{{}}' OR answer <> '{{}}'",
    ),
    _anonymise(
        "callback_requests",
        "created_at",
        "phone = NULL, name = NULL, note = NULL, preferred_time = NULL, result = NULL",
        "num_nonnulls(phone, name, note, preferred_time, result) > 0",
    ),
    _delete(
        "customers",
        "updated_at",
        "callers_days",
        "NOT EXISTS (SELECT FROM calls WHERE caller = phone AND started_at >= %(cutoff)s)",
    ),
    _delete("erased_numbers", "erased_at", "callers_days"),
    _delete("job_runs", "started_at", "job_runs_days"),
    _delete("audit_log", "at", "audit_days"),
)
"""`calls` themselves, without their callers, and `daily_stats` are kept for ever."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one rule does to one table or partition. `partition`: the whole month goes, with all its rows."""

    rule: Rule
    target: str
    cutoff: datetime
    partition: Partition | None = None

    @property
    def verb(self) -> Verb:
        return self.rule.verb if self.partition is None else "dropped"


def plan(ages: RetentionConfig, now: datetime, months: Iterable[Partition], rolling: Sequence[str]) -> list[Step]:
    """Everything to do, in order. `rolling`: the tables that are partitioned; `months`: their partitions, those that
    were left half removed among them, which come first, since they are in the way of others."""
    ordered = sorted(months, key=lambda month: (month.state == "attached", month.starts_at))
    steps: list[Step] = []
    for rule in RULES:
        cutoff = now - timedelta(days=getattr(ages, rule.days))
        if rule.table in rolling:
            old = (month for month in ordered if month.table == rule.table and month.starts_at < cutoff)
            steps += [_month_step(rule, month, cutoff) for month in old]
        else:
            steps.append(Step(rule, rule.table, cutoff))
    return steps


def _month_step(rule: Rule, month: Partition, cutoff: datetime) -> Step:
    goes = rule.verb == "deleted" and month.ends_at <= cutoff
    return Step(rule, month.name, cutoff, month if goes else None)
