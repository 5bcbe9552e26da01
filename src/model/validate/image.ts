/**
 * The form of image references: `nginx`, `nginx:1.27`, `host:5000/team/app@sha256:…`, or an image id.
 *
 * Called by the task validator. Form only: whether the image exists is found out on the node.
 */
import { checkText, quoteText, type Report } from "./text.ts";

/** Longest reference taken, in characters: a name of 255, a tag of 128 and a digest. */
const MAX_REFERENCE_CHARS = 512;
const MAX_NAME_CHARS = 255;

const PATH_PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const HOST_LABEL = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;
const HOST_AND_PORT = /^([^:\[\]]+|\[[0-9a-fA-F:]{2,39}\])(?::\d{1,5})?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const BARE_ID = /^[0-9a-f]{64}$/;

/** Reports a reference that no engine would take, and which part of it is wrong. */
export function checkImage(report: Report, path: string, image: string): void {
  if (!checkText(report, path, image, { maxChars: MAX_REFERENCE_CHARS })) return;
  const fault = findImageFault(image);
  if (fault !== undefined) report(path, `is no image reference: ${fault}`);
}

/** What is wrong with a reference, in words; undefined when nothing is. */
function findImageFault(image: string): string | undefined {
  if (DIGEST.test(image) || BARE_ID.test(image)) return undefined;
  const [rest = "", digest, ...more] = image.split("@");
  if (more.length > 0) return `${quoteText(image)} has more than one @`;
  if (digest !== undefined && !DIGEST.test(digest)) {
    return `${quoteText(digest)} must be sha256: and 64 hexadecimal digits`;
  }
  const colon = rest.lastIndexOf(":");
  const hasTag = colon > rest.lastIndexOf("/");
  const tag = hasTag ? rest.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag)) {
    return `the tag ${quoteText(tag)} must be 1 to 128 letters, digits, _, . or -`;
  }
  return findNameFault(hasTag ? rest.slice(0, colon) : rest);
}

function findNameFault(name: string): string | undefined {
  if (name === "") return "the name is missing: write for instance nginx:1.27";
  if (name.length > MAX_NAME_CHARS) return `the name is longer than ${MAX_NAME_CHARS} characters`;
  const parts = name.split("/");
  const [first = ""] = parts;
  const hasHost = parts.length > 1 && /[.:A-Z\[]|^localhost$/.test(first);
  if (hasHost && !isHost(first)) return `${quoteText(first)} is no registry host`;
  const bad = parts.slice(hasHost ? 1 : 0).find((part) => !PATH_PART.test(part));
  if (bad === undefined) return undefined;
  return `${quoteText(bad)} must be lower-case letters and digits, with ., _ or - between them`;
}

function isHost(text: string): boolean {
  const host = HOST_AND_PORT.exec(text)?.[1];
  if (host === undefined) return false;
  return host.startsWith("[") || host.split(".").every((label) => HOST_LABEL.test(label));
}
