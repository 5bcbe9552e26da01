/**
 * The container engine as tests need it: an image made on the spot, and what Warren left there.
 *
 * Uses the engine's own command line, so that Warren's client is not judged by itself.
 */

/** Tag of the image that tests run: busybox and nothing else. */
const IMAGE = "warren-test/busybox:1";

/** Runs `docker` to its end and returns its output. @throws Error with what it said */
export async function docker(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("docker", {
    args: [...args],
    stdin: "null",
  }).output();
  if (code === 0) return new TextDecoder().decode(stdout).trim();
  throw new Error(`docker ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** Makes the test image from the host's static busybox unless the engine has it. */
export async function testImage(): Promise<string> {
  if (await docker("image", "ls", "-q", IMAGE) !== "") return IMAGE;
  const root = await Deno.makeTempDir({ prefix: "warren-image-" });
  try {
    await Deno.mkdir(`${root}/bin`);
    await Deno.mkdir(`${root}/tmp`, { mode: 0o777 });
    await Deno.copyFile("/bin/busybox", `${root}/bin/busybox`);
    for (
      const name of ["sh", "sleep", "cat", "echo", "ls", "httpd", "wget", "false", "true", "id"]
    ) {
      await Deno.symlink("busybox", `${root}/bin/${name}`);
    }
    const script = 'tar -C "$1" -c . | docker import - "$2"';
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", script, "sh", root, IMAGE],
    }).output();
    if (code !== 0) throw new Error(`docker import: ${new TextDecoder().decode(stderr)}`);
    return IMAGE;
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Full ids of every container, running or not, of a cluster. */
export async function containersOf(clusterId: string): Promise<string[]> {
  const filter = `label=io.warren.cluster=${clusterId}`;
  const ids = await docker("ps", "-a", "-q", "--no-trunc", "--filter", filter);
  return ids.split("\n").filter((id) => id !== "");
}

/** Removes whatever containers of a cluster are left. */
export async function removeLabelled(clusterId: string): Promise<void> {
  for (const id of await containersOf(clusterId)) await docker("rm", "-f", id);
}
