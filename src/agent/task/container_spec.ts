/**
 * The container that runs one attempt of a task. Pure.
 */
import type { NodeId } from "../../model/mod.ts";
import { type Bind, type ContainerSpec, RUNTIME_LABELS } from "../runtime/runtime.ts";
import { type Assignment, taskName } from "./assignment.ts";

/** Whose containers these are. */
export interface Owner {
  readonly clusterId: string;
  readonly nodeId: NodeId;
}

/** Labels that every container of `owner` has, and no other. */
export function ownerLabels(owner: Owner): Readonly<Record<string, string>> {
  return { [RUNTIME_LABELS.cluster]: owner.clusterId, [RUNTIME_LABELS.node]: owner.nodeId };
}

/** What to ask of the runtime for attempt `attempt`; `binds` are the task's secrets and configs. */
export function containerSpec(
  assignment: Assignment,
  attempt: number,
  context: { readonly owner: Owner; readonly binds: readonly Bind[] },
): ContainerSpec {
  const { spec } = assignment;
  return {
    name: `warren-${taskName(assignment)}-${assignment.id}-${attempt}`,
    labels: {
      ...ownerLabels(context.owner),
      [RUNTIME_LABELS.task]: assignment.id,
      [RUNTIME_LABELS.service]: assignment.serviceId,
      [RUNTIME_LABELS.serviceName]: assignment.serviceName,
      [RUNTIME_LABELS.slot]: String(assignment.slot),
      [RUNTIME_LABELS.attempt]: String(attempt),
    },
    image: spec.image,
    entrypoint: spec.entrypoint,
    command: spec.command,
    env: spec.env,
    user: spec.user,
    workdir: spec.workdir,
    hostname: spec.hostname,
    limits: spec.resources.limits,
    stopSignal: spec.stopSignal,
    binds: context.binds,
    volumes: spec.mounts,
    ports: spec.ports,
  };
}
