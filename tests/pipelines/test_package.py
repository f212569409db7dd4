"""The wheel that package mode uploads."""

import io
import zipfile

from pipelines import package


def test_the_same_modules_give_the_same_bytes() -> None:
    assert package.wheel() == package.wheel()


def test_it_holds_the_packages_with_their_data_and_no_caches() -> None:
    name, content = package.wheel()
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        names = wheel.namelist()
        information = name.removesuffix("-py3-none-any.whl") + ".dist-info"
        metadata = wheel.read(f"{information}/METADATA").decode()
        record = wheel.read(f"{information}/RECORD").decode()
    assert {"trainer/__main__.py", "components/train.py", "pipelines/titanic.yaml"} <= set(names)
    assert not [each for each in names if "__pycache__" in each]
    assert "Name: vertex-tabular" in metadata and "Provides-Extra: pipeline" in metadata
    assert sorted(line.split(",")[0] for line in record.splitlines()) == sorted(names)


def test_its_place_is_named_for_its_content() -> None:
    one = package.uri("gs://bucket/tabular/", "a.whl", b"1")
    assert one.startswith("gs://bucket/tabular/packages/") and one.endswith("/a.whl")
    assert one != package.uri("gs://bucket/tabular", "a.whl", b"2")
