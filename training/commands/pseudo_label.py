"""The command ``pleura pseudo-label``."""

import typer

from . import options


def pseudo_label(
    images: options.Unlabelled,
    out: options.LabelsFolder,
    checkpoint: options.Teachers = None,
    within: options.Bounds = None,
    flips: options.TeacherFlips = False,
    device: options.AnyDevice = "auto",
) -> None:
    """Make masks for radiographs that have none, to train on.

    Keeps the images on which the teachers agree, and leaves pixels of which they are not sure out of
    the loss. Reports why a file is left out. labels.csv lists every file, disagreements.jpg shows those
    on which the teachers differ most.
    """
    import csv

    from model.checkpoint import BUNDLED
    from model.segmenter import Segmenter

    from ..data.folders import by_stem, images_in
    from ..disk import writing
    from ..errors import TrainingError
    from ..labels.contact_sheet import ContactSheet
    from ..labels.pseudo_labels import PseudoLabel, pseudo_labels, write_pseudo_label

    if out.exists() and any(out.iterdir()):
        raise TrainingError(f"{out} is not empty: name a new folder in --out.")
    files = list(by_stem(images_in(images)).values())
    teachers = [Segmenter(path, device=device, flips=flips) for path in checkpoint or [BUNDLED]]
    kept = 0
    sheet = ContactSheet()
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        with (out / "labels.csv").open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(("image", "agreement", "heart", "left_out"))
            for label in pseudo_labels(teachers, files, within=within):
                if label.agreement is not None and len(label.lungs) > 1:
                    title = f"{label.image.stem[:22]} {label.agreement:.3f}"
                    sheet.add(label.image, label.lungs, agreement=label.agreement, title=title)
                if isinstance(label, PseudoLabel):
                    write_pseudo_label(label, out)
                    kept += 1
                    rows.writerow((label.image.name, label.agreement, int(label.heart is not None), ""))
                else:
                    typer.echo(f"left out: {label.image.name}: {label.reason}", err=True)
                    rows.writerow((label.image.name, label.agreement, 0, label.reason))
        sheet.write(out / "disagreements.jpg")
    typer.echo(f"{out}: {kept} of {len(files)} images")
