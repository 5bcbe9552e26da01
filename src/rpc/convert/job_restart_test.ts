/** What a job that was sent without a restart condition becomes. */
import assert from "node:assert/strict";
import type { FieldFault } from "../../lib/mod.ts";
import { defaultServiceSpec } from "../../model/mod.ts";
import type { ServiceSpec } from "../gen/warren/v1/service.ts";
import { serviceSpecFromProto } from "./spec_from_proto.ts";
import { serviceSpecToProto } from "./spec_to_proto.ts";

function conditionOf(mode: string, restart: Partial<NonNullable<ServiceSpec["task"]>["restart"]>) {
  const message = serviceSpecToProto(defaultServiceSpec("web"));
  const faults: FieldFault[] = [];
  const task = message.task && {
    ...message.task,
    restart: restart && { condition: "", delayMs: 5, maxAttempts: 2, windowMs: 0, ...restart },
  };
  const spec = serviceSpecFromProto({ ...message, mode, task }, faults);
  assert.deepEqual(faults, []);
  return spec.task.restart.condition;
}

Deno.test("serviceSpecFromProto restarts a job when it fails, unless its owner says otherwise", () => {
  assert.equal(conditionOf("job", undefined), "on-failure");
  assert.equal(conditionOf("job", {}), "on-failure");
  assert.equal(conditionOf("job", { condition: "none" }), "none");
  assert.equal(conditionOf("job", { condition: "any" }), "any", "for validation to refuse");
  assert.equal(conditionOf("replicated", {}), "any");
  assert.equal(conditionOf("global", undefined), "any");
});
