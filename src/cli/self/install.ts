/**
 * `warren install`: puts the program in place: the file, the `wrn` link, completion scripts and the service
 * unit. It starts and enables nothing.
 */
import { WarrenError } from "../../lib/mod.ts";
import { SCRIPTS } from "../completion/scripts/mod.ts";
import type { CommandContext } from "../context.ts";
import { quoted } from "../parse/usage.ts";
import type { Command } from "../tree/command.ts";
import { type InstallStep, planInstall } from "./install_plan.ts";

/** The command. */
export const installCommand: Command = {
  name: "install",
  group: "Program",
  summary: "Put program, wrn link, completion and service unit in place",
  description:
    "Nothing is started or enabled. Run it again after an update; files that are as they should be stay.",
  flags: [
    {
      name: "prefix",
      value: "DIRECTORY",
      names: "directory",
      summary: "install below this directory",
      fallback: "/usr/local as root, else ~/.local",
    },
    { name: "no-unit", summary: "leave the systemd unit out" },
    { name: "no-completion", summary: "leave the completion scripts out" },
    { name: "dry-run", summary: "only show what would be done" },
  ],
  examples: [
    { line: "sudo warren install", does: "For everybody on this machine" },
    { line: "warren install --prefix ~/.local --dry-run", does: "See what it would do" },
  ],
  run: runInstall,
};

async function runInstall(context: CommandContext): Promise<number> {
  const { flags, io } = context;
  const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;
  const home = io.env("HOME") ?? "/root";
  const program = await ownFile(io.env("WARREN_EXECUTABLE"));
  const steps = planInstall({
    prefix: (flags.text("prefix") ?? (isRoot ? "/usr/local" : `${home}/.local`)).replace(
      /\/+$/,
      "",
    ),
    program,
    hasUnit: Deno.build.os === "linux" && isRoot && !flags.isOn("no-unit"),
    scripts: flags.isOn("no-completion") ? {} : SCRIPTS,
  });
  const isDry = flags.isOn("dry-run");
  const done: { path: string; action: string; done: boolean }[] = [];
  for (const step of steps) {
    const isNeeded = !await isDone(step);
    if (isNeeded && !isDry) await perform(step);
    done.push({ path: step.path, action: step.kind, done: isNeeded && !isDry });
    const word = !isNeeded ? "as it is" : isDry ? "would be written" : "written";
    if (!context.isQuiet) context.print(`${step.path}: ${word}\n`);
  }
  if (context.form === "json" || context.form === "yaml") {
    context.print(`${JSON.stringify(done, null, 2)}\n`);
  }
  if (program === null) {
    context.note(
      "The program itself was not installed: it runs from its sources, not from the file that scripts/build makes",
    );
  }
  if (steps.some(({ kind }) => kind === "unit") && !isDry) {
    context.note(
      'The unit goes on with what "warren cluster init" or "warren worker start" set up; after that: ' +
        "systemctl daemon-reload && systemctl enable --now warren",
    );
  }
  return 0;
}

/** The one file that this process came from; `null` when it runs from its sources. */
async function ownFile(packaged: string | undefined): Promise<string | null> {
  const called = Deno.build.standalone ? Deno.execPath() : packaged;
  if (called === undefined || !called.startsWith("/")) return null;
  try {
    return await Deno.realPath(called);
  } catch (error) {
    // It was moved or removed after the start: there is nothing to install from.
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function isDone(step: InstallStep): Promise<boolean> {
  try {
    if (step.kind === "link") return await Deno.readLink(step.path) === step.target;
    if (step.kind === "program") return await isSameFile(step.from, step.path);
    return await Deno.readTextFile(step.path) === step.text;
  } catch {
    // Whatever is there, or is not, is replaced.
    return false;
  }
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  if (await Deno.realPath(b) === a) return true;
  const [left, right] = await Promise.all([Deno.stat(a), Deno.stat(b)]);
  if (left.size !== right.size) return false;
  const [from, to] = await Promise.all([sha256(a), sha256(b)]);
  return from === to;
}

async function sha256(path: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return new Uint8Array(digest).toHex();
}

/** Writes beside the final name and renames, so that no half file is ever seen. */
async function perform(step: InstallStep): Promise<void> {
  const beside = `${step.path}.new`;
  try {
    await Deno.mkdir(step.path.slice(0, step.path.lastIndexOf("/")), { recursive: true });
    await Deno.remove(beside).catch(ignoreMissing);
    if (step.kind === "link") await Deno.symlink(step.target, beside);
    else if (step.kind === "program") {
      await Deno.copyFile(step.from, beside);
      await Deno.chmod(beside, 0o755);
    } else await Deno.writeTextFile(beside, step.text, { mode: 0o644 });
    await Deno.rename(beside, step.path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WarrenError("COMMAND_FAILED", `Cannot write ${quoted(step.path)}: ${why}`, {
      cause,
      hint: "run it as root, or choose another --prefix",
    });
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
