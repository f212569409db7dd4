"""The made-up passengers: the same for a seed, of the Titanic's form, with its quirks."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.project.sample import COLUMNS, GROUPS, write_sample
from trainer.errors import InputError


@pytest.fixture(scope="module")
def passengers(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    path = tmp_path_factory.mktemp("sample") / "sample.csv"
    write_sample(path, rows=20_000, seed=1)
    return pd.read_csv(path)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_sample(tmp_path / name, rows=50, seed=seed)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()


def test_it_has_the_titanics_columns_and_quirks(passengers: pd.DataFrame) -> None:
    assert tuple(passengers.columns) == COLUMNS
    assert passengers["Name"].str.contains(", ").all()
    assert passengers["Name"].str.contains('"').any()
    for column in ("Age", "Cabin", "Embarked"):
        assert passengers[column].isna().any(), column
    assert passengers.drop(columns=["Age", "Cabin", "Embarked"]).notna().all(axis=None)


def test_survival_follows_the_published_rates(passengers: pd.DataFrame) -> None:
    for sex in ("male", "female"):
        for pclass in (1, 2, 3):
            of_group = [GROUPS[pclass, sex, adult] for adult in (False, True)]
            published = sum(s for _, s in of_group) / sum(n for n, _ in of_group)
            chosen = (passengers["Sex"] == sex) & (passengers["Pclass"] == pclass)
            # 0.05 is above four standard errors of the smallest group, some 1600 rows
            assert passengers[chosen]["Survived"].mean() == pytest.approx(published, abs=0.05)


def test_no_rows(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--rows must be at least 1, got 0"):
        write_sample(tmp_path / "sample.csv", rows=0, seed=1)
    assert not list(tmp_path.iterdir())
