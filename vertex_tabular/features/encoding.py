"""The numbers that the categories of a column of text stand for."""

import numpy as np
import numpy.typing as npt

from vertex_tabular.features.spec import Feature
from vertex_tabular.schema.dates import date_of
from vertex_tabular.schema.values import BOOLEANS, part_of
from vertex_tabular.tables.table import Categorical


def shown_categories(texts: Categorical, feature: Feature) -> list[str]:
    """The categories as they are, but one word for each of the ways to write a boolean."""
    if feature.kind != "boolean":
        return texts.categories
    return ["true" if BOOLEANS[category.lower()] else "false" for category in texts.categories]


def date_parts(texts: Categorical, feature: Feature) -> npt.NDArray[np.float64]:
    """The parts of each date: shape (categories + 1, parts); NaN in the last row, for missing."""
    parts = category_values(texts, feature)[:, : len(feature.measures)]
    parts[-1] = np.nan
    return parts


def category_values(texts: Categorical, feature: Feature) -> npt.NDArray[np.float64]:
    """The numbers that each category of `texts` stands for: shape (categories + 1, outputs).

    The last row, which is at -1 too, is for missing.
    """
    values = _measures(texts, feature)
    if not feature.indicator:
        return values
    missing = np.zeros((len(values), 1))
    missing[-1] = 1
    return np.hstack([values, missing])


def _measures(texts: Categorical, feature: Feature) -> npt.NDArray[np.float64]:
    """`category_values` without the indicator."""
    categories = [*texts.categories, str(feature.fill)]
    if feature.kind == "boolean":
        return np.array([[BOOLEANS[category.lower()]] for category in categories])
    if feature.kind == "datetime":
        parts = [output.rpartition(".")[2] for output in feature.measures]
        dates = [date_of(category) for category in categories]
        return np.array([[part_of(date, part) for part in parts] for date in dates if date])
    code_of = {category: code for code, category in enumerate(feature.categories)}
    codes = [code_of.get(category, len(code_of)) for category in categories]
    if feature.encoding == "ordinal":
        return np.array(codes, np.float64)[:, np.newaxis]
    width = len(feature.measures)
    return np.eye(max(width, len(code_of) + 1), width)[codes]
