"""Figures in prose agree with the tables that they come from."""

from decimal import Decimal

import pytest

from model.checkpoint import BUNDLED, read_metadata

from .documents import CARD, FIGURES, GROSS, QUALITY, README, ROOT, SETS, figures_table, rounds_to, rows, told

ADULTS = [name for name in SETS if not name.startswith("children/")]
EXPERIMENTS = (ROOT / "docs/explanation/experiments.md").read_text("utf-8")
SPEED = (ROOT / "docs/explanation/speed.md").read_text("utf-8")


def test_readme_and_model_card_repeat_the_page_of_figures() -> None:
    table, readme = figures_table(), rows(README, "validation images")
    for name, label in SETS.items():
        exact = [table[name][column] for column in ("mean IoU", "median", "mean IoU, raw")]
        for figure, cell in zip(exact, readme[label], strict=True):
            assert rounds_to(Decimal(figure), cell), label
    heart, error = told(r"wingspan the heart's mean IoU is (\S+), the .{,40} absolute error (\S+)", FIGURES)
    assert told(r"The heart's mean IoU is (\S+) .{,50} mean error (\S+) against", README) == (heart, error)
    small, beside, error_of_small, error_beside = told(
        r"The heart's mean IoU is (\S+) \((\S+)\), the .{,30} mean error (\S+) \((\S+)\)", FIGURES
    )
    assert (beside, error_beside) == (heart, error)
    assert told(r"mean IoU (\S+) \(small: (\S+)\); mean error .{,30} (\S+) \((\S+)\) against", CARD) == (
        *(heart, small),
        *(error, error_of_small),
    )


def test_cost_of_the_small_checkpoint_is_that_of_the_tables() -> None:
    table = rows(FIGURES, "set, small checkpoint")
    losses = {name: Decimal(beside) - Decimal(small) for name, (small, beside, _) in table.items()}
    (mean,) = told(r"(\S+) less mean IoU over the four sets of adults", README)
    assert rounds_to(sum((losses[name] for name in ADULTS), Decimal()) / len(ADULTS), mean)
    at_end = told(r"after all of it, at 192 px, it is (\S+) and (\S+) ", EXPERIMENTS)
    assert tuple(map(Decimal, at_end)) == (losses["montgomery/validation"], losses["wingspan/validation"])
    (most,) = told(r"a loss of at most (\S+) on each set, which it meets", FIGURES)
    assert max(losses.values()) <= Decimal(most)

    (on_one,) = told(r"the small checkpoint answers \*\*(\S+) times\*\*", SPEED)
    (on_two,) = told(r"On both processors it is (\S+) times", SPEED)
    for text in (README, CARD, FIGURES):
        assert rounds_to(Decimal(on_one), *told(r"(\S+) times as many requests a second", text))
    assert rounds_to(Decimal(on_two), *told(r"\[(\S+) times\]\(speed\.md\)", FIGURES))


def test_gross_errors_that_are_noticed_are_those_of_the_table() -> None:
    table = rows(QUALITY, "hospital | images")
    auc = sorted(Decimal(cells[2]) for cells in table.values())
    caught = sorted(100 * Decimal(cells[3]) for cells in table.values())
    least, most = told(r"the AUC for images with a gross error is (\S+) to (\S+) ", QUALITY)
    assert rounds_to(auc[0], least)
    assert rounds_to(auc[-1], most)
    least, most = told(r"would be flagged, (\d+) to (\d+) % of the bad ones", QUALITY)
    assert rounds_to(caught[0], least)
    assert rounds_to(caught[-1], most)

    adults = [
        (int(images), int(gross)) for name, (images, gross, *_) in table.items() if "children" not in name
    ]
    images, gross = (sum(numbers) for numbers in zip(*adults, strict=True))
    others, with_one = told(r"of (\d+) films of adults without a gross .{,30} of (\d+) with one", QUALITY)
    assert (int(others), int(with_one)) == (images - gross, gross)
    figures = figures_table()
    errors = {name: int(figures[name][GROSS].split()[0]) for name in ADULTS}
    on_adults, films, of_shenzhen = told(
        r"gross errors on (\d+) of (\d+) films of adults, (\d+) of them Shenzhen's", EXPERIMENTS
    )
    assert int(on_adults) == sum(errors.values())
    assert int(films) == sum(int(figures[name]["images"]) for name in ADULTS)
    assert int(of_shenzhen) == errors["shenzhen/validation"]


def test_share_of_poor_masks_that_are_trusted_is_that_of_the_tables() -> None:
    untrusted = {name: Decimal(cells[3]) for name, cells in rows(QUALITY, "variant | images").items()}
    shares = [100 * (1 - untrusted[variant]) for variant in ("white lung", "as it is")]
    for pattern, text in {
        r"those of the films as they are \((\d+) and (\d+) % of": QUALITY,
        r"\((\d+) % of \d+ on which a lung was made white; (\d+) % as they are\)": EXPERIMENTS,
    }.items():
        assert all(map(rounds_to, shares, told(pattern, text)))
    below = Decimal(rows(QUALITY, "figure")["below 0.8 untrusted"][0])
    assert rounds_to(100 * (1 - below), *told(r"an IoU below 0\.8, (\d+) % are trusted", QUALITY))


def test_table_of_the_hospitals_left_out_is_that_of_the_checkpoint() -> None:
    calibration = read_metadata(BUNDLED).calibration
    assert calibration is not None
    figures = calibration["figures"]["hospital_left_out"]
    columns = ("images", "gross", "auc", "caught", "gross_below", "good_below", "correlation")
    table = rows(QUALITY, "hospital | images")
    assert set(table) == set(figures)
    for name, cells in table.items():
        assert list(map(float, cells)) == pytest.approx(
            [figures[name][column] for column in columns], abs=5.1e-4
        ), name
