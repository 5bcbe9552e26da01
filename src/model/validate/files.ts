/**
 * Faults of what is put into a container's file system: volumes, secrets, configs.
 *
 * Called by the task validator. Whether a named secret or config exists is not seen here.
 */
import type { FileRef, TaskSpec, VolumeMount } from "../service.ts";
import { checkResourceName } from "../validate_resource.ts";
import {
  checkCount,
  checkForm,
  checkInteger,
  checkText,
  checkUnique,
  quoteText,
  type Report,
} from "./text.ts";

const MAX_FILES = 200;
const MAX_PATH_CHARS = 4_096;
const MAX_PART_CHARS = 255;
/** Kernel file systems; secrets have their own memory-backed place. */
const RESERVED = ["/proc", "/sys", "/dev"];
const SECRETS_DIRECTORY = "/run/secrets";
const OWNER = { min: 0, max: 2 ** 32 - 2 };
const PERMISSIONS = {
  min: 0,
  max: 0o777,
  format: (mode: number) => mode.toString(8).padStart(4, "0"),
};

/** Where a secret or config lands: `target` as it is when absolute, else below `directory`. */
export function resolveTarget(directory: string, target: string): string {
  return target.startsWith("/") ? target : `${directory === "/" ? "" : directory}/${target}`;
}

/** Reports every fault of the mounts, secrets and configs of `task`, and targets used twice. */
export function checkFiles(report: Report, task: TaskSpec): void {
  const targets: { path: string; key: string }[] = [];
  if (checkCount(report, "task.mounts", task.mounts.length, MAX_FILES)) {
    task.mounts.forEach((mount, at) => {
      const path = `task.mounts[${at}]`;
      checkMount(report, path, mount);
      targets.push({ path: `${path}.target`, key: mount.target });
    });
  }
  for (const [field, directory] of [["secrets", SECRETS_DIRECTORY], ["configs", "/"]] as const) {
    if (!checkCount(report, `task.${field}`, task[field].length, MAX_FILES)) continue;
    task[field].forEach((ref, at) => {
      const path = `task.${field}[${at}]`;
      checkFileRef(report, path, ref);
      targets.push({ path: `${path}.target`, key: resolveTarget(directory, ref.target) });
    });
  }
  checkUnique(report, targets, "target");
}

function checkMount(report: Report, path: string, mount: VolumeMount): void {
  if (mount.volume.startsWith("/") || mount.volume.startsWith(".")) {
    const found = quoteText(mount.volume);
    report(`${path}.volume`, `must be the name of a volume, is the host path ${found}`);
  } else checkResourceName(report, `${path}.volume`, mount.volume);
  const at = `${path}.target`;
  if (!checkTargetPath(report, at, mount.target)) return;
  if (!mount.target.startsWith("/")) {
    report(at, `must be an absolute path, is ${quoteText(mount.target)}`);
  } else if (isWithin(mount.target, SECRETS_DIRECTORY)) {
    report(at, `must not be in ${SECRETS_DIRECTORY}, where secrets are put`);
  }
}

function checkFileRef(report: Report, path: string, ref: FileRef): void {
  checkResourceName(report, `${path}.name`, ref.name);
  checkTargetPath(report, `${path}.target`, ref.target);
  checkInteger(report, `${path}.uid`, ref.uid, OWNER);
  checkInteger(report, `${path}.gid`, ref.gid, OWNER);
  checkInteger(report, `${path}.mode`, ref.mode, PERMISSIONS);
}

/** Reports a path that is empty, climbs, has empty parts, or is taken by the kernel. */
function checkTargetPath(report: Report, path: string, target: string): boolean {
  if (!checkText(report, path, target, { maxChars: MAX_PATH_CHARS })) return false;
  const form = { pattern: /^\/?[^\/]+(\/[^\/]+)*$/, form: "a path such as /etc/app/app.conf" };
  if (!checkForm(report, path, target, form)) return false;
  const parts = target.split("/");
  if (parts.includes("..") || parts.includes(".")) {
    report(path, "must not have . or .. as a part");
    return false;
  }
  if (parts.some((part) => part.length > MAX_PART_CHARS)) {
    report(path, `must have parts of at most ${MAX_PART_CHARS} characters`);
    return false;
  }
  const reserved = RESERVED.find((directory) => isWithin(target, directory));
  if (reserved !== undefined) report(path, `must not be in ${reserved}, which the kernel provides`);
  return reserved === undefined;
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
