"""A trained model in use: on rows in memory (`model`) and on whole tables (`table`)."""
