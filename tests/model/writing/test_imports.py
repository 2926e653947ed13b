import subprocess
import sys

HEAVY = {"highdicom", "pydicom", "pycocotools", "nibabel", "contourpy", "torch", "monai", "matplotlib"}


def test_writers_import_what_they_need_only_when_they_are_called() -> None:
    modules = ", ".join(
        f"model.writing.{name}"
        for name in (
            "png",
            "overlay",
            "radiograph",
            "disagreement",
            "rle",
            "polygons",
            "dicom.forms",
            "dicom.seg",
            "nifti",
        )
    )
    code = f"import sys, {modules}; print(*({HEAVY} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert loaded.stdout.split() == []
