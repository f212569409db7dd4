"""Trained models on tables: what a notebook imports.

    import vertex_tabular as vt
    schema = vt.infer_schema("passengers.csv", target="Survived")
    vt.prepare("passengers.csv", schema, "arrays")
    vt.runs()
    model = vt.load_model("20261123-063131-3bd406")
    model.predict(frame)

Nothing is loaded before it is used, so that the import takes a few milliseconds.
"""

from typing import TYPE_CHECKING, Any

from trainer.errors import InputError, TabularError

if TYPE_CHECKING:
    from vertex_tabular.prediction.model import Model, load_model
    from vertex_tabular.prediction.table import evaluate
    from vertex_tabular.preprocessing.prepare import prepare
    from vertex_tabular.run.dataframe import runs
    from vertex_tabular.tables.inference import infer_schema

    __version__: str

__all__ = [
    "InputError",
    "Model",
    "TabularError",
    "evaluate",
    "infer_schema",
    "load_model",
    "prepare",
    "runs",
]

# The module of each name that is loaded when it is first used.
_MODULES = {
    "Model": "prediction.model",
    "evaluate": "prediction.table",
    "infer_schema": "tables.inference",
    "load_model": "prediction.model",
    "prepare": "preprocessing.prepare",
    "runs": "run.dataframe",
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        import importlib
        import importlib.metadata

        if name == "__version__":
            return importlib.metadata.version("vertex-tabular")
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
