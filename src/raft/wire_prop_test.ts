/**
 * Whatever arrives from the wire: a core drops what makes no sense, and stops for one reason only, a leader
 * that contradicts what is committed here.
 */
import fc from "fast-check";
import { diskOf, Lab } from "./testing/lab.ts";
import { membersOf } from "./membership.ts";
import type { Entry, Membership, Message, Payload } from "./message.ts";

const small = fc.oneof({ weight: 8, arbitrary: fc.nat(6) }, {
  weight: 1,
  arbitrary: fc.constantFrom(-1, 0.5, NaN, 2 ** 53, Infinity),
});
const ids = fc.constantFrom("a", "b", "c", "d");
const memberships: fc.Arbitrary<Membership> = fc.record({
  voters: fc.subarray(["a", "b", "c", "d"]),
  outgoing: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, fc.subarray(["a", "b", "c"])),
  learners: fc.subarray(["e"]),
});
const payloads: fc.Arbitrary<Payload> = fc.oneof(
  fc.constant<Payload>({ kind: "noop" }),
  fc.constant<Payload>({ kind: "data", data: new Uint8Array(3) }),
  memberships.map((membership): Payload => ({ kind: "membership", membership })),
);
const entries: fc.Arbitrary<Entry[]> = fc.array(
  fc.record({ index: small, term: small, payload: payloads }),
  { maxLength: 3 },
);
/** Runs of entries that follow on each other, which random numbers seldom do. */
const runs = fc.tuple(
  fc.nat(5),
  fc.nat(4),
  fc.array(fc.tuple(fc.nat(1), payloads), { maxLength: 4 }),
)
  .map(([prevIndex, prevTerm, rises]) => {
    let term = prevTerm;
    const made = rises.map(([rise, payload], at): Entry => {
      term += rise;
      return { index: prevIndex + 1 + at, term, payload };
    });
    return { prevIndex, prevTerm, entries: made };
  });

const bodies = fc.oneof(
  fc.record({
    kind: fc.constant("vote" as const),
    isPre: fc.boolean(),
    isTransfer: fc.boolean(),
    lastIndex: small,
    lastTerm: small,
  }),
  fc.record({
    kind: fc.constant("vote.reply" as const),
    isPre: fc.boolean(),
    isGranted: fc.boolean(),
  }),
  fc.tuple(runs, small).map(([run, commit]) => ({ kind: "append" as const, ...run, commit })),
  fc.record({
    kind: fc.constant("append" as const),
    prevIndex: small,
    prevTerm: small,
    entries,
    commit: small,
  }),
  fc.record({
    kind: fc.constant("append.reply" as const),
    isOk: fc.boolean(),
    index: small,
    hintIndex: small,
    hintTerm: small,
  }),
  fc.record({
    kind: fc.constant("heartbeat" as const),
    round: small,
    commit: small,
    isAll: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("heartbeat.reply" as const), round: small }),
  fc.record({
    kind: fc.constant("snapshot" as const),
    snapshot: fc.record({ index: small, term: small, membership: memberships }),
  }),
  fc.record({ kind: fc.constant("timeout.now" as const) }),
  fc.record({ kind: fc.constant("read" as const), id: small }),
  fc.record({
    kind: fc.constant("read.reply" as const),
    id: small,
    index: fc.option(small, { nil: null }),
  }),
);
const messages: fc.Arbitrary<Message> = fc.tuple(
  fc.record({ from: ids, to: fc.constantFrom("a", "a", "a", "b"), term: small }),
  bodies,
).map(([envelope, body]): Message => ({ ...envelope, ...body }));

type Step =
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "tick" | "take" | "persist" | "propose" | "read" };

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: messages.map((message): Step => ({ kind: "message", message })) },
  {
    weight: 3,
    arbitrary: fc.constantFrom("tick", "take", "persist", "propose", "read").map((kind): Step => ({
      kind,
    })),
  },
);

function carryOut(lab: Lab, step: Step): void {
  const core = lab.core("a");
  switch (step.kind) {
    case "message":
      return core.step(step.message);
    case "tick":
      return lab.tick(60);
    case "take":
      return void lab.take("a");
    case "persist":
      return lab.persist("a", 1);
    case "propose":
      return void core.propose(new Uint8Array(1));
    case "read":
      return core.readIndex(1);
  }
}

Deno.test("RaftCore takes anything from the wire, and stops only for what contradicts its commits", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 40 }), (list) => {
      const lab = new Lab();
      lab.add("a", diskOf(membersOf("a", "b", "c"), [1, 1, 2]));
      for (const step of list) {
        try {
          carryOut(lab, step);
          lab.take("a");
        } catch (error) {
          const isHonest = error instanceof Error && error.name === "BugError" &&
            /committed entry \d+ is not contradicted/.test(error.message);
          if (isHonest) return;
          throw error;
        }
      }
    }),
    { numRuns: 5_000 },
  );
});
