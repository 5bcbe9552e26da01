/**
 * Faults of a service spec, all at once, each with its field path. Pure; called by the API on every
 * create and update and by the manifest planner before anything is proposed.
 *
 * Never throws, whatever the values are, and stays small: a list that is too long is one fault.
 */
import { type FieldFault, formatDurationMs } from "../lib/mod.ts";
import { parseConstraint, type Parsed, parseNodeAttribute } from "./constraint.ts";
import type { Placement, ServiceMode, ServiceSpec, UpdateConfig } from "./service.ts";
import { checkTextMap } from "./validate_resource.ts";
import { checkTask } from "./validate/task.ts";
import {
  checkChoice,
  checkCount,
  checkForm,
  checkInteger,
  checkText,
  collectFaults,
  type Report,
} from "./validate/text.ts";

const SERVICE_NAME = {
  pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  form: "1 to 63 characters of a-z, 0-9 and -, beginning and ending with a letter or digit",
};

/** Most replicas of one service. */
export const MAX_REPLICAS = 10_000;

const REPLICAS = { min: 0, max: MAX_REPLICAS };
const AT_LEAST_ONE = { min: 1, max: MAX_REPLICAS };
const PAUSE = { min: 0, max: 24 * 3_600_000, format: formatDurationMs };
const MAX_CONSTRAINTS = 50;
const MAX_CONSTRAINT_CHARS = 512;
const MAX_SPREAD = 8;

/** Every fault of `spec`; empty when it is good. Paths are those of the spec: `task.env.LEVEL`. */
export function validateServiceSpec(spec: ServiceSpec): readonly FieldFault[] {
  return collectFaults((report) => {
    checkForm(report, "name", spec.name, SERVICE_NAME);
    checkTextMap(report, "labels", spec.labels);
    checkMode(report, spec.mode);
    checkTask(report, spec.task);
    checkJobRestart(report, spec);
    checkPlacement(report, spec.placement);
    checkUpdate(report, spec.update);
  });
}

function checkMode(report: Report, mode: ServiceMode): void {
  if (!checkChoice(report, "mode.kind", mode.kind, ["replicated", "global", "job"])) return;
  if (mode.kind === "replicated") {
    checkInteger(report, "mode.replicas", mode.replicas, REPLICAS);
  } else if (mode.kind === "job") {
    checkInteger(report, "mode.completions", mode.completions, AT_LEAST_ONE);
    checkInteger(report, "mode.parallelism", mode.parallelism, AT_LEAST_ONE);
  }
}

/** A job ends when its tasks exit with 0, which a policy of `any` would undo. */
function checkJobRestart(report: Report, spec: ServiceSpec): void {
  if (spec.mode.kind !== "job" || spec.task.restart.condition !== "any") return;
  report("task.restart.condition", "must be none or on-failure for a job, which would never end");
}

function checkPlacement(report: Report, placement: Placement): void {
  const { constraints, spread, maxPerNode } = placement;
  checkInteger(report, "placement.maxPerNode", maxPerNode, REPLICAS);
  if (checkCount(report, "placement.constraints", constraints.length, MAX_CONSTRAINTS)) {
    constraints.forEach((constraint, at) => {
      checkParsed(report, `placement.constraints[${at}]`, constraint, parseConstraint);
    });
  }
  if (checkCount(report, "placement.spread", spread.length, MAX_SPREAD)) {
    spread.forEach((key, at) => {
      checkParsed(report, `placement.spread[${at}]`, key, parseNodeAttribute);
    });
  }
}

function checkParsed(
  report: Report,
  path: string,
  text: string,
  parse: (text: string) => Parsed<unknown>,
): void {
  if (!checkText(report, path, text, { maxChars: MAX_CONSTRAINT_CHARS })) return;
  const parsed = parse(text);
  if (!parsed.ok) report(path, parsed.message);
}

function checkUpdate(report: Report, update: UpdateConfig): void {
  checkInteger(report, "update.parallelism", update.parallelism, AT_LEAST_ONE);
  checkInteger(report, "update.delayMs", update.delayMs, PAUSE);
  checkInteger(report, "update.monitorMs", update.monitorMs, PAUSE);
  checkChoice(report, "update.order", update.order, ["auto", "start-first", "stop-first"]);
  const actions = ["pause", "continue", "rollback"];
  checkChoice(report, "update.failureAction", update.failureAction, actions);
  const ratio = update.maxFailureRatio;
  if (!(ratio >= 0 && ratio <= 1)) {
    report("update.maxFailureRatio", `must be from 0 to 1, is ${ratio}`);
  }
}
