/**
 * Reads the files that the flags of a service name. The only part of making a spec that touches the disk.
 */
import type { CommandContext } from "../../context.ts";
import { quoted, usageError } from "../../parse/usage.ts";
import { readFlagFile } from "../../read_file.ts";
import type { SpecInputs } from "./from_flags.ts";
import { parseEnvFile } from "./words.ts";

const MAX_ENV_FILE_BYTES = 1024 * 1024;

/** What a spec is made from. @throws WarrenError USAGE when a file cannot be read */
export async function readSpecInputs(
  context: CommandContext,
  isUpdate: boolean,
): Promise<SpecInputs> {
  const { flags, rest, io } = context;
  const files = flags.all("env-file");
  const lines = await Promise.all(
    files.map(async (file) => parseEnvFile(await readText(file), file)),
  );
  return {
    flags,
    command: rest !== null && rest.length === 0 ? null : rest,
    envFileLines: lines.flat(),
    env: io.env,
    isUpdate,
  };
}

async function readText(file: string): Promise<string> {
  const bytes = await readFlagFile("env-file", file, MAX_ENV_FILE_BYTES);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw usageError(`Cannot read --env-file ${quoted(file)}: it is no UTF-8`, "save it as UTF-8");
  }
}
