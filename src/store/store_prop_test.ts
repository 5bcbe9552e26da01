/**
 * Safety rules of the store under random proposals, each by its name: apply is deterministic, a
 * refused proposal leaves no trace, a snapshot is the state, indices equal a recount, an overlay
 * foresees what apply does.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { wallMs } from "../lib/mod.ts";
import { asIndex, isTerminal, type Task, type TaskState } from "../model/mod.ts";
import type { Proposal } from "./action.ts";
import { decodeEntry, encodeEntry } from "./entry_codec.ts";
import { eventsOf } from "./events/events_of.ts";
import type { ChangeSet } from "./feed.ts";
import { OverlayView, type PassAction } from "./overlay.ts";
import { encodeState } from "./snapshot.ts";
import { Store } from "./store.ts";
import { describeState, joined, snapshotBytes, START_MS } from "./testing/store_fixture.ts";
import { type Draw, draws, proposalOf } from "./testing/random_proposals.ts";
import { heldHostPorts } from "./usage.ts";
import type { StateView } from "./view.ts";

const RUNS = { numRuns: 60 };

/** Applies drawn proposals to a new store, calling `check` after each. */
function run(
  drawn: readonly (readonly Draw[])[],
  check: (store: Store, proposal: Proposal) => void = () => {},
): { store: Store; proposals: Proposal[] } {
  const store = new Store();
  const proposals: Proposal[] = [];
  for (const [at, draw] of drawn.entries()) {
    const proposal = proposalOf(store.view, at, draw);
    proposals.push(proposal);
    store.apply(asIndex(at + 1), proposal);
    check(store, proposal);
  }
  return { store, proposals };
}

Deno.test("apply is deterministic: the log as read back from bytes gives the same state", () => {
  fc.assert(
    fc.property(draws, (drawn) => {
      const { store, proposals } = run(drawn);
      const replica = new Store();
      for (const [at, proposal] of proposals.entries()) {
        const [read] = decodeEntry(encodeEntry([proposal]));
        assert(read);
        replica.apply(asIndex(at + 1), read);
      }
      assert.equal(replica.digest(), store.digest());
      assert.deepEqual(describeState(replica), describeState(store));
    }),
    RUNS,
  );
});

Deno.test("a refused proposal leaves no trace, whatever it did before its refusal", () => {
  fc.assert(
    fc.property(draws, (drawn) => {
      const store = new Store();
      let announced = 0;
      store.feed.subscribe(() => announced++);
      for (const [at, draw] of drawn.entries()) {
        const before = describeState(store);
        const known = announced;
        const proposal = proposalOf(store.view, at, draw);
        // An action that is always refused, after whatever was drawn.
        const doomed = { ...proposal, requestId: "", actions: [...proposal.actions, REFUSED] };
        assert.equal(store.apply(asIndex(2 * at + 1), doomed).ok, false);
        assert.deepEqual(describeState(store), before);
        assert.equal(announced, known);
        store.apply(asIndex(2 * at + 2), proposal);
      }
    }),
    RUNS,
  );
});

const REFUSED: Proposal["actions"][number] = {
  kind: "check.unchanged",
  versions: [{ table: "services", name: "never there", version: asIndex(1) }],
};

Deno.test("refused proposals in between make no difference to what follows", () => {
  fc.assert(
    fc.property(draws, (drawn) => {
      const { store, proposals } = run(drawn);
      const disturbed = new Store();
      for (const [at, proposal] of proposals.entries()) {
        const doomed = { ...proposal, requestId: "", actions: [...proposal.actions, REFUSED] };
        disturbed.apply(asIndex(at + 1), doomed);
        disturbed.apply(asIndex(at + 1), proposal);
      }
      assert.equal(disturbed.digest(), store.digest());
    }),
    RUNS,
  );
});

