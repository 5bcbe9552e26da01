/**
 * A terminal for a command, lent by the `script` program of util-linux or BSD.
 *
 * Used for commands inside. Where there is no `script` the command runs without a terminal, which
 * costs editing and colours but not the command. Sizes are set through `stty`.
 */
import { readIfThere } from "./records.ts";
import type { Launch } from "./launch.ts";

/** Size of a terminal in characters; 0 means unknown. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** `launch` inside a terminal, or as it is where there is no `script`. */
export async function withTerminal(launch: Launch, size: TerminalSize): Promise<Launch> {
  if (!await hasScript()) return launch;
  const resize = size.columns > 0 && size.rows > 0
    ? `stty cols ${Math.trunc(size.columns)} rows ${Math.trunc(size.rows)} 2>/dev/null; `
    : "";
  const command = [launch.program, ...launch.args].map(quote).join(" ");
  const line = `${resize}exec ${command}`;
  const args = Deno.build.os === "linux"
    ? ["-q", "-e", "-f", "-c", line, "/dev/null"]
    : ["-q", "/dev/null", "/bin/sh", "-c", line];
  const env = { TERM: "xterm-256color", SHELL: "/bin/sh", ...launch.env };
  return { ...launch, program: "script", args, env };
}

/** The terminal that the command of `script` has, or undefined. Linux only. */
export async function findTerminal(scriptPid: number): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const children = await readIfThere(`/proc/${scriptPid}/task/${scriptPid}/children`) ?? "";
  const child = children.trim().split(" ")[0];
  if (!child) return undefined;
  const path = await Deno.readLink(`/proc/${child}/fd/0`).catch(() => "");
  return path.startsWith("/dev/pts/") ? path : undefined;
}

/** Tells the terminal's processes its new size. Nothing happens when it is gone. */
export async function resizeTerminal(path: string, columns: number, rows: number): Promise<void> {
  const size = ["cols", String(Math.trunc(columns)), "rows", String(Math.trunc(rows))];
  await new Deno.Command("stty", { args: ["-F", path, ...size], stdout: "null", stderr: "null" })
    .output().catch(() => {});
}

async function hasScript(): Promise<boolean> {
  for (const dir of (Deno.env.get("PATH") ?? "/usr/bin:/bin").split(":")) {
    if (await Deno.stat(`${dir}/script`).then((info) => info.isFile, () => false)) return true;
  }
  return false;
}

/** One word of a shell's command line. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
