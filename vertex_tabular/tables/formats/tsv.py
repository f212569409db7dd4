"""TSV: as CSV, but with tabs between fields."""

from vertex_tabular.tables.formats.delimited import Delimited

TSV = Delimited(".tsv", "\t")