Deno.test("snapshot and restore are inverse: same digest, same order, same future", () => {
  fc.assert(
    fc.property(draws, fc.nat(59), (drawn, cut) => {
      const { store, proposals } = run(drawn.slice(0, cut + 1));
      const restored = new Store();
      restored.restore(snapshotBytes(store));
      assert.equal(restored.digest(), store.digest());
      assert.equal(restored.view.index, store.view.index);
      assert.deepEqual(describeState(restored), describeState(store));
      for (const [at, draw] of drawn.slice(cut + 1).entries()) {
        const number = proposals.length + at;
        const proposal = proposalOf(store.view, number, draw);
        const applied = store.apply(asIndex(number + 1), proposal);
        assert.deepEqual(restored.apply(asIndex(number + 1), proposal), applied);
      }
      assert.equal(restored.digest(), store.digest());
    }),
    RUNS,
  );
});

Deno.test("a snapshot shows the state it was taken of, whatever is applied while it is written", () => {
  fc.assert(
    fc.property(draws, (drawn) => {
      const half = drawn.length >> 1;
      const { store } = run(drawn.slice(0, half));
      const digest = store.digest();
      const slices = encodeState(store.snapshot());
      for (const [at, draw] of drawn.slice(half).entries()) {
        store.apply(asIndex(half + at + 1), proposalOf(store.view, half + at, draw));
      }
      const restored = new Store();
      restored.restore(joined([...slices]));
      assert.equal(restored.digest(), digest);
    }),
    RUNS,
  );
});

/** What the view should say, counted from the tasks alone. */
function recount(view: StateView, tasks: readonly Task[]) {
  return [...view.nodes()].map(({ id }) => {
    const using = tasks.filter((task) => task.nodeId === id && !isTerminal(task.status.state));
    const sum = (of: (task: Task) => number) => using.reduce((total, task) => total + of(task), 0);
    return {
      reservedMilliCpus: sum((task) => task.spec.resources.reservations.milliCpus),
      reservedMemoryBytes: sum((task) => task.spec.resources.reservations.memoryBytes),
      tasks: using.length,
      hostPorts: [...new Set(using.flatMap(({ spec }) => heldHostPorts(spec)))].sort(),
    };
  });
}

function usages(view: StateView) {
  return [...view.nodes()].map(({ id }) => {
    const { reservedMilliCpus, reservedMemoryBytes, tasks, hostPorts } = view.nodeUsage(id);
    return { reservedMilliCpus, reservedMemoryBytes, tasks, hostPorts: [...hostPorts].sort() };
  });
}

Deno.test("usage of nodes, counts of states and lists of tasks equal a recount", () => {
  fc.assert(
    fc.property(draws, (drawn) => {
      run(drawn, (store) => {
        const { view } = store;
        const tasks = [...view.tasks()];
        assert.deepEqual(usages(view), recount(view, tasks));
        const states = new Map<TaskState, number>();
        for (const { status } of tasks) {
          states.set(status.state, (states.get(status.state) ?? 0) + 1);
        }
        for (const [state, count] of store.taskStates) assert.equal(count, states.get(state) ?? 0);
        for (const { id } of view.services()) {
          const listed = tasks.filter((task) => task.serviceId === id);
          assert.deepEqual([...view.tasksOfService(id)], listed);
        }
        for (const { id } of view.nodes()) {
          const listed = new Set(tasks.filter((task) => task.nodeId === id));
          assert.deepEqual(new Set(view.tasksOfNode(id)), listed);
        }
        const pending = tasks.filter((task) =>
          task.status.state === "pending" && task.desired === "running"
        );
        assert.deepEqual([...view.pendingTasks()], pending);
        assert.equal(store.sizes.tasks, tasks.length);
      });
    }),
    RUNS,
  );
});

Deno.test("names lead to the rows that bear them, and to no other", () => {
  fc.assert(
    fc.property(draws, (drawn) => {
      const { view } = run(drawn).store;
      for (const node of view.nodes()) assert.equal(view.nodeByName(node.name), node);
      for (const one of view.services()) assert.equal(view.serviceByName(one.spec.name), one);
      for (const secret of view.secrets()) assert.equal(view.secretByName(secret.name), secret);
      for (const config of view.configs()) assert.equal(view.configByName(config.name), config);
      for (const volume of view.volumes()) assert.equal(view.volumeByName(volume.name), volume);
      for (let at = 0; at < 10; at++) {
        const named = view.nodeByName(`n${at}`);
        assert.equal(named && view.node(named.id), named);
      }
    }),
    RUNS,
  );
});

