/**
 * The table of a Service: every key of its `spec`, how it is written and where it goes.
 *
 * A new key of a task is one line here; its codec, its export and its line in the documentation
 * follow from it.
 */
import { type ServiceSpec, type TaskSpec } from "../../model/mod.ts";
import { anyText, choice, type Codec, duration, integer, list, text } from "./codec.ts";
import { type Field, field } from "./field.ts";
import { health } from "./health_table.ts";
import { port, resources, restart, update } from "./service_parts.ts";
import { labelsField } from "./labels.ts";
import { command, fileRef, mount, texts } from "./texts.ts";

type ModeKind = ServiceSpec["mode"]["kind"];

/** A row whose value is a field of the task. */
function inTask<Name extends keyof TaskSpec>(
  name: Name,
  codec: Codec<TaskSpec[Name]>,
  doc: string,
  key: string = name,
  aliases: readonly string[] = [],
): Field<ServiceSpec> {
  return field({
    key,
    codec,
    doc,
    aliases,
    spec: `task.${name}`,
    get: (spec: ServiceSpec) => spec.task[name],
    put: (spec, value) => ({ ...spec, task: { ...spec.task, [name]: value } }),
  });
}

/** A row whose value is a field of the placement. */
function inPlacement<Name extends keyof ServiceSpec["placement"]>(
  name: Name,
  codec: Codec<ServiceSpec["placement"][Name]>,
  doc: string,
): Field<ServiceSpec> {
  return field({
    key: name,
    codec,
    doc,
    spec: `placement.${name}`,
    get: (spec: ServiceSpec) => spec.placement[name],
    put: (spec, value) => ({ ...spec, placement: { ...spec.placement, [name]: value } }),
  });
}

const modeFields: readonly Field<ServiceSpec>[] = [
  field<ServiceSpec, ModeKind>({
    key: "mode",
    codec: choice<ModeKind>(["replicated", "global", "job"]),
    doc: "`replicated`; `global` is one task on every node, a `job` runs to its end",
    spec: "mode.kind",
    get: (spec) => spec.mode.kind,
    put: (spec, kind) => ({ ...spec, mode: defaultMode(kind) }),
  }),
  field({
    key: "replicas",
    codec: integer,
    doc: "Tasks of a replicated service; `1`",
    spec: "mode.replicas",
    get: ({ mode }: ServiceSpec) => mode.kind === "replicated" ? mode.replicas : undefined,
    put(spec, replicas, fault) {
      if (spec.mode.kind === "replicated") return { ...spec, mode: { ...spec.mode, replicas } };
      const instead = spec.mode.kind === "job" ? "use completions" : "remove it";
      fault(`is only for mode replicated: ${instead}`);
      return spec;
    },
  }),
  field({
    key: "completions",
    codec: integer,
    doc: "Tasks of a job that must end well; `1`",
    spec: "mode.completions",
    get: ({ mode }: ServiceSpec) => mode.kind === "job" ? mode.completions : undefined,
    put(spec, completions, fault) {
      const mode = { kind: "job", completions, parallelism: completions } as const;
      if (spec.mode.kind === "job") return { ...spec, mode };
      fault("is only for mode job: set mode, or use replicas");
      return spec;
    },
  }),
  field({
    key: "parallelism",
    codec: integer,
    doc: "Tasks of a job that run at a time; all",
    spec: "mode.parallelism",
    get: ({ mode }: ServiceSpec) =>
      mode.kind === "job" && mode.parallelism !== mode.completions ? mode.parallelism : undefined,
    put(spec, parallelism, fault) {
      if (spec.mode.kind === "job") return { ...spec, mode: { ...spec.mode, parallelism } };
      fault("is only for mode job: did you mean updateConfig.parallelism?");
      return spec;
    },
  }),
];

/** Every key of a Service's `spec`. `mode` comes before the keys that depend on it. */
export const SERVICE_FIELDS: readonly Field<ServiceSpec>[] = [
  inTask("image", text, "Image reference; not needed with `runtime: process`"),
  ...modeFields,
  inTask("entrypoint", command, "Replaces the image's entrypoint"),
  inTask("command", command, "Replaces the image's command"),
  field<ServiceSpec, readonly string[]>({
    key: "args",
    codec: command,
    doc: "Added to `command`",
    spec: "task.command",
    get: () => undefined,
    put: (spec, args) => ({
      ...spec,
      task: { ...spec.task, command: [...spec.task.command, ...args] },
    }),
  }),
  inTask("env", texts, "Environment variables"),
  inTask("user", anyText, "`USER[:GROUP]`, by name or number"),
  inTask("workdir", text, "Working directory", "workdir", ["workingDir"]),
  inTask("hostname", text, "Host name inside the container"),
  inTask("ports", list(port), "Published ports"),
  inTask("health", health, "Decides when a task counts as running", "healthCheck"),
  inTask("resources", resources, "Limits and reservations"),
  inTask("mounts", list(mount), "Volumes", "volumes"),
  inTask("secrets", list(fileRef), "Secrets as files in `/run/secrets`"),
  inTask("configs", list(fileRef), "Configs as files in `/`"),
  inTask("stopTimeoutMs", duration, "Time between stop signal and kill; `10s`", "stopTimeout"),
  inTask("stopSignal", text, "Signal that stops a task; the image's own or `SIGTERM`"),
  inTask("restart", restart, "When a task that ended is started again", "restartPolicy"),
  inPlacement("constraints", list(text), "Conditions on nodes: `node.labels.zone==a`"),
  inPlacement("spread", list(text), "Node properties to spread over: `node.labels.zone`"),
  inPlacement("maxPerNode", integer, "Tasks on one node; `0` is no limit"),
  field({
    key: "updateConfig",
    codec: update,
    doc: "How a change replaces tasks",
    spec: "update",
    get: (spec: ServiceSpec) => spec.update,
    put: (spec, value) => ({ ...spec, update: value }),
  }),
  inTask("runtime", choice(["auto", "docker", "process"]), "`auto` is the node's own"),
  inTask("networks", list(text), "Not available yet"),
  labelsField<ServiceSpec>(),
];

function defaultMode(kind: ModeKind): ServiceSpec["mode"] {
  if (kind === "global") return { kind };
  if (kind === "job") return { kind, completions: 1, parallelism: 1 };
  return { kind, replicas: 1 };
}
