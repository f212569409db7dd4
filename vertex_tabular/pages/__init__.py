"""What all pages have in common: one style, one header, one format of numbers and names.

`shell` makes a whole page of its sections, `columns` the table of a table's columns, `profile` the
page that preprocessing writes. No template engine is needed, whose import takes as long as to
prepare a small table; `report` has one for its own sections.
"""
