"""A client for Vertex AI and Cloud Storage: the calls that this project needs, on plain data.

The calls are in `pipelines.vertex.calls`, the only ones of the pipelines that import
google.cloud. They use the clients that Google generates from the API's definition, not
`aiplatform.PipelineJob` on top of them: so what is sent is exactly what `--dry-run` printed, and a
request can be repeated safely after a lost answer.
"""

from pipelines.vertex.calls.builds import BuildCalls
from pipelines.vertex.calls.experiments import ExperimentCalls
from pipelines.vertex.calls.schedules import ScheduleCalls


class Vertex(ExperimentCalls, ScheduleCalls, BuildCalls):
    """One project and region: its runs, experiments, schedules, objects and builds."""
