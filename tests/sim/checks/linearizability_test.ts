import assert from "node:assert/strict";
import { checkHistory, type Operation, type Verdict } from "./linearizability.ts";

type Row = readonly [
  client: number,
  kind: Operation["kind"],
  text: string,
  call: number,
  ret: number,
  seen: string | boolean | null,
];

function verdict(...rows: readonly Row[]): Verdict {
  return checkHistory(rows.map(([client, kind, text, call, ret, seen]) => {
    const [expected = "", value = ""] = kind === "cas" ? text.split(">") : ["", text];
    return { client, kind, value, expected, call, ret, seen };
  }));
}

const NEVER = Infinity;

const GOOD: Readonly<Record<string, readonly Row[]>> = {
  "an empty history": [],
  "a read of what was written": [[1, "put", "x", 1, 2, true], [2, "get", "", 3, 4, "x"]],
  "a read at the same time as a write, either way": [
    [1, "put", "x", 1, 6, true],
    [2, "get", "", 2, 3, ""],
    [3, "get", "", 4, 5, "x"],
  ],
  "a write without an answer that happened": [
    [1, "put", "x", 1, NEVER, null],
    [2, "get", "", 5, 6, "x"],
  ],
  "a write without an answer that did not happen": [
    [1, "put", "x", 1, NEVER, null],
    [2, "get", "", 5, 6, ""],
  ],
  "a write without an answer that happened late": [
    [1, "put", "x", 1, NEVER, null],
    [2, "get", "", 2, 3, ""],
    [2, "get", "", 4, 5, "x"],
  ],
  "two compare-and-sets of which one wins": [
    [1, "cas", ">x", 1, 4, true],
    [2, "cas", ">y", 2, 3, false],
    [1, "get", "", 5, 6, "x"],
  ],
  "intervals that touch overlap": [[1, "put", "x", 1, 2, true], [2, "get", "", 2, 3, ""]],
};

const BAD: Readonly<Record<string, readonly Row[]>> = {
  "a stale read": [
    [1, "put", "x", 1, 2, true],
    [1, "put", "y", 3, 4, true],
    [2, "get", "", 5, 6, "x"],
  ],
  "a lost update": [[1, "put", "x", 1, 2, true], [2, "get", "", 3, 4, ""]],
  "reads that go back": [
    [1, "put", "x", 1, 9, true],
    [2, "get", "", 2, 3, "x"],
    [3, "get", "", 4, 5, ""],
  ],
  "a write that is applied twice": [
    [1, "put", "x", 1, 2, true],
    [2, "put", "y", 3, 4, true],
    [3, "get", "", 5, 6, "y"],
    [3, "get", "", 7, 8, "x"],
  ],
  "a read of what nobody wrote": [[1, "put", "x", 1, 2, true], [2, "get", "", 3, 4, "z"]],
  "a read before the write": [[2, "get", "", 1, 2, "x"], [1, "put", "x", 3, 4, true]],
  "two compare-and-sets that both win": [
    [1, "cas", ">x", 1, 4, true],
    [2, "cas", ">y", 2, 3, true],
  ],
  "a refused compare-and-set that took effect": [
    [1, "put", "a", 1, 2, true],
    [2, "cas", "b>x", 3, 4, false],
    [2, "get", "", 5, 6, "x"],
  ],
  "writes seen in different orders": [
    [1, "put", "x", 1, 10, true],
    [2, "put", "y", 2, 11, true],
    [3, "get", "", 12, 13, "x"],
    [3, "get", "", 14, 15, "y"],
  ],
  "a write without an answer that happened and unhappened": [
    [1, "put", "x", 1, NEVER, null],
    [2, "get", "", 2, 3, "x"],
    [2, "get", "", 4, 5, ""],
  ],
};

for (const [name, rows] of Object.entries(GOOD)) {
  Deno.test(`checkHistory accepts ${name}`, () => {
    assert.equal(verdict(...rows), "linearizable");
  });
}

for (const [name, rows] of Object.entries(BAD)) {
  Deno.test(`checkHistory refuses ${name}`, () => {
    assert.equal(verdict(...rows), "not linearizable");
  });
}

Deno.test("checkHistory says so when it cannot decide within its bound", () => {
  const puts = Array.from({ length: 12 }, (_, at): Operation => ({
    client: at,
    kind: "put",
    value: `${at}`,
    expected: "",
    call: 1,
    ret: 100,
    seen: true,
  }));
  const get: Operation = { ...puts[0] as Operation, kind: "get", call: 200, ret: 201, seen: "no" };
  assert.equal(checkHistory([...puts, get], 1_000), "undecided");
});

Deno.test("checkHistory agrees with trying every order of short histories", () => {
  let state = 12345;
  const below = (limit: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 16) % limit;
  };
  let refused = 0;
  for (let round = 0; round < 3_000; round++) {
    const history = Array.from({ length: 1 + below(5) }, (_, client): Operation => {
      const kind = (["get", "put", "cas"] as const)[below(3)] ?? "get";
      const call = below(10);
      const ret = below(5) === 0 ? Infinity : call + below(8);
      const seen = kind === "get"
        ? ["", "0", "1"][below(3)] ?? ""
        : below(2) === 0 || kind === "put";
      return { client, kind, value: `${below(2)}`, expected: `${below(2)}`, call, ret, seen };
    });
    const expected = naive(history) ? "linearizable" : "not linearizable";
    if (expected !== "linearizable") refused += 1;
    assert.equal(checkHistory(history), expected, JSON.stringify(history));
  }
  assert.ok(refused > 500, "enough bad histories were tried");
});

/** Tries every order that keeps what was over before another began. */
function naive(history: readonly Operation[], state = ""): boolean {
  if (history.every(({ ret }) => ret === Infinity)) return true;
  return history.some((op) => {
    const rest = history.filter((other) => other !== op);
    if (rest.some(({ ret }) => ret < op.call)) return false;
    const { kind, value, expected, seen, ret } = op;
    const isKnown = ret !== Infinity;
    if (kind === "put") return naive(rest, value);
    if (kind === "get") return (!isKnown || seen === state) && naive(rest, state);
    const succeeds = state === expected;
    return (!isKnown || seen === succeeds) && naive(rest, succeeds ? value : state);
  });
}
