/**
 * Files that tasks get in their containers, as the task runner sees them: secrets and configs.
 *
 * `secrets_mount.ts` keeps them on memory and disk; `memory_files.ts` is for tests and the simulator.
 */
import type { Bind } from "../runtime/runtime.ts";
import type { Assignment } from "../task/assignment.ts";

/** Writes and removes the files of tasks. Every method may be repeated. */
export interface TaskFiles {
  /**
   * Writes the task's files and says where they go in the container.
   *
   * @throws WarrenError SECRET_NOT_FOUND or CONFIG_NOT_FOUND when the managers did not send one,
   *   SECRET_AWAITED when its data is not here since the node restarted, SECRETS_UNSAFE when there is
   *   no memory-backed place
   */
  write(assignment: Assignment): Promise<readonly Bind[]>;
  /** Where the files go, without writing them. */
  binds(assignment: Assignment): Promise<readonly Bind[]>;
  /** Removes every file of the task. */
  remove(taskId: string): Promise<void>;
  /** Removes the files of every task that is not in `keep`. */
  sweep(keep: ReadonlySet<string>): Promise<void>;
}

/** Where a secret or config is in the container. */
export function targetOf(kind: "secret" | "config", target: string): string {
  if (target.startsWith("/")) return target;
  return kind === "secret" ? `/run/secrets/${target}` : `/${target}`;
}
