"""The report of a finished run: one HTML file that needs no network, and its plots as PNG files.

    from vertex_tabular.report.page import write_report
    from vertex_tabular.run.directory import RunDirectory
    run = RunDirectory("runs/RUN/train/run_directory")
    write_report(run, "report.html", val_data="…/val_data.npz")

`columns` says what the features mean. `bootstrap`, `baselines`, `headline`, `curves`, `confusion`,
`importance`, `groups` and `profile` compute. `plots` describes the plots that suit the task, each a
`chart`; `svg` and the templates render them for the `page`, `png` as files.
Numpy does all of the arithmetic: to import torch or scikit-learn takes longer than the report.
"""
