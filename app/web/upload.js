// How files come in: dropped, pasted or chosen; folders and ZIPs are opened.

import { t } from "./language.js";
import { isWanted, isZip, unzip, ZipError } from "./unzip.js";

const find = (selector) => document.querySelector(selector);

/**
 * Listens on the whole page. `onImages` gets files to open, `onTruth` those dropped on the ground truth's place, `onProblem` a sentence
 * where a ZIP cannot be read.
 */
export function attachUpload({ onImages: onFiles, onTruth, onProblem }) {
  const onImages = (files) => open(files, onFiles, onProblem);
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
    // Only now: after this event they are gone.
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
    if (zone.contains(event.target)) {
      onTruth(files);
    } else {
      onImages(entries.some((entry) => entry?.isDirectory) ? filesOf(entries) : files);
    }
  });
}

function holdsFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

function whyNot(error) {
  if (error instanceof ZipError) {
    return error.message;
  }
  return error instanceof DOMException ? t("Check that the file is still where it was, and that you may read it.") : t("The ZIP is damaged: make it again.");
}

/** Hands on files at once, those of folders and ZIPs when they are read. */
async function open(files, onFiles, onProblem) {
  onProblem("");
  const found = [];
  for (const file of await files) {
    try {
      found.push(...((await isZip(file)) ? await unzip(file) : [file]));
    } catch (error) {
      const reason = whyNot(error);
      onProblem(t("{name} cannot be opened. {reason}", { name: file.name, reason }));
    }
  }
  onFiles(found);
}

/** The files of dropped entries and of the folders among them, by path. */
export async function filesOf(entries) {
  const files = [];
  for (const entry of entries.filter(Boolean)) {
    if (entry.isFile && isWanted(entry.fullPath ?? entry.name)) {
      files.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    } else if (entry.isDirectory) {
      files.push(...(await filesOf(await listOf(entry))));
    }
  }
  return files;
}

/** A folder's entries by name; a reader gives some at a time. */
async function listOf(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) {
      return entries.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    }
    entries.push(...some);
  }
}
