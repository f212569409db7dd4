"""The report of a finished run: one HTML file that needs no network, and its plots as PNG files.

    from vertex_tabular.report.page import write_report
    write_report("runs/RUN/train/run_directory", "report.html", val_data="…/val_data.npz")

`run` reads what the run left, and `columns` what it means. `figures`, `bootstrap`, `baselines`,
`headline`, `curves`, `confusion`, `importance`, `groups` and `profile` compute. `plots` says which
plots suit the task; `page` draws them as SVG, with `svg` and the templates, `pictures` as PNG.
Numpy does all of the arithmetic: to import torch or scikit-learn takes longer than the report.
"""
