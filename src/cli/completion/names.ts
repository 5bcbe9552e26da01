/**
 * Names of things in the cluster, for completion. Whatever goes wrong, the answer is no names: the key was
 * pressed in the middle of typing, and nobody wants to read an error there.
 */
import { connectClient } from "../connect.ts";
import type { CliIo } from "../io.ts";
import { taskName } from "../output/task_text.ts";
import type { NameKind } from "../tree/flag.ts";
import type { Candidate } from "./engine.ts";

/** Time for the cluster's answer; the start of the program takes the rest of 200 ms. */
const DEADLINE_MS = 120;

type Client = Awaited<ReturnType<typeof connectClient>>;

/** Names of `kind`; the words typed may say which cluster. Never throws. */
export async function namesInCluster(
  kind: NameKind,
  words: readonly string[],
  io: CliIo,
): Promise<readonly Candidate[]> {
  try {
    const client = await connectClient({ host: hostIn(words, io), timeoutMs: DEADLINE_MS });
    const late = Promise.withResolvers<readonly Candidate[]>();
    const cancel = io.clock.after(DEADLINE_MS, () => late.resolve([]));
    try {
      return await Promise.race([ASK[kind](client), late.promise]);
    } finally {
      cancel();
      client.close();
    }
  } catch {
    // No cluster, or not allowed to ask: there are no names to offer.
    return [];
  }
}

/** The manager that the words name, or the environment. */
function hostIn(words: readonly string[], io: CliIo): string | undefined {
  for (const [at, word] of words.entries()) {
    const attached = /^--(?:host|manager)=(.+)$/s.exec(word);
    if (attached !== null) return attached[1];
    if (word === "--host" || word === "--manager") return words[at + 1];
  }
  return io.env("WARREN_HOST") || io.env("WARREN_MANAGER") || undefined;
}

type Ask = (client: Client) => Promise<readonly Candidate[]>;

const services: Ask = async (client) => {
  const { services } = await client.listServices({ stale: true });
  return services.map(({ spec, running, desired }) => ({
    text: spec?.name ?? "",
    about: `${spec?.task?.image ?? ""} ${running}/${desired}`,
  }));
};

const tasks: Ask = async (client) => {
  const { tasks } = await client.listTasks({ service: "", node: "", all: false, stale: true });
  return tasks.map((task) => ({
    text: taskName(task),
    about: task.nodeName === "" ? task.state : `${task.state} on ${task.nodeName}`,
  }));
};

const none: Ask = () => Promise.resolve([]);

const ASK: Readonly<Record<NameKind, Ask>> = {
  service: services,
  task: tasks,
  "service-or-task": async (client) => {
    const both = await Promise.all([services(client), tasks(client)]);
    return both.flat();
  },
  node: async (client) => {
    const { nodes } = await client.listNodes({ stale: true });
    return nodes.map(({ name, role, status }) => ({ text: name, about: `${role}, ${status}` }));
  },
  secret: async (client) => {
    const { secrets } = await client.listSecrets({ stale: true });
    return secrets.map(({ name, sizeBytes }) => ({
      text: name,
      about: `secret, ${sizeBytes} bytes`,
    }));
  },
  config: async (client) => {
    const { configs } = await client.listConfigs({ stale: true });
    return configs.map(({ name, sizeBytes }) => ({
      text: name,
      about: `config, ${sizeBytes} bytes`,
    }));
  },
  volume: async (client) => {
    const { volumes } = await client.listVolumes({ stale: true });
    return volumes.map(({ name, driver }) => ({ text: name, about: `volume, ${driver}` }));
  },
  file: none,
  directory: none,
};
