import assert from "node:assert/strict";
import { ManualClock, seededIds } from "../../lib/mod.ts";
import { RelayBroker, type RelayStream } from "./relay_broker.ts";

const STREAM: RelayStream = {
  messages: { async *[Symbol.asyncIterator]() {} },
  send: () => Promise.resolve(),
  close: () => {},
};
const NEVER = new AbortController().signal;

function broker() {
  const clock = new ManualClock();
  return { clock, broker: new RelayBroker(clock, seededIds(1)) };
}

Deno.test("RelayBroker hands the stream with the ordered id to who waits for it", async () => {
  const { clock, broker: relays } = broker();
  let ordered = "";
  const opened = relays.open("node", (id) => void (ordered = id), NEVER);
  assert.equal(relays.accept("another", "node", STREAM), false);
  assert.equal(relays.accept(ordered, "node", STREAM), true);
  assert.equal(await opened, STREAM);
  assert.equal(clock.pending, 0, "no timer is left");
});

Deno.test("RelayBroker does not take a stream of another node", async () => {
  const { clock, broker: relays } = broker();
  let ordered = "";
  const opened = relays.open("node", (id) => void (ordered = id), NEVER);
  assert.equal(relays.accept(ordered, "impostor", STREAM), false);
  const refused = assert.rejects(opened, /silent/);
  await clock.advance(10_000);
  await refused;
});

Deno.test("RelayBroker gives up on an agent that does not open the stream", async () => {
  const { clock, broker: relays } = broker();
  let ordered = "";
  const refused = assert.rejects(
    relays.open("node", (id) => void (ordered = id), NEVER),
    { reason: "NODE_UNREACHABLE" },
  );
  await clock.advance(10_000);
  await refused;
  assert.equal(relays.accept(ordered, "node", STREAM), false, "it is too late");
});

Deno.test("RelayBroker fails at once when the order cannot be sent or the asker leaves", async () => {
  const { clock, broker: relays } = broker();
  const send = () => {
    throw new Error("queue full");
  };
  await assert.rejects(relays.open("node", send, NEVER), /queue full/);
  const asker = new AbortController();
  const refused = assert.rejects(relays.open("node", () => {}, asker.signal), /gone/);
  asker.abort(new Error("gone"));
  await refused;
  assert.equal(clock.pending, 0);
});
