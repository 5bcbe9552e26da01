/** `warren cluster join-token`: what a machine needs in order to join. */
import type { Command } from "../tree/command.ts";

/** The command. */
export const joinTokenCommand: Command = {
  name: "join-token",
  aliases: ["token"],
  summary: "Show the token, and the command, that a machine joins with",
  description: "The token is a secret: whoever has it can join. With -q only the token is printed.",
  args: [{ name: "ROLE", summary: "what the machine shall be", choices: ["worker", "manager"] }],
  flags: [{ name: "rotate", summary: "make a new token; the old one is worth nothing then" }],
  examples: [
    { line: "warren cluster join-token worker", does: "The command to run on a new worker" },
    { line: "warren cluster join-token worker --rotate -q", does: "A new token, for a script" },
  ],
  run: async (context) => {
    const role = context.arg(0);
    const rotate = context.flags.isOn("rotate");
    const client = await context.client();
    const { token } = await client.getJoinToken({ role, rotate });
    const { leaderAddress } = await client.getClusterInfo({});
    const verb = role === "worker" ? "worker start" : "manager join";
    const command = `warren ${verb} --manager ${leaderAddress || "HOST:PORT"} --token ${token}`;
    if (context.form === "table" || context.form === "wide") {
      context.note(`To add a ${role}, run this on its machine:`);
    }
    const text = () => `${command}\n`;
    await context.printObject({ id: token, name: token, json: { role, token, command }, text });
    return 0;
  },
};
