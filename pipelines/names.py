"""The pipelines' names, by which Vertex AI lists their runs; without kfp, whose import takes half a
second."""

TRAINING = "vertex-tabular-training"
PREDICTION = "vertex-tabular-prediction"
PIPELINES = (TRAINING, PREDICTION)
