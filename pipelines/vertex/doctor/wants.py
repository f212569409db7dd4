"""What is to run, as far as a project must be prepared for it."""

from dataclasses import dataclass

from pipelines.prices.machines import parse_accelerator
from pipelines.project.settings import Settings
from trainer.uri import Uri


@dataclass(frozen=True)
class Wants:
    """What is to run.

    Attributes:
        project, region: where.
        bucket: name of the bucket, without gs://.
        account: service account of the runs; empty for Google's default accounts.
        key: customer-managed key; empty for none.
        image: whether the runs pull an image from a registry of the project.
        build: whether an image is to be built.
        accelerator: type of the GPUs; empty for none.
        count: number of GPUs.
        spot: whether training runs on Spot machines.
    """

    project: str
    region: str
    bucket: str
    account: str = ""
    key: str = ""
    image: bool = False
    build: bool = False
    accelerator: str = ""
    count: int = 0
    spot: bool = False

    @property
    def account_project(self) -> str:
        """The project that has the account, which its address names unless Google made it."""
        domain = self.account.partition("@")[2]
        name, own, _ = domain.partition(".iam.gserviceaccount.com")
        return name if own else self.project


def read_wants(
    settings: Settings, build: bool = False, accelerator: str = "", spot: bool = False
) -> Wants:
    """What the settings and options say.

    Args:
        settings: the settings in force; `project` and `bucket` are required.
        build: whether an image is to be built. An accelerator needs one, so it is built, too,
            where none is set.
        accelerator: TYPE:COUNT, or empty.
        spot: whether training runs on Spot machines.

    Raises:
        InputError: a required setting is missing, or the accelerator is not of that form.
    """
    project = settings.required("project")
    kind, count = parse_accelerator(accelerator)
    images = [image for image in (settings.image.value, settings.gpu_image.value) if image]
    return Wants(
        project,
        settings.region.value,
        Uri(settings.required("bucket")).bucket,
        settings.service_account.value,
        settings.kms_key.value,
        image=any(f"-docker.pkg.dev/{project}/" in image for image in images),
        build=build or bool(kind and not images),
        accelerator=kind,
        count=count,
        spot=spot,
    )
