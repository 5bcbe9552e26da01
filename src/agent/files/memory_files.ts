/** Task files in memory, for tests and the simulator: nothing is written anywhere. */
import type { Bind } from "../runtime/runtime.ts";
import type { Assignment } from "../task/assignment.ts";
import { targetOf, type TaskFiles } from "./task_files.ts";

/** Remembers which tasks have files. */
export class MemoryFiles implements TaskFiles {
  /** Tasks whose files are there. */
  readonly tasks = new Set<string>();

  write(assignment: Assignment): Promise<readonly Bind[]> {
    if (assignment.secrets.length + assignment.configs.length > 0) this.tasks.add(assignment.id);
    return this.binds(assignment);
  }

  binds(assignment: Assignment): Promise<readonly Bind[]> {
    const of = (kind: "secret" | "config", files: Assignment["secrets"]) =>
      files.map(({ ref }): Bind => ({
        source: `/memory/${assignment.id}/${kind}/${ref.name}`,
        target: targetOf(kind, ref.target),
        readOnly: true,
      }));
    const { secrets, configs } = assignment;
    return Promise.resolve([...of("secret", secrets), ...of("config", configs)]);
  }

  remove(taskId: string): Promise<void> {
    this.tasks.delete(taskId);
    return Promise.resolve();
  }

  sweep(keep: ReadonlySet<string>): Promise<void> {
    for (const id of this.tasks) if (!keep.has(id)) this.tasks.delete(id);
    return Promise.resolve();
  }
}
