/** `warren version`: what this program is. Plain `warren version` is answered by `main.ts` already. */
import { VERSION } from "../../lib/mod.ts";
import type { Command } from "../tree/command.ts";

/** The command. */
export const versionCommand: Command = {
  name: "version",
  group: "Program",
  summary: "Show the version of this program",
  examples: [
    { line: "warren version", does: "One line" },
    { line: "warren version -o json", does: "For scripts" },
  ],
  run: async (context) => {
    const { os, arch } = Deno.build;
    const json = {
      version: VERSION,
      os,
      arch: arch === "aarch64" ? "arm64" : "amd64",
      deno: Deno.version.deno,
    };
    const text = () => `warren ${VERSION}\n`;
    await context.printObject({ id: VERSION, name: VERSION, json, text });
    return 0;
  },
};
