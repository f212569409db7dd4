"""A sample to try the pipeline on: made-up passengers in the form of the Titanic's list.

How many of each class, sex and age group there are, and how many of them live, follows the counts
of the British Board of Trade's report, as R. J. MacG. Dawson gives them in "The 'Unusual Episode'
Data Revisited", Journal of Statistics Education 3(3), 1995. Names and tickets are invented. The
list has the quirks of the real one: quoted names with commas and quotes, and missing ages, cabins
and ports.
"""

import csv
import io
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.contract import atomic_write
from trainer.errors import InputError
from vertex_tabular.schema.reader import load_yaml

if TYPE_CHECKING:
    import numpy as np

SAMPLE_ROWS = 891
SAMPLE_SEED = 42
COLUMNS = (
    "PassengerId",
    "Survived",
    "Pclass",
    "Name",
    "Sex",
    "Age",
    "SibSp",
    "Parch",
    "Ticket",
    "Fare",
    "Cabin",
    "Embarked",
)
# (class, sex, adult): (aboard, survived), without the crew
GROUPS = {
    (1, "male", False): (5, 5),
    (1, "male", True): (175, 57),
    (1, "female", False): (1, 1),
    (1, "female", True): (144, 140),
    (2, "male", False): (11, 11),
    (2, "male", True): (168, 14),
    (2, "female", False): (13, 13),
    (2, "female", True): (93, 80),
    (3, "male", False): (48, 13),
    (3, "male", True): (462, 75),
    (3, "female", False): (31, 14),
    (3, "female", True): (165, 76),
}
TYPICAL_FARE = {1: 60.0, 2: 15.0, 3: 9.0}
CABIN_KNOWN = {1: 0.8, 2: 0.1, 3: 0.03}
PORTS = ("S", "C", "Q", "")
PORT_SHARES = (0.72, 0.19, 0.088, 0.002)
AGE_MISSING = 0.2
SURNAMES = (
    "Abbott",
    "Becker",
    "Carlsson",
    "Dahl",
    "Eklund",
    "Fischer",
    "Goodwin",
    "Hansen",
    "Ibsen",
    "Jensen",
    "Kelly",
)
MALE_NAMES = (
    "Albert",
    "Bernard",
    "Charles",
    "David",
    "Edvard",
    "Frank",
    "George",
    "Hans",
    "Isaac",
    "John",
)
FEMALE_NAMES = (
    "Agnes",
    "Bertha",
    "Clara",
    "Dora",
    "Edith",
    "Florence",
    "Greta",
    "Helen",
    "Ida",
    "Jane",
)


def sample_schema() -> dict[str, Any]:
    """The feature schema of the sample, `sample.yaml`."""
    text = files("pipelines.project").joinpath("sample.yaml").read_text("utf-8")
    schema: dict[str, Any] = load_yaml(text)
    return schema


def write_sample(path: Path, rows: int, seed: int) -> None:
    """Writes a CSV of `rows` made-up passengers; the same seed gives the same bytes.

    Raises:
        InputError: `rows` is below 1, or the file cannot be written.
    """
    import numpy as np

    if rows < 1:
        raise InputError(f"--rows must be at least 1, got {rows}")
    random = np.random.default_rng(seed)
    groups = list(GROUPS)
    aboard = np.array([GROUPS[group][0] for group in groups], dtype=float)
    chosen = random.choice(len(groups), size=rows, p=aboard / aboard.sum())

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, group in enumerate(chosen, start=1):
        writer.writerow(_passenger(random, number, groups[group]))
    with atomic_write(path) as file:
        file.write(text.getvalue().encode())


def _passenger(
    random: "np.random.Generator", number: int, group: tuple[int, str, bool]
) -> list[object]:
    """One row, in the order of COLUMNS."""
    pclass, sex, adult = group
    aboard, survived = GROUPS[group]
    age = random.gamma(9.0, 3.4) + 15 if adult else random.uniform(0.4, 13)
    siblings = int(random.poisson(0.35 if adult else 1.6))
    parents = int(random.poisson(0.25)) if adult else 1 + int(random.random() < 0.6)
    fare = TYPICAL_FARE[pclass] * random.lognormal(0, 0.45) * (1 + 0.4 * (siblings + parents))
    cabin = f"{'ABCDEFG'[random.integers(7)]}{random.integers(2, 130)}"
    return [
        number,
        int(random.random() < survived / aboard),
        pclass,
        _name(random, sex, adult),
        sex,
        "" if random.random() < AGE_MISSING else round(age * 2) / 2,
        siblings,
        parents,
        f"PC {random.integers(10000, 20000)}" if pclass == 1 else random.integers(2000, 400000),
        round(fare, 4),
        cabin if random.random() < CABIN_KNOWN[pclass] else "",
        random.choice(PORTS, p=PORT_SHARES),
    ]


def _name(random: "np.random.Generator", sex: str, adult: bool) -> str:
    """A name as the list has them: a comma always, a nickname in quotes now and then."""
    surname = random.choice(SURNAMES)
    given = random.choice(MALE_NAMES if sex == "male" else FEMALE_NAMES)
    if sex == "male":
        title = "Mr." if adult else "Master."
    else:
        title = ("Mrs." if random.random() < 0.6 else "Miss.") if adult else "Miss."
    nickname = f' "{given[:3]}ie"' if random.random() < 0.06 else ""
    return f"{surname}, {title} {given}{nickname}"
