"""A rule, what it finds, and which rules are left out."""

import difflib
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pipelines.lint.pipeline import Pipeline
from trainer.errors import InputError

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


# A comment in the YAML: `# tabpipe lint: ignore unpinned-image, cached-query`
_COMMENT = re.compile(r"^[ \t]*#[ \t]*tabpipe lint:[ \t]*ignore[ \t]+(.+)$", re.MULTILINE)


def rules_without(text: str, ignore: Collection[str]) -> list[Rule]:
    """The rules that are checked.

    Args:
        text: the content of a compiled YAML, a comment of which may name rules to leave out.
        ignore: names of further rules to leave out.

    Raises:
        InputError: there is no rule of that name.
    """
    left_out = [*ignore]
    for names in _COMMENT.findall(text):
        left_out += re.findall(r"[^\s,]+", names)
    for name in left_out:
        if name not in RULES:
            close = difflib.get_close_matches(name, RULES, 1)
            cure = f"did you mean {close[0]}?" if close else f"the rules are {', '.join(RULES)}"
            raise InputError(f"--ignore must name a rule, got {name}; {cure}")
    return [rule for rule in RULES.values() if rule.id not in left_out]
