/** A member's log without a running manager: read as it lies there, or made for a group of one. */
export { lastOf, type MemberLog, readMember, replayMember } from "./read_member.ts";
export { foundAlone, type SoleMember } from "./found_alone.ts";
