/**
 * A task as it is sent to its node: the spec with the data of its secrets and configs.
 *
 * Only the node that runs a task is ever sent its secrets. A secret that vanished is left out, and
 * the agent reports that it is missing.
 */
import type { Log } from "../../lib/mod.ts";
import { Buffer } from "node:buffer";
import type { FileRef, Secret, Task } from "../../model/mod.ts";
import type { AssignedFile, AssignedTask } from "../../rpc/gen/warren/v1/agent.ts";
import { fileRefToProto, statusToProto, taskSpecToProto } from "../../rpc/convert/mod.ts";
import type { StateView } from "../../store/mod.ts";

/** Opens a secret's box. */
export type OpenSecret = (secret: Secret) => Promise<Uint8Array>;

/** What {@link assignedTask} needs besides the task. */
export interface AssignmentSources {
  readonly view: StateView;
  readonly openSecret: OpenSecret;
  readonly log: Log;
}

/** Builds the message for `task`; reads the view before it waits for anything. */
export async function assignedTask(task: Task, sources: AssignmentSources): Promise<AssignedTask> {
  const { view } = sources;
  const volumes = task.spec.mounts.map(({ volume }) => {
    const known = view.volumeByName(volume);
    return { name: volume, driver: known?.driver ?? "local", options: { ...known?.options } };
  });
  const configs = task.spec.configs.flatMap((ref): AssignedFile[] => {
    const config = view.configByName(ref.name);
    return config ? [assignedFile(ref, Buffer.from(config.data, "base64"))] : [];
  });
  const secrets = await Promise.all(task.spec.secrets.map((ref) => openRef(ref, task, sources)));
  return {
    id: task.id,
    serviceId: task.serviceId,
    serviceName: task.serviceName,
    slot: task.slot,
    revision: task.revision,
    desiredState: task.desired,
    spec: taskSpecToProto(task.spec),
    secrets: secrets.flat(),
    configs,
    volumes,
    status: statusToProto(task.id, task.status),
  };
}

async function openRef(
  ref: FileRef,
  task: Task,
  { view, openSecret, log }: AssignmentSources,
): Promise<AssignedFile[]> {
  const secret = view.secretByName(ref.name);
  if (!secret) return [];
  try {
    return [assignedFile(ref, Buffer.from(await openSecret(secret)))];
  } catch {
    // The cause may quote key material: the name of the secret is all that is said.
    log.error("a secret cannot be opened", { secret: ref.name, task_id: task.id });
    return [];
  }
}

function assignedFile(ref: FileRef, data: Buffer): AssignedFile {
  return { ref: fileRefToProto(ref), data };
}
