/** `warren cluster info`: the cluster, its managers and its log. */
import { formatFields } from "../output/render.ts";
import { formatAge, isoTime } from "../output/text.ts";
import { type Column, formatTable } from "../output/table.ts";
import type { Command } from "../tree/command.ts";
import { STALE_FLAG } from "../tree/shared_flags.ts";
import type { GetClusterInfoResponse, Member } from "../../client/wire/mod.ts";

/** The command. */
export const infoCommand: Command = {
  name: "info",
  summary: "Show the cluster, its managers and its log",
  description:
    "It answers also while the managers have no leader, with what the asked manager knows.",
  flags: [STALE_FLAG],
  examples: [{ line: "warren cluster info -o json", does: "For scripts" }],
  run: async (context) => {
    const client = await context.client();
    const info = await client.getClusterInfo({ stale: context.isStale });
    const { clusterId } = info;
    const text = () => formatInfo(info, context.nowMs);
    await context.printObject({ id: clusterId, name: clusterId, json: infoJson(info), text });
    return 0;
  },
};

function infoJson(info: GetClusterInfoResponse): Readonly<Record<string, unknown>> {
  const { leaderId, leaderAddress } = info;
  return {
    clusterId: info.clusterId,
    leader: leaderId === "" ? null : { id: leaderId, address: leaderAddress },
    managers: info.managers.map(({ id, name, address, voter, leader, reachable }) => ({
      id,
      name,
      address,
      voter,
      leader,
      reachable,
    })),
    raft: {
      term: info.raft?.term ?? 0,
      commitIndex: info.raft?.commitIndex ?? 0,
      appliedIndex: info.raft?.appliedIndex ?? 0,
    },
    version: info.version,
    createdAt: isoTime(info.createdMs),
  };
}

function formatInfo(info: GetClusterInfoResponse, nowMs: number): string {
  const { raft } = info;
  return formatFields([
    ["Cluster", info.clusterId],
    ["Version", info.version],
    ["Created", formatAge(info.createdMs, nowMs)],
    ["Leader", leaderText(info)],
    ["Managers", formatManagers(info.managers).trimEnd()],
    [
      "Log",
      raft === undefined
        ? ""
        : `term ${raft.term}, committed ${raft.commitIndex}, applied ${raft.appliedIndex}`,
    ],
  ]);
}

function leaderText({ leaderId, leaderAddress, managers }: GetClusterInfoResponse): string {
  if (leaderId === "") return `none: ${reasonUnled(managers)}`;
  const name = managers.find(({ id }) => id === leaderId)?.name ?? leaderId;
  return `${name} at ${leaderAddress}`;
}

/** Why nobody leads, as far as the asked manager can see. */
export function reasonUnled(managers: readonly Member[]): string {
  const voters = managers.filter(({ voter }) => voter);
  const reached = voters.filter(({ reachable }) => reachable).length;
  const needed = Math.floor(voters.length / 2) + 1;
  if (reached >= needed) return "an election is under way";
  return `${reached} of ${voters.length} votes can be reached, ${needed} are needed`;
}

/** The managers, one a line under a header. */
export function formatManagers(managers: readonly Member[]): string {
  return formatTable(managers, COLUMNS, { columns: null, isWide: false, paint: (text) => text });
}

const COLUMNS: readonly Column<Member>[] = [
  { header: "NAME", cell: ({ name, id }) => name || id },
  { header: "VOTE", cell: ({ voter }) => voter ? "yes" : "not yet" },
  { header: "LEADER", cell: ({ leader }) => leader ? "*" : "" },
  { header: "REACHABLE", cell: ({ reachable }) => reachable ? "yes" : "no" },
  { header: "ADDRESS", cell: ({ address }) => address },
];
