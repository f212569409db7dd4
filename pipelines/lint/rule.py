"""A rule, and what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pipelines.lint.pipeline import Pipeline

# error: the run is refused, fails, or does something else than what is written; warning: it may;
# note: a property of the run that its author may not know.
Severity: TypeAlias = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
# A place in the spec, what is there, and what to do instead, where the rule's own cure is too
# general.
Location: TypeAlias = tuple[str, str] | tuple[str, str, str]
Check: TypeAlias = Callable[[Pipeline], Iterator[Location]]


@dataclass(frozen=True)
class Finding:
    """One fault.

    Attributes:
        severity: error, warning or note.
        rule: id of the rule, the same in every release.
        place: where in the spec, such as `root/train: inputs.csv`.
        found: what is there.
        why: what goes wrong because of it.
        fix: what to do instead.
    """

    severity: Severity
    rule: str
    place: str
    found: str
    why: str
    fix: str

    @property
    def order(self) -> tuple[int, str, str, str]:
        """The worst first, then by rule and place."""
        return SEVERITIES.index(self.severity), self.rule, self.place, self.found


@dataclass(frozen=True)
class Rule:
    """A check with its explanation."""

    id: str
    severity: Severity
    why: str
    fix: str
    check: Check

    def findings(self, pipeline: Pipeline) -> Iterator[Finding]:
        """What the rule finds in the pipeline."""
        for place, found, *fix in self.check(pipeline):
            yield Finding(self.severity, self.id, place, found, self.why, *(fix or [self.fix]))


RULES: dict[str, Rule] = {}


def rule(
    rule_id: str, *, severity: Severity = "error", why: str, fix: str
) -> Callable[[Check], Check]:
    """Registers a function that yields locations as a rule."""

    def register(check: Check) -> Check:
        assert rule_id not in RULES, rule_id
        RULES[rule_id] = Rule(rule_id, severity, why, fix, check)
        return check

    return register
