"""The report of a finished run: one HTML file that needs no network, and its plots as PNG files.

    from vertex_tabular.report.page import write_report
    from vertex_tabular.run.directory import RunDirectory
    run = RunDirectory("runs/RUN/train/run_directory")
    write_report(run, "report.html", val_data="…/val_data.npz")

`columns` says what the features mean. `bootstrap`, `leaderboard`, `headline`, `curves`,
`confusion`, `importance`, `groups`, `data` and `made` compute; `baselines` and `trees` are what the
leaderboard sets the model beside. `plots` describes the plots that suit the task, each a `chart`;
`svg` and the templates render them, `png` as files. `sections` fills the templates, `page` puts
them into the shell of all pages, `vertex_tabular.pages`.
Numpy does all of the arithmetic but that of boosted trees, which are left out without scikit-learn.
"""
