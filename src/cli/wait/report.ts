/**
 * The error of a wait that ended without success: what happened, the tasks that show it with their last
 * lines, and what to do next. Pure.
 */
import { type FieldFault, formatDurationMs, WarrenError } from "../../lib/mod.ts";
import { troublesOf } from "../output/trouble.ts";
import type { Task, WatchServiceResponse } from "../../client/wire/mod.ts";
import { MAX_SHOWN, type Problem } from "./judge.ts";

/** The error of a problem that waiting will not solve. */
export function problemError(service: string, problem: Problem): WarrenError {
  return new WarrenError("NOT_SETTLED", `Service "${service}" did not settle: ${problem.message}`, {
    faults: troubleFaults(problem.tasks),
    ...(problem.kind === "removed" ? {} : { hint: nextStep(service) }),
  });
}

/** The error of a wait that took longer than allowed; `update` is the last state seen. */
export function timeoutError(
  service: string,
  timeoutMs: number,
  update: WatchServiceResponse | null,
): WarrenError {
  const waitingFor = update?.waitingFor ?? "";
  const reason = waitingFor === "" ? "" : `: ${waitingFor}`;
  const message = `Service "${service}" did not settle within ${
    formatDurationMs(timeoutMs)
  }${reason}`;
  const unfinished = update?.tasks.filter((task) =>
    task.state !== "running" && task.desiredState === "running"
  );
  return new WarrenError("NOT_SETTLED", message, {
    faults: troubleFaults((unfinished ?? []).slice(0, MAX_SHOWN)),
    hint: `the change stays and goes on; "warren service ps ${service}" shows how far it is`,
  });
}

/** The error of a wait that was ended with Ctrl-C. */
export function interruptedError(service: string): WarrenError {
  return new WarrenError("ABORTED_BY_USER", `Stopped waiting; the change of "${service}" goes on`, {
    hint: `"warren service ps ${service}" shows how far it is`,
  });
}

function nextStep(service: string): string {
  return `the service stays: "warren why ${service}" says more; ` +
    `then "warren service update ${service} ..." or "warren service rm ${service}"`;
}

/** One line for each task, what its nodes said, and its last output below it. */
function troubleFaults(tasks: readonly Task[]): readonly FieldFault[] {
  const lines = troublesOf(tasks).flatMap(({ head, refusals, output }) => [
    head,
    ...refusals.slice(0, MAX_SHOWN).map((refusal) => `  ${refusal}`),
    ...output.map((line) => `  | ${line}`),
  ]);
  return lines.map((message) => ({ path: "", message }));
}
