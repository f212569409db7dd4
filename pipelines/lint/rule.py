"""What a rule is, and what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from pipelines.lint.pipeline import Pipeline

Location: TypeAlias = tuple[str, str]  # a place in the spec, and what stands there
Check: TypeAlias = Callable[[Pipeline], Iterator[Location]]


@dataclass(frozen=True, order=True)
class Finding:
    """One fault.

    Attributes:
        rule: id of the rule, the same in every release.
        place: where in the spec, such as `root/train: inputs.csv`.
        found: what stands there.
        why: what goes wrong because of it.
        fix: what to write instead.
    """

    rule: str
    place: str
    found: str
    why: str
    fix: str


@dataclass(frozen=True)
class Rule:
    """A check with its explanation."""

    id: str
    why: str
    fix: str
    check: Check

    def findings(self, pipeline: Pipeline) -> Iterator[Finding]:
        """What the rule finds in the pipeline."""
        for place, found in self.check(pipeline):
            yield Finding(self.id, place, found, self.why, self.fix)


RULES: dict[str, Rule] = {}


def rule(rule_id: str, *, why: str, fix: str) -> Callable[[Check], Check]:
    """Makes a function that yields spots a rule."""

    def register(check: Check) -> Check:
        assert rule_id not in RULES, rule_id
        RULES[rule_id] = Rule(rule_id, why, fix, check)
        return check

    return register
