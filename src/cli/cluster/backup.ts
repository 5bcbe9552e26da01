/** `warren cluster backup`: the whole cluster as one file. */
import type { BackupSummary } from "../../client/backup/mod.ts";
import { formatBytes, WarrenError } from "../../lib/mod.ts";
import type { CommandContext } from "../context.ts";
import { formatFields } from "../output/render.ts";
import { isoTime } from "../output/text.ts";
import { quoted, usageError } from "../parse/usage.ts";
import type { Command } from "../tree/command.ts";

/** Time between two looks at the progress, in milliseconds. */
const PROGRESS_MS = 200;

/** The command. */
export const backupCommand: Command = {
  name: "backup",
  summary: "Save the whole cluster to a file",
  description:
    "Any manager answers, with a state that is not older than the call; the cluster goes on meanwhile. " +
    "The file holds services, tasks, secrets, configs, nodes and tokens, and also the key of the " +
    "secrets, without which they would be lost: keep it as secret as the data directory of a manager. " +
    "It does not hold what is inside of volumes. The file gets its name when it is whole and on the disk.",
  args: [{ name: "FILE", summary: "where to save it; - for stdout", names: "file" }],
  flags: [{ name: "force", summary: "replace the file if there is one" }],
  examples: [
    { line: "warren cluster backup cluster.backup", does: "Save to a file that only you can read" },
    {
      line: "warren cluster backup - | gpg -e -r ops > cluster.backup.gpg",
      does: "Encrypt it on the way",
    },
  ],
  run: async (context) => {
    const path = context.arg(0);
    const isStdout = path === "-";
    if (isStdout && context.io.isTerminal("stdout")) {
      throw usageError("Cannot write a backup to a terminal", "name a file, or pipe it elsewhere");
    }
    const summary = isStdout ? await toStdout(context) : await toFile(context, path);
    const json = summaryJson(path, summary);
    const text = () => summaryText(path, summary);
    // The backup itself is on stdout.
    if (isStdout) context.note(text().trimEnd());
    else await context.printObject({ id: summary.digest, name: path, json, text });
    return 0;
  },
};

function summaryJson(file: string, { header, sizeBytes, digest }: BackupSummary) {
  const { clusterId, index, createdMs, version } = header;
  const createdAt = isoTime(createdMs);
  return { file, clusterId, index, createdAt, version, sizeBytes, sha256: digest };
}

function summaryText(file: string, { header, sizeBytes, digest }: BackupSummary): string {
  return formatFields([
    ["File", file === "-" ? "" : file],
    ["Cluster", header.clusterId],
    ["Index", String(header.index)],
    ["Size", formatBytes(sizeBytes)],
    ["SHA-256", digest],
  ]);
}

async function toStdout(context: CommandContext): Promise<BackupSummary> {
  return await copy(context, (bytes) => context.io.write("stdout", bytes));
}

async function toFile(context: CommandContext, path: string): Promise<BackupSummary> {
  const isForced = context.flags.isOn("force");
  if (!isForced && await isThere(path)) throw fileExists(path);
  const temporary = `${path}.new`;
  try {
    const summary = await toNewFile(context, temporary);
    if (isForced) await Deno.rename(temporary, path);
    else await renameToNew(temporary, path);
    await syncDir(path);
    return summary;
  } catch (error) {
    await discard(temporary);
    if (error instanceof WarrenError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new WarrenError("COMMAND_FAILED", `Cannot write ${quoted(path)}: ${why}`, {
      hint: "check that you may write there, and that there is room",
      cause: error,
    });
  }
}

async function toNewFile(context: CommandContext, path: string): Promise<BackupSummary> {
  await removeIfThere(path);
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  const summary = await copy(context, async (bytes) => {
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  });
  await file.sync();
  return summary;
}

async function copy(
  context: CommandContext,
  write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void> | void,
): Promise<BackupSummary> {
  const { copyBackup } = await import("../../client/backup/mod.ts");
  const client = await context.client();
  const parts = client.backup({}, { signal: context.interrupted });
  const progress = progressOf(context);
  try {
    return await copyBackup(parts, { write, onProgress: progress.show });
  } finally {
    progress.clear();
  }
}

/** One line that is rewritten, on a terminal only. */
function progressOf({ io, isQuiet }: CommandContext) {
  const isShown = !isQuiet && io.isTerminal("stderr") && io.env("TERM") !== "dumb";
  let nextMs = io.clock.monoNow() + PROGRESS_MS;
  let isDrawn = false;
  return {
    show: (sizeBytes: number) => {
      const nowMs = io.clock.monoNow();
      if (!isShown || nowMs < nextMs) return;
      nextMs = nowMs + PROGRESS_MS;
      isDrawn = true;
      io.write("stderr", `\r\x1b[KSaving: ${formatBytes(sizeBytes)}`);
    },
    clear: () => {
      if (isDrawn) io.write("stderr", "\r\x1b[K");
    },
  };
}

/** Never over a file that came to be meanwhile; not every file system has links. */
async function renameToNew(from: string, to: string): Promise<void> {
  try {
    await Deno.link(from, to);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists || await isThere(to)) throw fileExists(to);
    return await Deno.rename(from, to);
  }
  await Deno.remove(from);
}

function fileExists(path: string): WarrenError {
  return new WarrenError("FILE_EXISTS", `Cannot save to ${quoted(path)}: the file exists`);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch {
    // It is not there; whatever else is wrong shows when it is written.
    return false;
  }
}

/** After a failure, which is what the user hears of. */
async function discard(path: string): Promise<void> {
  try {
    await removeIfThere(path);
  } catch {
    // Where nothing can be written, nothing was left.
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function syncDir(path: string): Promise<void> {
  const { dirname } = await import("node:path");
  using dir = await Deno.open(dirname(path));
  await dir.sync();
}
