/**
 * A task as the managers assign it to this node, read from the wire once.
 *
 * Secret data lives in here only while the task does; what is kept on disk is made by
 * `withoutData`, which drops it.
 */
import type { TaskId } from "../../model/mod.ts";
import { asId, type DesiredState, type FileRef, type TaskSpec } from "../../model/mod.ts";
import { fileRefFromProto, taskSpecFromProto } from "../../rpc/convert/mod.ts";
import type {
  AssignedFile as AssignedFileMessage,
  AssignedTask as AssignedTaskMessage,
} from "../../rpc/gen/warren/v1/agent.ts";
import { type FieldFault, WarrenError } from "../../lib/mod.ts";

/** A secret or config of a task. */
export interface AssignedFile {
  readonly ref: FileRef;
  /** Null when this was read from disk, where data is never kept. */
  readonly data: Uint8Array | null;
}

/** A volume that the task mounts, made when it is not there. */
export interface AssignedVolume {
  readonly name: string;
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
}

/** A task that this node must run, or end. */
export interface Assignment {
  readonly id: TaskId;
  readonly serviceId: string;
  readonly serviceName: string;
  /** Replica position from 1; 0 for global services. */
  readonly slot: number;
  readonly revision: number;
  readonly desired: DesiredState;
  readonly spec: TaskSpec;
  readonly secrets: readonly AssignedFile[];
  readonly configs: readonly AssignedFile[];
  readonly volumes: readonly AssignedVolume[];
  /** What the managers know of it: where an agent without memory goes on from. */
  readonly known: {
    readonly restarts: number;
    readonly sequence: number;
    readonly isTerminal: boolean;
  };
}

const DESIRED: readonly DesiredState[] = ["running", "shutdown", "remove"];
const TERMINAL = new Set(["stopped", "completed", "failed", "orphaned"]);

/**
 * Reads an assignment.
 *
 * @throws WarrenError BAD_REQUEST when it says something this version does not know
 */
export function parseAssignment(message: AssignedTaskMessage): Assignment {
  const faults: FieldFault[] = [];
  const desired = DESIRED.find((state) => state === message.desiredState);
  const spec = message.spec ? taskSpecFromProto(message.spec, faults) : undefined;
  if (!desired || !spec || faults.length > 0) {
    const why = faults[0] ? `${faults[0].path} ${faults[0].message}` : "no spec or desired state";
    throw new WarrenError(
      "BAD_REQUEST",
      `Cannot read the assignment of task "${message.id}": ${why}`,
    );
  }
  return {
    id: asId<TaskId>(message.id),
    serviceId: message.serviceId,
    serviceName: message.serviceName,
    slot: message.slot,
    revision: message.revision,
    desired,
    spec,
    secrets: message.secrets.flatMap(parseFile),
    configs: message.configs.flatMap(parseFile),
    volumes: message.volumes.map(({ name, driver, options }) => ({ name, driver, options })),
    known: {
      restarts: message.status?.restarts ?? 0,
      sequence: message.status?.sequence ?? 0,
      isTerminal: TERMINAL.has(message.status?.state ?? ""),
    },
  };
}

function parseFile(message: AssignedFileMessage): AssignedFile[] {
  return message.ref ? [{ ref: fileRefFromProto(message.ref), data: message.data }] : [];
}

/** The assignment as it may be kept on disk. */
export function withoutData(assignment: Assignment): Assignment {
  const strip = ({ ref }: AssignedFile): AssignedFile => ({ ref, data: null });
  return {
    ...assignment,
    secrets: assignment.secrets.map(strip),
    configs: assignment.configs.map(strip),
  };
}

/** How people call the task: `web.1`, or `web` for a global one. */
export function taskName(task: Pick<Assignment, "serviceName" | "slot">): string {
  return task.slot > 0 ? `${task.serviceName}.${task.slot}` : task.serviceName;
}
