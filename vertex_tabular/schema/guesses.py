"""Of which kind a column may be, by its values as text, and why."""

import json
import re
from collections import Counter
from dataclasses import dataclass, replace

from vertex_tabular.schema.dates import DAY_FIRST, ISO, MONTH_FIRST, ORDERS, date_of, order_of
from vertex_tabular.schema.values import (
    BLANKS,
    BOOLEANS,
    broken_number,
    is_missing,
    shortened,
)

FEW = 20  # categories of a table of any length
WORDS = frozenset(word for word in BOOLEANS if word.isalpha())
LIKE_A_NUMBER = re.compile(r"\W*\d[\d\W_T]*[A-Za-z]{0,3}", re.ASCII)  # "1,000 kg", but not "A-1"
CODE = re.compile(r"0\d+", re.ASCII)  # with a leading zero, as of a zip code: no number has one
YEARS = frozenset(range(1900, 2101))
RARE = 5  # rows of a category, or without a value, of which a model can learn something
MISSING_LEVEL = "(missing)"
ROW_NUMBERS = "it numbers the rows"
UNIQUE_NUMBERS = "it has a different whole number in each row, as an id has"
# In the tables that R packages ship, of the columns with a different whole number in each row 3 in
# 4 are ids from this many rows on; below, 3 in 4 are measures, as is the population of a state.
MANY = 500  # rows
NAMES = 5  # rows with as many different texts, which name them
MANY_ONCE = 0.025  # of the rows: half of the share of unseen texts that preparation accepts
INDEX = re.compile(r"Unnamed: \d+|__index_level_\d+__", re.ASCII)
ID = re.compile(r"(.*[^A-Za-z])?id|.*[^A-Z]I[Dd]|I[Dd]", re.DOTALL)  # but not "paid"
NUMBERED = re.compile(r"(.*[\W\d_])?(id|key|no|nr|num|number|code)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Guess:
    """What a column may be: its kind, why, its further keys, and whether to tell."""

    kind: str
    why: str
    keys: tuple[str, ...] = ()
    notable: bool = False


def guess_of(name: str, values: list[str]) -> Guess:
    """What a column of this name may be, by its first values."""
    present = present_of(values)
    categories = set(present)
    missing = len(values) - len(present)
    if not categories:
        return Guess("drop", "it has no values")
    if not name.strip():
        return Guess("drop", "its header is empty")
    if INDEX.fullmatch(name.strip()):
        return Guess("drop", "it is the index that pandas wrote")
    if len(categories) == 1 < len(values) and not missing:
        return Guess("drop", f"it is always {in_yaml(shortened(present[0]))}")
    guess = _kind(name, values, present, categories)
    mostly = 2 * missing > len(values)
    if guess.kind != "drop" and (missing >= RARE or mostly or (missing and len(categories) == 1)):
        # That a value is missing tells something by itself; the median, or the most frequent
        # category, would hide it.
        key = f'impute: "{MISSING_LEVEL}"' if guess.kind == "categorical" else "indicator: true"
        return replace(guess, keys=(*guess.keys, key), notable=guess.notable or mostly)
    return guess


def _kind(name: str, values: list[str], present: list[str], categories: set[str]) -> Guess:
    if _are_booleans(categories):
        return Guess("boolean", f"its values are {', '.join(sorted(categories))}")
    try:
        order = order_of(categories)
    except ValueError:
        orders = f"`kind: datetime, order: {DAY_FIRST}` or `order: {MONTH_FIRST}`"
        why = f"its dates, as {in_yaml(min(categories))}, may begin with the day or the month"
        return Guess("drop", f"{why}; say {orders}")
    years = {date.year for text in categories if order and (date := date_of(text, order))}
    # Of eight digits that are a date each, no one writes numbers; others may be.
    if order and (not are_numbers(categories) or years <= YEARS):
        why = f"{len(categories)} different dates"
        if order == ISO:
            return Guess("datetime", why)
        first = f"{why}, which begin with the {order.partition('-')[0]}"
        return Guess("datetime", first, (f"order: {order}",), notable=True)
    bare = {category.strip(BLANKS) for category in categories}
    whole = all(text.isascii() and text.isdigit() for text in bare)
    distinct = len(categories) == len(values)
    if are_numbers(categories) and not any(map(CODE.fullmatch, bare)):
        whole_or_negative = all(text.lstrip("+-").isdigit() for text in bare)
        if whole and distinct and len(values) > 2 and _count_from_0_or_1(values):
            return Guess("drop", ROW_NUMBERS)
        unique = whole and distinct and len(values) > FEW
        if unique and (len(values) >= MANY or NUMBERED.fullmatch(name.strip())):
            return Guess("drop", UNIQUE_NUMBERS)
        if whole_or_negative and ID.fullmatch(name.strip()):
            if len(categories) > min(FEW, len(present) // 2):
                return Guess("drop", "it is called an id")
            return Guess("categorical", f"{len(categories)} different ids")
        if unique:
            return Guess("numeric", "a different whole number in each row", notable=True)
        return Guess("numeric", f"{len(categories)} different numbers")
    if whole and distinct and len(values) > FEW:
        return Guess("drop", f"{UNIQUE_NUMBERS}{_but(categories)}")
    many = f"{len(categories)} in {len(present)}{_but(categories)}"
    if distinct and len(values) >= NAMES:
        return Guess("drop", f"too many different texts: {many}")
    if len(categories) <= max(FEW, len(present) // 10):
        why = f"{len(categories)} different texts{_but(categories)}"
        once = sum(rows == 1 for rows in Counter(present).values())
        # About as large a share of the rows that do not train would have a text unseen in training.
        rare = once > MANY_ONCE * len(present) and len(present) >= NAMES
        keys = ("min_frequency: 2",) if rare else ()
        return Guess("categorical", why, keys)
    if whole or len(categories) <= len(present) // 2:
        return Guess("categorical", f"many different texts: {many}", (f"min_frequency: {RARE}",))
    return Guess("drop", f"too many different texts: {many}")


def _but(categories: set[str]) -> str:
    """Of texts most of which look like numbers or dates, one that is neither, or no number that is
    read exactly."""
    alike = sum(LIKE_A_NUMBER.fullmatch(each) is not None for each in categories)
    if 2 * alike < len(categories):
        return ""
    for each in sorted(categories):
        rule = broken_number(each)
        if rule == "a number" and not _is_any_date(each):
            return f"; {in_yaml(shortened(each))} is neither a number nor a date"
        if rule and rule != "a number":
            return f"; {in_yaml(shortened(each))} is not {rule}"
    return ""


def _are_booleans(categories: set[str]) -> bool:
    return {category.lower() for category in categories} <= WORDS


def _is_any_date(text: str) -> bool:
    return any(date_of(text, order) for order in ORDERS)


def are_numbers(categories: set[str]) -> bool:
    """Whether all of these texts are numbers that can be read."""
    return all(broken_number(category) is None for category in categories)


def _count_from_0_or_1(values: list[str]) -> bool:
    """Whether different whole numbers are 0, 1, … or 1, 2, …, which consecutive years are not."""
    numbers = [int(value) for value in values]
    return min(numbers) in (0, 1) and max(numbers) - min(numbers) == len(numbers) - 1


def present_of(values: list[str]) -> list[str]:
    """The values that are there; among numbers, dates and words of yes and no, blanks are not, and
    among numbers NaN however it is spelled."""
    texts = {value for value in values if not is_missing(value, numeric=False)}
    numbers = {value for value in texts if not is_missing(value, numeric=True)}
    filled = {value for value in texts if value.strip(BLANKS)}
    if numbers and are_numbers(numbers):
        texts = numbers
    elif _are_booleans(filled) or all(_is_any_date(text) for text in filled):
        texts = filled
    return [value for value in values if value in texts]


def in_yaml(text: str) -> str:
    """A text as YAML has it in quotes, on one line."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)
