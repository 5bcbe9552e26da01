/**
 * That leaders give up when they have to: without a majority that can answer (rule A6), and above a
 * disk that does not (rule I7). Measured on the leader's own clock, with some slack.
 */
import type { MemberId } from "../../src/raft/mod.ts";
import type { SimMember } from "./member.ts";
import type { Network } from "./network.ts";
import { must } from "./violation.ts";

const SLACK_TICKS = 20;

/** Throws when somebody leads who should not any more. */
export function checkLeaders(
  members: Iterable<SimMember>,
  network: Network,
  tick: number,
): void {
  const all = new Map([...members].map((member) => [member.id, member]));
  for (const member of all.values()) {
    const { id, clockRate, config } = member;
    const status = member.status();
    const wasStopped = member.pausedUntil !== 0 || tick - member.resumedTick < SLACK_TICKS;
    if (status?.role !== "leader" || wasStopped) {
      member.aloneSince = null;
      continue;
    }
    const reaches = (peer: MemberId) =>
      peer === id || (all.get(peer)?.isAwake(tick) === true &&
        !network.isCut(id, peer, tick) && !network.isCut(peer, id, tick));
    const { voters } = status.membership;
    const isAlone = voters.filter(reaches).length * 2 <= voters.length;
    member.aloneSince = isAlone ? member.aloneSince ?? tick : null;
    const alone = (tick - (member.aloneSince ?? tick)) * clockRate;
    const lease = config.leaseTicks + config.heartbeatTicks + SLACK_TICKS;
    must(alone <= lease, "check quorum", `${id} leads ${alone} ticks without a majority`);
    const stalled = Math.min(member.disk.age(tick), tick - member.resumedTick) * clockRate;
    const patience = config.stallTicks + SLACK_TICKS;
    must(stalled <= patience, "stalled disk", `${id} leads with a write of ${stalled} ticks`);
  }
}
