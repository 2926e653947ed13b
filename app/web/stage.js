// What is said on the stage: the invitation, a failure, the verdict, or that work goes on.

import { t } from "./language.js";
import { showProblem } from "./problems.js";
import { verdict } from "./words.js";

const find = (selector) => document.querySelector(selector);

/** Says how it stands with a study; invites where there is none. */
export function showStage(study) {
  const failed = study?.state === "failed";
  find("#stage").dataset.state = study?.standing ?? "empty";
  find("#invitation").hidden = study !== null;
  find("#failure").hidden = !failed;
  if (failed) {
    find("#failure-name").textContent = study.name;
    showProblem(study.problem, { titleIn: find("#failure-title"), detailIn: find("#failure-detail") });
    find("#retry").hidden = !study.problem.passing;
  }
  const done = study?.state === "done";
  find("#stage-verdict").hidden = !done;
  find("#stage-verdict").dataset.standing = study?.standing;
  find("#stage-verdict").textContent = done ? spoken(study) : "";
  find("#stage-status").hidden = !["waiting", "working"].includes(study?.state);
  find("#stage-status").textContent = study?.state === "waiting" ? t("Waiting") : t("Outlining the lungs…");
}

function spoken(study) {
  if (study.corrected) {
    return t("Corrected by hand");
  }
  return study.showsOriginal ? t("Original. {verdict}", { verdict: verdict(study.answer.quality) }) : verdict(study.answer.quality);
}
