// How files come in: dropped, pasted or chosen.

const find = (selector) => document.querySelector(selector);

/** Listens on the whole page. `onImages` gets files to open, `onTruth` those dropped on the ground truth's place. */
export function attachUpload({ onImages, onTruth }) {
  attachChoice(onImages);
  attachDrop(onImages, onTruth);
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) {
      event.preventDefault();
      onImages(files);
    }
  });
}

function attachChoice(onImages) {
  const input = find("#files");
  for (const button of document.querySelectorAll("[data-action=choose]")) {
    button.addEventListener("click", () => input.click());
  }
  input.addEventListener("change", () => {
    onImages([...input.files]);
    input.value = "";
  });
}

function attachDrop(onImages, onTruth) {
  const zone = find("#truth-zone");
  let depth = 0;

  const end = () => {
    depth = 0;
    delete document.body.dataset.dragging;
    delete zone.dataset.over;
  };

  document.addEventListener("dragenter", (event) => {
    if (holdsFiles(event)) {
      depth += 1;
      document.body.dataset.dragging = "";
    }
  });
  document.addEventListener("dragleave", (event) => {
    if (holdsFiles(event)) {
      depth -= 1;
      if (depth <= 0) {
        end();
      }
    }
  });
  document.addEventListener("dragover", (event) => {
    if (holdsFiles(event)) {
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      zone.toggleAttribute("data-over", zone.contains(event.target));
    }
  });
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) {
      return;
    }
    event.preventDefault();
    end();
    const files = [...event.dataTransfer.files];
    if (zone.contains(event.target)) {
      onTruth(files);
    } else {
      onImages(files);
    }
  });
}

function holdsFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
