/** Which of two tasks of a slot comes first. */
import assert from "node:assert/strict";
import { DEFAULT_TASK, defaultServiceSpec, type ServiceSpec, type TaskSpec } from "../model/mod.ts";
import { orderOf } from "./strategy.ts";

const port = { name: "", containerPort: 80, protocol: "tcp" } as const;
const mount = { volume: "data", target: "/data" };

const ROWS: readonly [string, ServiceSpec["update"]["order"], Partial<TaskSpec>, string][] = [
  ["nothing in the way", "auto", {}, "start-first"],
  [
    "a fixed host port",
    "auto",
    { ports: [{ ...port, hostPort: 80, publishMode: "host" }] },
    "stop-first",
  ],
  [
    "a host port that the engine chooses",
    "auto",
    { ports: [{ ...port, hostPort: 0, publishMode: "host" }] },
    "start-first",
  ],
  [
    "an ingress port",
    "auto",
    { ports: [{ ...port, hostPort: 80, publishMode: "ingress" }] },
    "start-first",
  ],
  ["a volume it writes to", "auto", { mounts: [{ ...mount, readOnly: false }] }, "stop-first"],
  ["a volume it only reads", "auto", { mounts: [{ ...mount, readOnly: true }] }, "start-first"],
  [
    "a volume, but told otherwise",
    "start-first",
    { mounts: [{ ...mount, readOnly: false }] },
    "start-first",
  ],
  ["nothing in the way, but told otherwise", "stop-first", {}, "stop-first"],
];

for (const [what, order, task, expected] of ROWS) {
  Deno.test(`orderOf is ${expected} for a service with ${what}`, () => {
    const spec = defaultServiceSpec("web");
    assert.equal(
      orderOf({ ...spec, task: { ...DEFAULT_TASK, ...task }, update: { ...spec.update, order } }),
      expected,
    );
  });
}
