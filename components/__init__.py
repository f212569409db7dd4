"""The pipeline's steps: typed KFP components of a few lines that call the library."""
