"""CSV: fields separated by commas (RFC 4180), in UTF-8."""

from vertex_tabular.tables.formats.delimited import Delimited

CSV = Delimited(".csv", ",")
