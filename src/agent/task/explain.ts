/**
 * What happened to a container, in words that a person who did not write Warren understands. Pure.
 */
import { formatBytes } from "../../lib/mod.ts";
import { STATUS_LIMITS } from "../../model/mod.ts";
import type { ContainerState, LogLine } from "../runtime/runtime.ts";

/** The meaning of exit codes that shells and engines give. */
const EXIT_CODES: Readonly<Record<number, string>> = {
  125: "the engine could not run it",
  126: "the command cannot be executed",
  127: "command not found",
  129: "ended by SIGHUP",
  130: "interrupted by SIGINT",
  131: "ended by SIGQUIT",
  132: "illegal instruction",
  134: "aborted (SIGABRT)",
  135: "bus error",
  136: "arithmetic error",
  137: "killed by SIGKILL",
  139: "segmentation fault",
  141: "broken pipe",
  143: "ended by SIGTERM",
};

/** Why a container ended: a stable word and a sentence. */
export interface Explanation {
  /** `OUT_OF_MEMORY`, `COMMAND_FAILED` or "" when it ended by its own choice. */
  readonly reason: string;
  readonly message: string;
}

/** Explains an exited container; `memoryLimitBytes` is 0 when there is none. */
export function explainExit(container: ContainerState, memoryLimitBytes: number): Explanation {
  const code = container.exitCode ?? 0;
  if (container.oomKilled) {
    const limit = memoryLimitBytes > 0
      ? `its memory limit of ${formatBytes(memoryLimitBytes)}`
      : "the memory of the node";
    return { reason: "OUT_OF_MEMORY", message: `killed: it needed more than ${limit}` };
  }
  if (code === 0) return { reason: "", message: "ended with exit code 0" };
  const meaning = EXIT_CODES[code] ?? (code > 128 && code < 192 ? `signal ${code - 128}` : "");
  const message = `exited with code ${code}${meaning ? ` (${meaning})` : ""}`;
  return { reason: code === 126 || code === 127 ? "COMMAND_FAILED" : "TASK_FAILED", message };
}

/** The newest lines of output as they are reported: few, short and without control characters. */
export function lastLines(lines: readonly LogLine[]): string[] {
  const decoder = new TextDecoder();
  return lines
    .slice(-STATUS_LIMITS.lastLines)
    .map(({ line }) => plainText(decoder.decode(line)).slice(0, STATUS_LIMITS.lineChars));
}

/** Text without terminal sequences and control characters. */
function plainText(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").replace(/[\x00-\x08\x0b-\x1f\x7f]/g, "");
}
