/**
 * Takes in what the managers assign, message by message, and hands it to the task runner.
 *
 * A full set may come in several messages; only its end says that whatever was not in it is gone.
 */
import { type Log, wallMs, WarrenError } from "../../lib/mod.ts";
import { asId, type TaskId } from "../../model/mod.ts";
import type { AssignedTask, Assignments } from "../../rpc/gen/warren/v1/agent.ts";
import { type Assignment, parseAssignment } from "../task/assignment.ts";
import type { TaskRunner } from "../task/task_runner.ts";
import type { StatusReporter } from "./reporter.ts";

/** Whom assignments go to. */
export interface IntakeParts {
  readonly runner: Pick<TaskRunner, "assign" | "unassign" | "completeFullSet">;
  readonly reporter: StatusReporter;
  readonly log: Log;
}

/** The assignments of one session. */
export class AssignmentIntake {
  readonly #parts: IntakeParts;
  readonly #full = new Set<TaskId>();
  #isComplete = false;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** The full set of this session has arrived. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Takes over one message. */
  take(message: Assignments): void {
    const { runner, reporter } = this.#parts;
    const assignments = message.update.flatMap((task) => this.#parse(task));
    for (const { id, known } of assignments) reporter.stored(id, known.sequence);
    runner.assign(assignments);
    if (message.remove.length > 0) runner.unassign(message.remove.map((id) => asId<TaskId>(id)));
    if (!message.full) return;
    for (const { id } of message.update) this.#full.add(asId<TaskId>(id));
    if (message.more) return;
    runner.completeFullSet(new Set(this.#full));
    this.#full.clear();
    this.#isComplete = true;
  }

  /** A task that cannot be understood has failed, visibly; it must not end the session. */
  #parse(task: AssignedTask): Assignment[] {
    try {
      return [parseAssignment(task)];
    } catch (thrown) {
      const { message, reason } = WarrenError.from(thrown, "Cannot read an assignment");
      this.#parts.log.error("an assignment was refused", {
        component: "agent",
        task_id: task.id,
        error: message,
      });
      const id = asId<TaskId>(task.id);
      this.#parts.reporter.reached(id, task.status?.sequence ?? 0);
      this.#parts.reporter.note(id, {
        state: "failed",
        message,
        reason,
        exitCode: null,
        restarts: task.status?.restarts ?? 0,
        health: "none",
        containerId: "",
        ports: [],
        lastLines: [],
        startedMs: null,
        atMs: wallMs(task.status?.atMs ?? 0),
      });
      return [];
    }
  }
}
