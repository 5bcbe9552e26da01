/**
 * The machines that Warren is built for, as data.
 *
 * Read by the build, the size gate and their tests. A new target is one row here, if the toolchain's lock
 * file has a Deno package for it. Nothing in this file does anything.
 */

/** One operating system and processor, and how each tool calls it. */
export interface Target {
  /** The name in file names: `linux-amd64`. */
  readonly name: string;
  /** The npm package whose file `deno` is the runtime. */
  readonly npmPackage: string;
  /** What `deno compile --target` calls it. */
  readonly triple: string;
  /** A shell pattern for `uname -s` and `uname -m`. */
  readonly uname: string;
  /** What a host must have, for a message. */
  readonly needs: string;
  /** The first bytes of an executable of this target: offset and expected bytes. */
  readonly magic: readonly { readonly at: number; readonly bytes: readonly number[] }[];
}

const ELF = { at: 0, bytes: [0x7f, 0x45, 0x4c, 0x46, 2, 1] };
const MACH_O = { at: 0, bytes: [0xcf, 0xfa, 0xed, 0xfe] };
const LINUX_NEEDS = "glibc 2.27 or newer (not musl, as in Alpine) and libgcc_s";

/** Every target, in the order of tables and checksums. */
export const TARGETS: readonly Target[] = [
  {
    name: "linux-amd64",
    npmPackage: "@deno/linux-x64-glibc",
    triple: "x86_64-unknown-linux-gnu",
    uname: "'Linux x86_64'",
    needs: LINUX_NEEDS,
    magic: [ELF, { at: 18, bytes: [0x3e, 0] }],
  },
  {
    name: "linux-arm64",
    npmPackage: "@deno/linux-arm64-glibc",
    triple: "aarch64-unknown-linux-gnu",
    uname: "'Linux aarch64'",
    needs: LINUX_NEEDS,
    magic: [ELF, { at: 18, bytes: [0xb7, 0] }],
  },
  {
    name: "darwin-amd64",
    npmPackage: "@deno/darwin-x64",
    triple: "x86_64-apple-darwin",
    uname: "'Darwin x86_64'",
    needs: "macOS 12 or newer",
    magic: [MACH_O, { at: 4, bytes: [7, 0, 0, 1] }],
  },
  {
    name: "darwin-arm64",
    npmPackage: "@deno/darwin-arm64",
    triple: "aarch64-apple-darwin",
    uname: "'Darwin arm64'",
    needs: "macOS 12 or newer",
    magic: [MACH_O, { at: 4, bytes: [0x0c, 0, 0, 1] }],
  },
];

/** The target of the machine this runs on. @throws Error when it is none of them. */
export function hostTarget(): Target {
  const target = TARGETS.find((candidate) => candidate.triple === Deno.build.target);
  if (target === undefined) throw new Error(`No target for this machine (${Deno.build.target})`);
  return target;
}

/** Whether these are the first bytes of an executable of the target. At least 64 bytes are needed. */
export function isExecutableOf(target: Target, head: Uint8Array): boolean {
  return target.magic.every(({ at, bytes }) =>
    bytes.every((byte, offset) => head[at + offset] === byte)
  );
}
