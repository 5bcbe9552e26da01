/**
 * The commands that the scripts of `src/raft/testdata` are written in, over a {@link Lab}.
 *
 * Setting up: `config`, `add`. Time: `tick`, `run`, `timeout`, `elect`. Input: `propose`, `change`, `transfer`, `read`,
 * `report`, `compact`, `step`. Carrying out: `ready`, `persist`, `deliver`, `drop`, `settle`. Faults:
 * `cut`, `heal`, `hold`, `restart`. Looking: `state`, `flights`, `membership`, `peers`, `status`, `reads`.
 */
import { describeMembership, describeMessage, describeReady } from "../describe.ts";
import { type MembershipChange, membersOf } from "../membership.ts";
import type { PeerReport } from "../core.ts";
import type { CoreConfig } from "../state.ts";
import type { Message, Proposed } from "../message.ts";
import type { ScriptCommand, ScriptRunner } from "../../../tests/harness/datadriven.ts";
import { diskOf, Lab, wordEntry } from "./lab.ts";

type Command = (lab: Lab, command: ScriptCommand) => string;

/** A fresh bench and its commands. */
export function labRunner(): ScriptRunner {
  let lab = new Lab();
  return (command) => {
    if (command.name === "config") {
      lab = new Lab(configOf(command));
      return "";
    }
    const run = COMMANDS[command.name];
    if (!run) throw new Error(`unknown command ${command.name}`);
    try {
      return run(lab, command);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "BugError") throw error;
      return error.message;
    }
  };
}

const COMMANDS: Readonly<Record<string, Command>> = {
  add,
  tick: (lab, { words: [count = "1", ...ids] }) => {
    lab.tick(Number(count), ids.length > 0 ? ids : undefined);
    return "";
  },
  run: (lab, { words: [count = "1"] }) => {
    lab.run(Number(count));
    return "";
  },
  timeout: (lab, { words: [id = ""] }) => {
    lab.timeOut(id);
    return lab.core(id).describe();
  },
  elect: (lab, { words: [id = ""] }) => {
    lab.elect(id);
    return lab.core(id).describe();
  },
  propose: (lab, { words: [id = "", ...words] }) =>
    words.map((word) => proposedText(lab.core(id).propose(new TextEncoder().encode(word))))
      .join("\n"),
  change: (lab, { words: [id = "", ...words] }) =>
    proposedText(lab.core(id).changeMembership(changeOf(words))),
  transfer: (lab, { words: [id = "", to = ""] }) => lab.core(id).transfer(to) ?? "begun",
  read: (lab, { words: [id = "", ...reads] }) => {
    for (const read of reads) lab.core(id).readIndex(Number(read));
    return "";
  },
  report: (lab, { words: [id = "", peer = "", ...what] }) => {
    lab.core(id).report(peer, what.join(" ") as PeerReport);
    return "";
  },
  compact: (lab, { words: [id = "", index = "0", keepFrom = index] }) => {
    const kept = lab.core(id).compact(Number(index), Number(keepFrom));
    return kept === null ? "there is a newer snapshot" : `kept from ${kept}`;
  },
  ready: (lab, { words }) => words.flatMap((id) => lab.take(id).map(describeReady)).join("\n"),
  persist: (lab, { words: [id = "", count = "99"] }) => {
    lab.persist(id, Number(count));
    return "";
  },
  deliver: (lab, command) => lines(lab.deliver(chosenBy(command))),
  drop: (lab, command) => {
    const choose = chosenBy(command);
    const dropped = lab.flights.filter(choose);
    lab.flights = lab.flights.filter((message) => !choose(message));
    return lines(dropped);
  },
  settle: (lab, { words: [how] }) => {
    const delivered = lab.settle();
    return how === "quietly" ? "" : lines(delivered);
  },
  cut: (lab, { words: [a = "", b = "", how] }) => {
    lab.cut(a, b, how === "one-way");
    return "";
  },
  hold: (lab, { words: [id = "", how] }) => {
    lab.hold(id, how !== "no-more");
    return "";
  },
  heal: (lab) => {
    lab.heal();
    return "";
  },
  restart: (lab, { words: [id = "", how] }) => {
    const { disk, applied } = lab.get(id);
    const noted = how === "noted" ? { committed: applied } : {};
    lab.restart(id, { ...disk, isInDoubt: how === "in-doubt", ...noted });
    return lab.core(id).describe();
  },
  step: (lab, command) => {
    const message = messageOf(command);
    lab.core(message.to).step(message);
    return describeMessage(message);
  },
  state: (lab, { words }) =>
    (words.length > 0 ? words : [...lab.members.keys()])
      .map((id) => `${id}: ${lab.core(id).describe()}`).join("\n"),
  flights: (lab) => lines(lab.flights),
  peers: (lab, { words: [id = ""] }) => {
    const peers = lab.core(id).peers().map(({ id, isVoter, match, state, silentTicks }) =>
      `${id}: ${isVoter ? "voter" : "learner"} ${state} match=${match} silent=${
        silentTicks ?? "always"
      }`
    );
    return [...peers, `heir: ${lab.core(id).transferTarget() ?? "none"}`].join("\n");
  },
  status: (lab, { words: [id = ""] }) => {
    const { noopIndex, hasOwnCommit, hasOpenChange } = lab.core(id).status();
    return `noop=${noopIndex ?? "-"} own-commit=${hasOwnCommit} open-change=${hasOpenChange}`;
  },
  membership: (lab, { words: [id = ""] }) => describeMembership(lab.core(id).status().membership),
  reads: (lab, { words: [id = ""] }) =>
    [...lab.get(id).reads].map(([read, index]) => `${read} ${index ?? "failed"}`).join("\n"),
};

