"""The pipeline's steps: typed KFP doorways, a few lines each, into the plain code of `trainer`."""
