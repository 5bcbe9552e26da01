/**
 * Tables of the parts of a service: ports, resources, restart policy, update.
 */
import {
  DEFAULT_RESTART,
  DEFAULT_UPDATE,
  NO_RESOURCES,
  type PortSpec,
  type ResourceAmounts,
  type Resources,
  type RestartPolicy,
  type UpdateConfig,
} from "../../model/mod.ts";
import { choice, type Codec, cpus, duration, integer, ratio, size, text } from "./codec.ts";
import { field, orShort, ownFields, table } from "./field.ts";

const ownPort = ownFields<PortSpec>();

/** A published port. */
export const port: Codec<PortSpec> = table<PortSpec>({
  type: "map",
  base: { name: "", containerPort: 0, hostPort: 0, protocol: "tcp", publishMode: "host" },
  fields: [
    ownPort("name", text, "Optional name, unique in the service"),
    ownPort("containerPort", integer, "Port in the container", { required: true }),
    ownPort("hostPort", integer, "Port on the node; `0` lets the engine choose"),
    ownPort("protocol", choice(["tcp", "udp"]), "`tcp`"),
    ownPort("publishMode", choice(["host", "ingress"]), "`host`; ingress is not available yet"),
  ],
});

const NO_AMOUNTS: ResourceAmounts = { milliCpus: 0, memoryBytes: 0 };

const ownAmounts = ownFields<ResourceAmounts>();
const amounts = table<ResourceAmounts>({
  type: "map",
  base: NO_AMOUNTS,
  fields: [
    ownAmounts("milliCpus", cpus, "Cores", { key: "cpus" }),
    ownAmounts("memoryBytes", size, "Memory", { key: "memory", aliases: ["memoryBytes"] }),
    field<ResourceAmounts, number>({
      key: "cpuShares",
      codec: integer,
      doc: "Cores in 1024ths, as earlier versions had them",
      spec: "milliCpus",
      get: () => undefined,
      put(draft, shares, fault) {
        if (draft.milliCpus > 0) fault("says again what cpus says: leave one out");
        return { ...draft, milliCpus: Math.round(shares * 1_000 / 1_024) };
      },
    }),
  ],
});

const ownResources = ownFields<Resources>();

/** Limits and reservations. */
export const resources: Codec<Resources> = table<Resources>({
  type: "map",
  base: NO_RESOURCES,
  fields: [
    ownResources("limits", amounts, "What a task may use at most"),
    ownResources("reservations", amounts, "What placement sets aside for a task"),
  ],
});

const condition = choice(["any", "on-failure", "none"], {
  always: "any",
  "unless-stopped": "any",
  onfailure: "on-failure",
  never: "none",
  no: "none",
});

const ownRestart = ownFields<RestartPolicy>();
const restartTable = table<RestartPolicy>({
  type: "map",
  base: DEFAULT_RESTART,
  fields: [
    ownRestart("condition", condition, "`any`; `on-failure` for a job"),
    ownRestart("delayMs", duration, "First pause, which grows; `1s`", { key: "delay" }),
    ownRestart("maxAttempts", integer, "Restarts within the window; `0` is no limit"),
    ownRestart("windowMs", duration, "`0s` is the whole life of the task", { key: "window" }),
  ],
});

/** A restart policy: its condition alone, or a map. */
export const restart: Codec<RestartPolicy> = orShort(restartTable, {
  type: "condition",
  blank: DEFAULT_RESTART,
  read(_, cursor, tree) {
    const own = cursor.field("condition", "condition", tree.place);
    return { ...DEFAULT_RESTART, condition: condition.decode(tree, own) };
  },
  write: () => undefined,
});

const ownUpdate = ownFields<UpdateConfig>();

/** How a new revision replaces the old one. */
export const update: Codec<UpdateConfig> = table<UpdateConfig>({
  type: "map",
  base: DEFAULT_UPDATE,
  fields: [
    ownUpdate("parallelism", integer, "Tasks replaced at a time; `1`"),
    ownUpdate("delayMs", duration, "Pause between batches; `0s`", { key: "delay" }),
    ownUpdate("order", choice(["auto", "start-first", "stop-first"]), "`auto`"),
    ownUpdate("monitorMs", duration, "How long a new task must keep running; `5s`", {
      key: "monitor",
    }),
    ownUpdate("failureAction", choice(["pause", "continue", "rollback"]), "`pause`"),
    ownUpdate("maxFailureRatio", ratio, "Share of new tasks that may fail; `0`"),
  ],
});
