// Talks to the service. Addresses are relative, so that the page works under any path.

import { askForKey, currentKey, rejectKey } from "./key.js";
import { Problem } from "./problems.js";

const ATTEMPTS = 5;
const LONGEST_WAIT_S = 30;

/** The result document of a radiograph, as it was sent. */
export async function segment(file) {
  const response = await post("segment?mask=geojson", file, "application/json");
  return response.text();
}

/** The result document of a radiograph with its ground truth, as it was sent. */
export async function evaluate(file, truth, { resize }) {
  const query = `mask=geojson&disagreement=true&resize=${resize}`;
  const response = await post(`evaluate?${query}`, pair(file, truth), "application/json");
  return response.text();
}

/** The radiograph as a screen can show it, as soon as its pixels are decoded. */
export async function radiograph(file) {
  const response = await post("radiograph.png", file, "image/png");
  return response.blob();
}

/** What can be had as a picture: "mask", "overlay", the outlined radiograph, or "probability" of lung. */
export async function render(file, what) {
  const response = await post(`segment?render=${what}`, file, "image/png");
  return response.blob();
}

/** A DICOM object of the service's mask: "seg", or "gsps", a presentation state with the outlines. */
export async function dicom(file, form) {
  const response = await post(`segment?form=${form}`, file, "application/dicom");
  return response.blob();
}

/** The same of a mask that a person corrected; `author` is "semiautomatic" or "manual". */
export async function correctedDicom(file, labels, { form, author }) {
  const response = await post(`corrected.dcm?form=${form}&author=${author}`, pair(file, labels), "application/dicom");
  return response.blob();
}

/** Whether the service keeps corrected masks. */
export async function keepsCollection() {
  const response = await send("collection", {});
  return (await response.json()).kept;
}

/** Gives the service a corrected mask to keep. */
export async function collect(file, labels) {
  await post("collection", pair(file, labels), "application/json");
}

/** One of the synthetic files that the service holds. */
export async function sample(name) {
  const response = await send(`samples/${name}`, {});
  const blob = await response.blob();
  return new File([blob], name, { type: blob.type });
}

/** A form of two files. */
function pair(file, mask) {
  const form = new FormData();
  // Not under their own names: those may be a patient's.
  form.append("image", file, "image");
  form.append("mask", mask, "mask");
  return form;
}

function post(path, body, accept) {
  const headers = { Accept: accept };
  if (body instanceof Blob) {
    headers["Content-Type"] = "application/octet-stream";
  }
  return send(path, { method: "POST", body, headers });
}

async function send(path, options) {
  for (let attempt = 1; ; attempt += 1) {
    const key = currentKey();
    const response = await request(path, options, key);
    if (response.ok) {
      return response;
    }
    const problem = await problemOf(response);
    if (response.status === 401) {
      rejectKey(key);
      if (!(await askForKey())) {
        throw problem;
      }
    } else if ([429, 503].includes(response.status) && attempt < ATTEMPTS) {
      await pause(Math.min(Number(response.headers.get("Retry-After")) || 0, LONGEST_WAIT_S));
    } else {
      throw problem;
    }
  }
}

async function request(path, options, key) {
  const headers = { ...options.headers };
  if (key !== null) {
    headers.Authorization = `Bearer ${key}`;
  }
  try {
    return await fetch(path, { ...options, headers });
  } catch {
    throw Problem.own("no-answer", 0);
  }
}

async function problemOf(response) {
  try {
    return new Problem(await response.json());
  } catch {
    return Problem.own("no-reason", response.status);
  }
}

function pause(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
