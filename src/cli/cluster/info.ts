/** `warren cluster info`: the cluster, its managers and its log. */
import { formatFields } from "../output/render.ts";
import { formatAge, isoTime } from "../output/text.ts";
import type { Command } from "../tree/command.ts";
import type { GetClusterInfoResponse, Member } from "../../client/wire/mod.ts";

/** The command. */
export const infoCommand: Command = {
  name: "info",
  summary: "Show the cluster, its managers and its log",
  examples: [{ line: "warren cluster info -o json", does: "For scripts" }],
  run: async (context) => {
    const client = await context.client();
    const info = await client.getClusterInfo({});
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
    ["Leader", info.leaderId === "" ? "none" : `${info.leaderId} at ${info.leaderAddress}`],
    ["Managers", info.managers.map(memberText).join("\n")],
    [
      "Log",
      raft === undefined
        ? ""
        : `term ${raft.term}, committed ${raft.commitIndex}, applied ${raft.appliedIndex}`,
    ],
  ]);
}

function memberText({ name, address, leader, voter, reachable }: Member): string {
  const marks = [
    ...(leader ? ["leader"] : []),
    ...(voter ? [] : ["learner"]),
    ...(reachable ? [] : ["not reachable"]),
  ];
  return `${name} at ${address}${marks.length === 0 ? "" : ` (${marks.join(", ")})`}`;
}
