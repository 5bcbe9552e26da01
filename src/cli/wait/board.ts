/**
 * Progress of what a command waits for, on stderr: lines that are rewritten on a terminal, one plain
 * line per change elsewhere, nothing with `-o json` or `-q`.
 *
 * Used by `wait.ts`, one board for all services of a command. Invariant: at the end nothing of the
 * rewritten lines is left but one line per service.
 */
import { isTerminal, type TaskState } from "../../model/mod.ts";
import type { CliIo } from "../io.ts";
import { cutTo, type Paint, paintFor, plain, toneOf } from "../output/style.ts";
import { taskMessage, taskName } from "../output/task_text.ts";
import { formatElapsed } from "../output/text.ts";
import type { Task, WatchServiceResponse } from "../../client/wire/mod.ts";

/** Where progress is shown. */
export interface Board {
  /** The newest state of one service. */
  show(service: string, update: WatchServiceResponse): void;
  /** Called about once a second, so that elapsed times move. */
  tick(): void;
  /** One last line for a service. */
  finish(service: string, line: string): void;
  /** Removes what was rewritten. */
  clear(): void;
}

/** Lines of tasks shown at once. */
const MAX_TASK_LINES = 12;

/** The board that fits the process: `isSilent` for programs that read the output. */
export function boardFor(io: CliIo, isSilent: boolean): Board {
  if (isSilent) return new SilentBoard();
  return io.isTerminal("stderr") && io.env("TERM") !== "dumb"
    ? new TerminalBoard(io)
    : new PlainBoard(io);
}

/** Says nothing. */
class SilentBoard implements Board {
  show(): void {}
  tick(): void {}
  finish(): void {}
  clear(): void {}
}

/** One line per change of a task; what has ended or runs at the beginning is no change. */
class PlainBoard implements Board {
  readonly #io: CliIo;
  readonly #lines = new Map<string, ReadonlyMap<string, string>>();

  constructor(io: CliIo) {
    this.#io = io;
  }

  show(service: string, update: WatchServiceResponse): void {
    const before = this.#lines.get(service);
    const lines = new Map(update.tasks.map((task) => [task.id, taskLine(task)]));
    for (const task of update.tasks) {
      const line = lines.get(task.id) ?? "";
      const isOld = before === undefined && (task.state === "running" || hasEnded(task));
      if (!isOld && before?.get(task.id) !== line) this.#io.write("stderr", `${line}\n`);
    }
    this.#lines.set(service, lines);
  }

  tick(): void {}

  finish(service: string, line: string): void {
    this.#lines.delete(service);
    this.#io.write("stderr", `${line}\n`);
  }

  clear(): void {}
}

/** Rewrites its lines in place. */
class TerminalBoard implements Board {
  readonly #io: CliIo;
  readonly #paint: Paint;
  readonly #startMs: number;
  readonly #updates = new Map<string, WatchServiceResponse>();
  #drawnLines = 0;

  constructor(io: CliIo) {
    this.#io = io;
    this.#paint = paintFor(io, "stderr");
    this.#startMs = io.clock.monoNow();
  }

  show(service: string, update: WatchServiceResponse): void {
    this.#updates.set(service, update);
    this.#draw();
  }

  tick(): void {
    if (this.#updates.size > 0) this.#draw();
  }

  finish(service: string, line: string): void {
    this.clear();
    this.#updates.delete(service);
    this.#io.write("stderr", `${line}\n`);
    if (this.#updates.size > 0) this.#draw();
  }

  clear(): void {
    if (this.#drawnLines > 0) this.#io.write("stderr", `\x1b[${this.#drawnLines}A\r\x1b[J`);
    this.#drawnLines = 0;
  }

  #draw(): void {
    const { columns, rows } = this.#io.size();
    const room = Math.max(3, Math.min(rows - 2, MAX_TASK_LINES + this.#updates.size));
    const elapsedMs = this.#io.clock.monoNow() - this.#startMs;
    const lines: string[] = [];
    for (const [service, update] of this.#updates) {
      const moving = update.tasks.filter((task) => task.state !== "running" && !hasEnded(task));
      const waitingFor = moving.length === 0 ? `  ${plain(withoutName(service, update))}` : "";
      const head = `${service}: ${progressText(update)}  ${formatElapsed(elapsedMs)}${waitingFor}`;
      lines.push(cutTo(head.trimEnd(), columns - 1));
      for (const task of moving) lines.push(this.#taskLine(task, columns - 1));
    }
    const hidden = lines.length - room;
    const shown = hidden > 0 ? [...lines.slice(0, room - 1), `  and ${hidden + 1} more`] : lines;
    const text = shown.map((line) => `${line}\x1b[K\n`).join("");
    const up = this.#drawnLines > 0 ? `\x1b[${this.#drawnLines}A\r` : "";
    this.#io.write("stderr", `${up}${text}\x1b[J`);
    this.#drawnLines = shown.length;
  }

  #taskLine(task: Task, columns: number): string {
    const state = task.state.padEnd(10);
    const rest = `${task.nodeName} ${plain(taskMessage(task))}`.trim();
    const head = `  ${taskName(task)}  `;
    const line = `${head}${state}  ${rest}`;
    const cut = cutTo(line, columns);
    return cut.slice(0, head.length) + this.#paint(state, toneOf(task.state)) +
      cut.slice(head.length + state.length);
  }
}

/** What is waited for; the line begins with the name of the service already. */
function withoutName(service: string, { waitingFor }: WatchServiceResponse): string {
  const name = `${service}: `;
  return waitingFor.startsWith(name) ? waitingFor.slice(name.length) : waitingFor;
}

/** `2/3 running`, or how many tasks are left of a removed service. */
export function progressText(update: WatchServiceResponse): string {
  const { service, tasks } = update;
  if (service !== undefined) return `${service.running}/${service.desired} running`;
  return tasks.length === 1 ? "1 task left" : `${tasks.length} tasks left`;
}

function hasEnded(task: Task): boolean {
  return isTerminal(task.state as TaskState);
}

function taskLine(task: Task): string {
  const place = task.nodeName === "" ? "" : ` on ${task.nodeName}`;
  const message = plain(taskMessage(task));
  return `${taskName(task)}: ${task.state}${place}${message === "" ? "" : `: ${message}`}`;
}