Deno.test("recorded time and versions never go back", () => {
  fc.assert(
    fc.property(draws, (drawn) => {
      const store = new Store();
      let lastMs = 0;
      store.feed.subscribe(({ index, atMs, changes }) => {
        assert(atMs >= lastMs);
        lastMs = atMs;
        for (const { before, after } of changes) {
          if (after) assert.equal(after.version, index);
          if (before && after) assert(before.version <= after.version);
        }
      });
      for (const [at, draw] of drawn.entries()) {
        store.apply(asIndex(at + 1), proposalOf(store.view, at, draw));
      }
    }),
    RUNS,
  );
});

Deno.test("the feed alone is enough to follow the tables", () => {
  fc.assert(
    fc.property(draws, (drawn) => {
      const store = new Store();
      const tasks = new Map<string, Task>();
      store.feed.subscribe(({ changes }) => {
        for (const change of changes) {
          if (change.table !== "tasks") continue;
          const { before, after } = change;
          if (before) assert.equal(tasks.get(before.id), before);
          if (after) tasks.set(after.id, after);
          else if (before) tasks.delete(before.id);
        }
      });
      for (const [at, draw] of drawn.entries()) {
        store.apply(asIndex(at + 1), proposalOf(store.view, at, draw));
      }
      assert.deepEqual(new Set(tasks.values()), new Set(store.view.tasks()));
    }),
    RUNS,
  );
});

Deno.test("events name what changed and carry no data", () => {
  fc.assert(
    fc.property(draws, (drawn) => {
      const store = new Store();
      const sets: ChangeSet[] = [];
      store.feed.subscribe((set) => sets.push(set));
      for (const [at, draw] of drawn.entries()) {
        store.apply(asIndex(at + 1), proposalOf(store.view, at, draw));
      }
      for (const set of sets) {
        for (const event of eventsOf(set, (id) => id)) {
          assert.equal(event.index, set.index);
          assert.match(event.type, /^[a-z]+\.[a-z_]+$/);
          assert(event.message.length > 0 && !event.message.includes("\n"));
          const text = JSON.stringify(event);
          assert(!text.includes("YQ==") && !text.includes("Ym94"), "no data");
        }
      }
    }),
    RUNS,
  );
});

const LAID = new Set([
  "task.create",
  "task.place",
  "task.unplaced",
  "task.desire",
  "task.report",
  "task.remove",
]);

function isLaid(action: Proposal["actions"][number]): action is PassAction {
  return LAID.has(action.kind);
}

Deno.test("an overlay foresees what apply does", () => {
  fc.assert(
    fc.property(draws, draws, (setUp, drawn) => {
      const { store, proposals } = run(setUp);
      const base = new Store();
      base.restore(snapshotBytes(store));
      const atMs = wallMs(START_MS + 10_000_000);
      const overlay = new OverlayView(base.view, atMs);
      for (const [at, draw] of drawn.entries()) {
        const number = proposals.length + at;
        const { actions } = proposalOf(store.view, number, draw);
        const laid = actions.filter(isLaid);
        const proposal = { actions: laid, atMs, requestId: "" };
        if (store.apply(asIndex(number + 1), proposal).ok) overlay.layAll(laid);
        assert.deepEqual(tasksOf(overlay), tasksOf(store.view));
        assert.deepEqual(usages(overlay), usages(store.view));
        assert.deepEqual(idsOf(overlay.pendingTasks()), idsOf(store.view.pendingTasks()));
      }
      assert.equal(base.digest(), run(setUp).store.digest(), "the base stands still");
    }),
    RUNS,
  );
});

/** Tasks by id without their version, which only a commit gives. */
function tasksOf(view: StateView): unknown {
  const all = [...view.tasks()].map((task) => ({ ...task, version: 0 }));
  return new Map(all.map((task) => [task.id, task]));
}

function idsOf(tasks: Iterable<Task>): ReadonlySet<string> {
  return new Set([...tasks].map(({ id }) => id));
}
