/**
 * That leaders give up when they have to: without a majority that can answer (rule A6), and above a
 * disk that does not (rules I7, G5). Measured on the leader's own clock, with some slack.
 */
import type { MemberId, Ready } from "../../../src/raft/mod.ts";
import type { SimMember } from "../member.ts";
import type { Network } from "../network.ts";
import { must } from "./violation.ts";

const SLACK_TICKS = 20;

/** How long the disk of `member` has not answered, on its own clock. */
function stalledTicks({ disk, resumedTick, clockRate }: SimMember, tick: number): number {
  return Math.min(disk.age(tick), tick - resumedTick) * clockRate;
}

/** Throws when `member` piles up entries before a disk that does not answer (rule G5). */
export function checkPile(member: SimMember, ready: Ready, tick: number): void {
  const isLate = stalledTicks(member, tick) > member.config.stallTicks + SLACK_TICKS;
  const isPiled = isLate && (ready.persist?.entries.length ?? 0) > 0;
  must(!isPiled, "stalled disk", `${member.id} takes entries that its disk will not`);
}

/** Longer than any member that can talk to the leader may be ahead of its term. */
const STRAY_TICKS = 300;

/** Throws when a member stays in a later term than a leader that it can talk to (rule A8). */
export function checkStrays(
  members: ReadonlyMap<MemberId, SimMember>,
  network: Network,
  tick: number,
): void {
  const leaders = [...members.values()].filter((one) => one.status()?.role === "leader");
  for (const member of members.values()) {
    const { id, disk } = member;
    const term = member.isAwake(tick) ? member.status()?.term ?? 0 : 0;
    const stray = leaders.find((leader) => {
      const status = leader.status();
      const meets = leader.isAwake(tick) && leader.known.get(id) === member.life &&
        member.known.get(leader.id) === leader.life && disk.age(tick) < SLACK_TICKS;
      return status && status.term < term && status.matches[id] !== undefined && meets &&
        network.isOpen(id, leader.id, tick) && network.isOpen(leader.id, id, tick);
    });
    member.straySince = stray ? member.straySince ?? tick : null;
    const ticks = tick - (member.straySince ?? tick);
    must(ticks < STRAY_TICKS, "liveness", `nobody tells ${stray?.id} of the term of ${id}`);
  }
}

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
    const stalled = stalledTicks(member, tick);
    const patience = config.stallTicks + SLACK_TICKS;
    must(stalled <= patience, "stalled disk", `${id} leads with a write of ${stalled} ticks`);
    const idle = member.ownTick - member.wroteTick;
    const most = config.diskProbeTicks + SLACK_TICKS;
    // Who has just won has its first entry to write, and has not been given the time.
    const isNew = status.durable < (status.noopIndex ?? 0);
    must(
      isNew || idle <= most,
      "stalled disk",
      `${id} leads and has not tried its disk for ${idle} ticks`,
    );
  }
}
