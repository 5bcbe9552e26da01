/** `warren cluster recover`: one surviving manager goes on alone, when the majority is lost for good. */
import type { Findings, Judgement, ManagerSeen, SurvivorReport } from "../../daemon/offline/mod.ts";
import { WarrenError } from "../../lib/mod.ts";
import type { CommandContext } from "../context.ts";
import { formatFields } from "../output/render.ts";
import { formatAge, isoTime, plural } from "../output/text.ts";
import { usageError } from "../parse/usage.ts";
import type { Command } from "../tree/command.ts";
import { shellWord } from "./shell_word.ts";

/** Characters of the cluster's id that are asked for. */
const ASKED_CHARS = 6;

/** The command. */
export const recoverCommand: Command = {
  name: "recover",
  summary: "Let one surviving manager go on when the majority is lost for good",
  description:
    "Run it on the machine of a survivor, with its manager stopped. It shows what that manager holds, " +
    "asks the others whether they are there, and refuses while a majority is, or when another " +
    "survivor holds more. Then the manager becomes the only one, with everything that its log holds; " +
    "the old log is kept beside the new one. Other managers join anew with empty data directories. " +
    "Changes that only the lost managers held are lost. Managers that are alive but cannot be reached " +
    "from here could go on as a second cluster: turn them off first.",
  flags: [
    {
      name: "data-dir",
      value: "DIRECTORY",
      names: "directory",
      summary: "data directory of the stopped manager",
      fallback: "/var/lib/warren as root, else your data home",
      env: ["WARREN_DATA_DIR"],
    },
    { name: "dry-run", summary: "look, and change nothing" },
    { name: "yes", short: "y", summary: "do not ask" },
    { name: "force", summary: "go on although another survivor holds more" },
  ],
  examples: [
    { line: "warren cluster recover --dry-run", does: "See what is there and what would be done" },
    { line: "warren cluster recover", does: "Look, ask, and recover" },
  ],
  run: recover,
};

async function recover(context: CommandContext): Promise<number> {
  const { io, flags } = context;
  const { dialManager, judgeRecovery, Survivor } = await import("../../daemon/offline/mod.ts");
  using survivor = await Survivor.open(flags.text("data-dir") ?? null);
  const { findings } = survivor;
  context.note("Asking the other managers …");
  const seen = await survivor.lookAround(dialManager, io.clock);
  const judgement = judgeRecovery(findings, seen);
  context.note(findingsText(findings, seen, context.nowMs).trimEnd());
  const refusal = refusalOf(judgement, flags.isOn("force"));
  if (refusal) {
    if (flags.isOn("dry-run")) await print(context, { findings, seen, report: null, refusal });
    throw refusal;
  }
  for (const warning of judgement.warnings) context.note(`Warning: ${warning}`);
  if (flags.isOn("dry-run")) {
    await print(context, { findings, seen, report: null, refusal });
    context.note('This manager can go on alone: run "warren cluster recover".');
    return 0;
  }
  if (!flags.isOn("yes")) await confirm(context, findings);
  const report = await survivor.recover(io.clock);
  await print(context, { findings, seen, report, refusal });
  context.note(`The old log is kept in ${report.keptLog}`);
  context.note(`Start it with: warren daemon --data-dir ${shellWord(findings.dataDir)}`);
  context.note('Then let other managers join: "warren cluster join-token manager" shows how.');
  return 0;
}

/** @returns why it is refused: a majority, or another manager that holds more, unless by force */
function refusalOf({ refusal, better }: Judgement, isForced: boolean): WarrenError | null {
  if (refusal || !better || isForced) return refusal;
  const message = `Cannot recover: manager "${better.name}" at ${better.address} holds more`;
  return new WarrenError("BETTER_SURVIVOR", message);
}

/** @throws WarrenError USAGE without a terminal, ABORTED_BY_USER for another answer */
async function confirm({ io }: CommandContext, { clusterId }: Findings): Promise<void> {
  if (!io.isTerminal("stdin")) {
    throw usageError("Cannot ask whether to recover: stdin is no terminal", "add --yes");
  }
  const asked = clusterId.slice(0, ASKED_CHARS);
  io.write("stderr", `To go on, type ${asked}, the beginning of the cluster's id: `);
  const typed = (await io.readLine()).trim();
  if (typed.length >= ASKED_CHARS && clusterId.startsWith(typed)) return;
  throw new WarrenError("ABORTED_BY_USER", "Nothing was changed: that is not the cluster's id");
}

interface Outcome {
  readonly findings: Findings;
  readonly seen: readonly ManagerSeen[];
  readonly report: SurvivorReport | null;
  readonly refusal: WarrenError | null;
}

async function print(context: CommandContext, outcome: Outcome): Promise<void> {
  const { findings: { nodeId: id, clusterId: name }, report } = outcome;
  const json = outcomeJson(outcome);
  const text = () => report ? resultText(report) : "";
  await context.printObject({ id, name, json, text });
}

function outcomeJson({ findings, seen, report, refusal }: Outcome) {
  const { clusterId, nodeId, dataDir, lastIndex, lastTerm, isInDoubt, lastMs } = findings;
  return {
    ...{
      clusterId,
      nodeId,
      dataDir,
      lastIndex,
      lastTerm,
      isInDoubt,
      lastChangeAt: isoTime(lastMs),
    },
    managers: seen.map(({ nodeId, name, address, isVoter, isSelf, answer }) => ({
      ...{ id: nodeId, name, address, voter: isVoter, self: isSelf },
      reachable: isSelf ? null : answer !== null,
      lastIndex: isSelf ? lastIndex : answer?.lastIndex ?? null,
    })),
    canRecover: refusal === null,
    refusal: refusal?.message ?? null,
    recovered: report !== null,
    index: report?.index ?? null,
    formerManagers: report?.formerManagers ?? [],
    keptLog: report?.keptLog ?? null,
  };
}

function resultText({ index, formerManagers }: SurvivorReport): string {
  return formatFields([
    ["Recovered", `index ${index}`],
    ["To remove", formerManagers.join(", ")],
  ]);
}

function findingsText(findings: Findings, seen: readonly ManagerSeen[], nowMs: number): string {
  const { services, secrets, nodes } = findings.counts;
  return formatFields([
    ["Data directory", findings.dataDir],
    ["Cluster", findings.clusterId],
    [
      "Log",
      `ends at index ${findings.lastIndex} of term ${findings.lastTerm}, ` +
      `last change ${formatAge(findings.lastMs, nowMs)}`,
    ],
    [
      "Holds",
      [plural(services, "service"), plural(secrets, "secret"), plural(nodes, "node")].join(", "),
    ],
    ["Managers", seen.map(managerText).join("\n")],
  ]);
}

function managerText({ name, address, isVoter, isSelf, answer }: ManagerSeen): string {
  const marks = [
    isSelf ? "this one, stopped" : answer ? "is there" : "does not answer",
    ...(isVoter ? [] : ["no vote"]),
    ...(answer?.lastIndex ? [`ends at index ${answer.lastIndex}`] : []),
  ];
  return `${name}${address === "" ? "" : ` at ${address}`} (${marks.join(", ")})`;
}
