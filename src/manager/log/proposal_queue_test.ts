/** The queue in front of the log: order, bounds, batches. */
import assert from "node:assert/strict";
import { monoMs, WarrenError } from "../../lib/mod.ts";
import { type Pending, ProposalQueue, QUEUE_LIMITS } from "./proposal_queue.ts";

const MIB = 1024 * 1024;

function pending(sizeBytes: number, onReject: (error: unknown) => void = () => {}): Pending {
  return {
    bytes: new Uint8Array(sizeBytes),
    sinceMs: monoMs(0),
    resolve: () => {},
    reject: onReject,
  };
}

function refusal(push: () => void): string {
  try {
    push();
  } catch (error) {
    assert(error instanceof WarrenError);
    return error.reason;
  }
  return "";
}

Deno.test("ProposalQueue gives batches in order", () => {
  const queue = new ProposalQueue();
  const items = Array.from({ length: 5 }, () => pending(10));
  for (const item of items) queue.push(item);
  assert.equal(queue.size, 5);
  assert.deepEqual(queue.takeBatch(), items);
  assert.equal(queue.size, 0);
  assert.deepEqual(queue.takeBatch(), []);
});

Deno.test("ProposalQueue bounds a batch in number and bytes", () => {
  const queue = new ProposalQueue();
  for (let at = 0; at < QUEUE_LIMITS.batchProposals + 3; at++) queue.push(pending(1));
  assert.equal(queue.takeBatch().length, QUEUE_LIMITS.batchProposals);
  assert.equal(queue.takeBatch().length, 3);
  for (let at = 0; at < 5; at++) queue.push(pending(3 * MIB));
  assert.deepEqual([1, 2, 3].map(() => queue.takeBatch().length), [2, 2, 1]);
});

Deno.test("ProposalQueue refuses a proposal that is too large", () => {
  const queue = new ProposalQueue();
  queue.push(pending(QUEUE_LIMITS.proposalBytes));
  const tooLarge = () => queue.push(pending(QUEUE_LIMITS.proposalBytes + 1));
  assert.equal(refusal(tooLarge), "PROPOSAL_TOO_LARGE");
  assert.equal(queue.size, 1);
});

Deno.test("ProposalQueue refuses more proposals or bytes than it may hold", () => {
  const many = new ProposalQueue();
  for (let at = 0; at < QUEUE_LIMITS.proposals; at++) many.push(pending(1));
  assert.equal(refusal(() => many.push(pending(1))), "TOO_MANY");
  many.takeBatch();
  assert.equal(refusal(() => many.push(pending(1))), "");
  const heavy = new ProposalQueue();
  for (let at = 0; at < 16; at++) heavy.push(pending(4 * MIB));
  assert.equal(refusal(() => heavy.push(pending(1))), "TOO_MANY");
  heavy.takeBatch();
  assert.equal(refusal(() => heavy.push(pending(4 * MIB))), "");
});

Deno.test("ProposalQueue tells everyone who waits when nothing can be written", () => {
  const queue = new ProposalQueue();
  const told: unknown[] = [];
  for (let at = 0; at < 3; at++) queue.push(pending(1, (error) => told.push(error)));
  queue.rejectAll("fault");
  assert.deepEqual(told, ["fault", "fault", "fault"]);
  assert.equal(queue.size, 0);
});