/** `add a b voters=a,b,c outgoing=c,d learners=d log=1,1,2 term=3 vote=b`: members with one disk. */
function add(lab: Lab, { words, options }: ScriptCommand): string {
  const list = (text: string | undefined) => text ? text.split(",") : [];
  const voters = options["voters"] === undefined ? words : list(options["voters"]);
  const outgoing = list(options["outgoing"]);
  const membership = { ...membersOf(...voters), outgoing, learners: list(options["learners"]) };
  const disk = diskOf(membership, list(options["log"]).map(Number));
  const term = Number(options["term"] ?? disk.hard.term);
  const hard = { term, vote: options["vote"] ?? null };
  return words.map((id) => `${id}: ${lab.add(id, { ...disk, hard }).core.describe()}`).join("\n");
}

function configOf({ options }: ScriptCommand): Partial<CoreConfig> {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, Number(value)]));
}

function changeOf(words: readonly string[]): MembershipChange {
  const id = words.at(-1) ?? "";
  const kind = words.slice(0, -1).join(" ");
  if (kind === "add learner" || kind === "promote" || kind === "demote" || kind === "remove") {
    return { kind, id };
  }
  throw new Error(`unknown change ${kind}`);
}

function proposedText(proposed: Proposed): string {
  if (proposed.isOk) return `at ${proposed.index}/t${proposed.term}`;
  return `refused: ${proposed.reason}${proposed.detail ? `: ${proposed.detail}` : ""}`;
}

/** `kind=… from=… to=… n=…`: the first `n` messages that fit. */
function chosenBy({ options }: ScriptCommand): (message: Message) => boolean {
  let left = Number(options["n"] ?? Infinity);
  return (message) => {
    const fits = (["kind", "from", "to"] as const).every((key) =>
      options[key] === undefined || options[key] === message[key]
    );
    return fits && left-- > 0;
  };
}

/** `step a->b append term=2 prev=3/1 entries=4/2,5/2 commit=3`: a message made by hand. */
function messageOf({ words: [path = "", kind = ""], options }: ScriptCommand): Message {
  const [from = "", to = ""] = path.split("->");
  const number = (key: string) => Number(options[key] ?? 0);
  const pair = (key: string) => (options[key] ?? "0/0").split("/").map(Number);
  const envelope = { from, to, term: number("term") };
  const [first = 0, second = 0] = pair("prev");
  const [lastIndex = 0, lastTerm = 0] = pair("last");
  const isPre = options["pre"] === "true";
  switch (kind) {
    case "vote": {
      const isTransfer = options["transfer"] === "true";
      return { ...envelope, kind, isPre, isTransfer, lastIndex, lastTerm };
    }
    case "vote.reply":
      return { ...envelope, kind, isPre, isGranted: options["granted"] === "true" };
    case "append": {
      const entries = (options["entries"] ?? "").split(",").filter((text) => text !== "")
        .map((text) => text.split("/").map(Number))
        .map(([index = 0, term = 0]) => wordEntry(index, term));
      const commit = number("commit");
      return { ...envelope, kind, prevIndex: first, prevTerm: second, entries, commit };
    }
    case "append.reply": {
      const [hintIndex = 0, hintTerm = 0] = pair("hint");
      const isOk = options["ok"] !== undefined;
      const index = number(isOk ? "ok" : "refused");
      return { ...envelope, kind, isOk, index, hintIndex, hintTerm };
    }
    case "heartbeat":
      return { ...envelope, kind, round: number("round"), commit: number("commit"), isAll: false };
    case "heartbeat.reply":
      return { ...envelope, kind, round: number("round") };
    case "snapshot": {
      const [index = 0, term = 0] = pair("at");
      const membership = membersOf(...(options["voters"] ?? "a,b,c").split(","));
      return { ...envelope, kind, snapshot: { index, term, membership } };
    }
    case "timeout.now":
      return { ...envelope, kind };
    case "read":
      return { ...envelope, kind, id: number("id") };
    case "read.reply":
      return { ...envelope, kind, id: number("id"), index: number("index") };
    default:
      throw new Error(`unknown message ${kind}`);
  }
}

function lines(messages: readonly Message[]): string {
  return messages.map(describeMessage).join("\n");
}
