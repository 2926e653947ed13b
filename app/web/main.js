// Puts the page together: what comes in changes the studies, and every change of theirs is shown everywhere.

import { sample } from "./api.js";
import { Collection } from "./collection.js";
import { Correcting } from "./correcting.js";
import { Downloads } from "./downloads.js";
import { attachHelp } from "./help.js";
import { Keeping } from "./keeping.js";
import { attachLanguage } from "./language.js";
import { lineOf } from "./problems.js";
import { Reading } from "./reading.js";
import { showResult } from "./results.js";
import { Settings } from "./settings.js";
import { attachShortcuts } from "./shortcuts.js";
import { showStage } from "./stage.js";
import { Strip } from "./strip.js";
import { Studies } from "./studies.js";
import { Toolbox } from "./toolbox.js";
import { Truth } from "./truth.js";
import { attachUpload } from "./upload.js";
import { Viewer } from "./viewer.js";
import { summary } from "./words.js";
import { Work } from "./work.js";
import { Worklist } from "./worklist.js";

const SAMPLE = "phantom.png";
const SAMPLE_TRUTH = "phantom_mask.png";

attachLanguage(() => studies.changed());

const studies = new Studies();
const keeping = new Keeping(studies);
const work = new Work(studies, keeping);
const toolbox = new Toolbox();
const viewer = new Viewer({
  toolbox,
  onRetry: (study) => work.retry(study),
  onProblem: say,
  onHeat: () => studies.changed(),
});
const correcting = new Correcting({ viewer, toolbox, onChange: () => studies.changed() });
const reading = new Reading({ viewer, toolbox });
attachShortcuts({ viewer, toolbox, others: [correcting, reading] });
const strip = new Strip({
  onOpen: (study) => studies.select(study),
  onRemove: (study) => studies.remove(study),
});
const worklist = new Worklist(studies);
const downloads = new Downloads();
const collection = new Collection();
const truth = new Truth({
  onSample: () => open(sample(SAMPLE_TRUTH), (file) => truth.give([file])),
  onTruth: async (study, file, options) => {
    await work.compare(study, file, options);
    if (study === studies.current && study.truth.state === "done") {
      viewer.showLayer("disagreement");
    }
  },
});

attachUpload({
  onProblem: say,
  onImages: (files) => studies.add(files),
  onTruth: (files) => truth.give(files),
});

for (const button of document.querySelectorAll("[data-action=sample]")) {
  button.addEventListener("click", () => open(sample(SAMPLE), (file) => studies.add([file], { sample: true })));
}

attachHelp();

const notice = document.querySelector("#notice");

/** Uses a file of the service's, or says why there is none. */
async function open(promise, use) {
  say("");
  try {
    use(await promise);
  } catch (problem) {
    say(lineOf(problem));
  }
}

/** Shows a sentence on the top of the page; none hides it. */
function say(text) {
  notice.textContent = text;
  notice.hidden = text === "";
}

const announcement = document.querySelector("#announcement");

function announce(study) {
  const said = study && ["done", "failed"].includes(study.state) ? summary(study) : "";
  if (announcement.textContent !== said) {
    announcement.textContent = said;
  }
}

studies.addEventListener("change", () => {
  const { items, current } = studies;
  document.querySelector("main").toggleAttribute("data-empty", items.length === 0);
  viewer.show(current);
  showStage(current);
  reading.show(current);
  correcting.show(current);
  strip.show(items, worklist.listed, current);
  worklist.show();
  showResult(current);
  truth.show(current);
  downloads.show(current);
  collection.show(items, current);
  announce(current);
});

const settings = new Settings({ studies, reading });
keeping.restore(settings.current).then(() => {
  if (studies.current !== null && studies.current.key === settings.current) {
    settings.apply();
  }
});

// Only over HTTPS and on the machine itself; elsewhere the page works without.
navigator.serviceWorker?.register("worker.js").catch(() => {});
