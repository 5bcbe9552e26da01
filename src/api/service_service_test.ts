/** ServiceService over a real socket and store. */
import assert from "node:assert/strict";
import { WarrenError } from "../lib/mod.ts";
import type { WatchServiceResponse } from "../rpc/gen/warren/v1/service.ts";
import {
  addNode,
  addTask,
  type ApiFixture,
  getService,
  report,
  wireSpec,
  withApi,
} from "./testing/api_fixture.ts";

async function failure(work: Promise<unknown>): Promise<WarrenError> {
  try {
    await work;
  } catch (error) {
    assert(error instanceof WarrenError, String(error));
    return error;
  }
  throw new Error("it did not fail");
}

Deno.test("createService fills defaults, is found by name, id and start of an id", async () => {
  await withApi(async ({ client }) => {
    const { service } = await client.createService({ spec: wireSpec("web", { replicas: 3 }) });
    assert(service);
    assert.deepEqual([service.desired, service.running, service.revision], [3, 0, 1]);
    assert.equal(service.spec?.mode, "replicated");
    assert.equal(service.spec?.task?.stopTimeoutMs, 10_000);
    assert.equal(service.spec?.update?.parallelism, 1);
    for (const ref of ["web", service.id, service.id.slice(0, 5)]) {
      assert.equal((await client.getService({ ref, stale: false })).service?.id, service.id);
    }
    const missing = await failure(client.getService({ ref: "wbe", stale: false }));
    assert.deepEqual([missing.reason, missing.hint], ["SERVICE_NOT_FOUND", 'did you mean "web"?']);
    const taken = await failure(client.createService({ spec: wireSpec("web") }));
    assert.equal(taken.reason, "SERVICE_NAME_TAKEN");
  });
});

Deno.test("createService reports every fault at once and proposes nothing", async () => {
  await withApi(async ({ client, proposals }) => {
    const spec = wireSpec("Web!", { mode: "replicatd", replicas: 99_999 });
    assert(spec.task);
    spec.task.secrets = [{ name: "nope", target: "", uid: 0, gid: 0, mode: 0 }];
    spec.task.runtime = "dockr";
    const error = await failure(client.createService({ spec }));
    assert.equal(error.reason, "INVALID_SPEC");
    const paths = error.faults?.map(({ path }) => path).sort();
    const expected = ["mode", "mode.replicas", "name", "task.runtime", "task.secrets[0].name"];
    assert.deepEqual(paths, expected);
    assert.equal((await failure(client.createService({ spec: undefined }))).reason, "BAD_REQUEST");
    assert.equal(proposals.length, 0);
  });
});

Deno.test("createService makes the volumes it mounts, in the same change", async () => {
  await withApi(async ({ client, proposals, store }) => {
    const spec = wireSpec("db");
    assert(spec.task);
    const mount = { volume: "data", readOnly: false };
    spec.task.mounts = [{ ...mount, target: "/a" }, { ...mount, target: "/b" }];
    await client.createService({ spec });
    assert.equal(proposals.length, 1);
    assert.equal(store.view.volumeByName("data")?.driver, "local");
    const { volumes } = await client.listVolumes({});
    assert.deepEqual(volumes.map(({ name, usedBy }) => [name, usedBy]), [["data", ["db"]]]);
    assert.equal((await failure(client.removeVolume({ ref: "data" }))).reason, "VOLUME_IN_USE");
  });
});

Deno.test("updateService is optimistic, says what the change means, and keeps the name", async () => {
  await withApi(async ({ client }) => {
    const { service } = await client.createService({ spec: wireSpec("web") });
    assert(service?.spec?.task);
    const { task } = service.spec;
    const update = (ifVersion: number, image: string) =>
      client.updateService({
        ref: "web",
        spec: wireSpec("", { task: { ...task, image } }),
        ifVersion,
      });
    const first = await update(service.version, "nginx:2");
    assert.deepEqual([first.change, first.service?.revision], ["replace", 2]);
    const conflict = await failure(update(service.version, "nginx:3"));
    assert.equal(conflict.reason, "VERSION_CONFLICT");
    assert.equal((await update(0, "nginx:2")).change, "none");
    const renamed = client.updateService({ ref: "web", spec: wireSpec("www"), ifVersion: 0 });
    assert.equal((await failure(renamed)).reason, "INVALID_SPEC");
  });
});

Deno.test("scaleServices changes all or none, and decides anew when it lost a race", async () => {
  await withApi(async (api) => {
    const { client, proposals } = api;
    await client.createService({ spec: wireSpec("a") });
    await client.createService({ spec: wireSpec("b") });
    await client.createService({ spec: wireSpec("g", { mode: "global" }) });
    const count = proposals.length;
    const wrong: Record<string, number>[] = [
      { a: 5, nope: 1 },
      { a: 5, g: 2 },
      { a: 5, b: 99_999 },
      {},
    ];
    for (const bad of wrong) {
      await failure(client.scaleServices({ replicas: bad }));
    }
    assert.equal(proposals.length, count);
    let races = 2;
    api.beforeApply = () => {
      const { id, spec } = getService(api, "a");
      const labels = { race: String(races) };
      if (races-- > 0) api.apply({ kind: "service.update", id, spec: { ...spec, labels } });
    };
    const { services } = await client.scaleServices({ replicas: { a: 4, b: 0 } });
    assert.deepEqual(services.map(({ spec, desired }) => [spec?.name, desired]), [["a", 4], [
      "b",
      0,
    ]]);
    assert.equal(getService(api, "a").spec.labels.race, "1");
    assert.equal(proposals.length, count + 3);
  });
});

Deno.test("rollbackService goes to the previous or a named revision, and says when it cannot", async () => {
  await withApi(async (api) => {
    const { client } = api;
    const { service } = await client.createService({ spec: wireSpec("web") });
    assert(service?.spec?.task);
    assert.equal(
      (await failure(client.rollbackService({ ref: "web", toRevision: 0 }))).reason,
      "NO_REVISION",
    );
    const unknown = await failure(client.rollbackService({ ref: "web", toRevision: 99 }));
    assert.equal(unknown.reason, "REVISION_NOT_FOUND");
    for (const image of ["nginx:2", "nginx:3"]) {
      const spec = wireSpec("web", { task: { ...service.spec.task, image } });
      await client.updateService({ ref: "web", spec, ifVersion: 0 });
    }
    await client.rollbackService({ ref: "web", toRevision: 0 });
    assert.equal(getService(api, "web").spec.task.image, "nginx:2");
    await client.rollbackService({ ref: "web", toRevision: 1 });
    const now = await client.getService({ ref: "web", stale: false });
    assert.equal(now.service?.spec?.task?.image, "nginx:1");
    assert.deepEqual(now.service?.history.map(({ revision }) => revision), [4, 3, 2, 1]);
    const missing = await failure(client.rollbackService({ ref: "web", toRevision: 77 }));
    assert.equal(missing.reason, "REVISION_NOT_FOUND");
  });
});

Deno.test("a repeated createService with one request id makes one service and answers twice", async () => {
  await withApi(async ({ client, store }) => {
    const options = { requestId: "once" };
    const first = await client.createService({ spec: wireSpec("web") }, options);
    const second = await client.createService({ spec: wireSpec("web") }, options);
    assert.equal(second.service?.id, first.service?.id);
    assert.equal(Array.from(store.view.services()).length, 1);
  });
});

Deno.test("listServices shows counts as they change, and what was removed is gone", async () => {
  await withApi(async (api) => {
    const { client } = api;
    await client.createService({ spec: wireSpec("a", { replicas: 2 }) });
    await client.createService({ spec: wireSpec("b") });
    const counts = async () => {
      const { services } = await client.listServices({ stale: false });
      return services.map(({ spec, running, desired }) => `${spec?.name} ${running}/${desired}`);
    };
    assert.deepEqual(await counts(), ["a 0/2", "b 0/1"]);
    const node = addNode(api, "n1");
    const task = addTask(api, getService(api, "a"), 1, node);
    report(api, task, "running");
    assert.deepEqual(await counts(), ["a 1/2", "b 0/1"]);
    await client.removeService({ ref: "a" });
    assert.deepEqual(await counts(), ["b 0/1"]);
  });
});

/** Reads a watch until `until` holds. */
async function watchUntil(
  api: ApiFixture,
  ref: string,
  steps: readonly { readonly until: (message: WatchServiceResponse) => boolean; then(): void }[],
): Promise<readonly WatchServiceResponse[]> {
  const seen: WatchServiceResponse[] = [];
  let at = 0;
  for await (const message of api.client.watchService({ ref })) {
    seen.push(message);
    const step = steps[at];
    if (step?.until(message)) {
      at++;
      step.then();
    }
  }
  assert.equal(at, steps.length);
  return seen;
}

Deno.test("watchService says in plain words what is waited for, until the last task is gone", async () => {
  await withApi(async (api) => {
    await api.client.createService({ spec: wireSpec("web", { replicas: 2 }) });
    const node = addNode(api, "a");
    const service = getService(api, "web");
    const tasks = () => Array.from(api.store.view.tasksOfService(service.id));
    const seen = await watchUntil(api, "web", [
      {
        until: ({ waitingFor }) => waitingFor === "web: 2 tasks still to be created",
        then: () => {
          addTask(api, service, 1, node);
          addTask(api, service, 2, null);
        },
      },
      {
        until: ({ waitingFor }) =>
          waitingFor ===
            "web.1 on node a: waiting for its agent; web.2: no node is suitable: 1 node is full",
        then: () => {
          const [first, second] = tasks();
          assert(first && second);
          report(api, first, "preparing", { message: "pulling image nginx:1" });
          api.apply({ kind: "task.place", id: second.id, nodeId: node.id });
          report(api, second, "failed", { message: "exited with 127", exitCode: 127 });
        },
      },
      {
        until: ({ waitingFor }) =>
          waitingFor === "web.1 on node a: pulling image nginx:1; web.2 failed: exited with 127",
        then: () => {
          const [first, second] = tasks();
          assert(first && second);
          report(api, first, "running");
          api.apply({ kind: "task.desire", id: second.id, desired: "shutdown" });
          report(api, addTask(api, service, 2, node), "running");
        },
      },
      {
        until: ({ settled, service, tasks }) =>
          settled && service?.running === 2 && tasks.length === 3,
        then: () => api.apply({ kind: "service.remove", id: service.id }),
      },
      {
        until: ({ service, settled, waitingFor }) =>
          !service && !settled &&
          waitingFor === "web.1 on node a: stopping; web.2 on node a: stopping",
        then: () => {
          for (const task of tasks()) {
            if (task.status.state === "running") report(api, task, "stopped");
          }
        },
      },
    ]);
    assert.deepEqual([seen.at(-1)?.settled, seen.at(-1)?.waitingFor], [true, ""]);
  });
});

Deno.test("watchService of a removed service waits for its tasks, by id and by name", async () => {
  await withApi(async (api) => {
    const { service } = await api.client.createService({ spec: wireSpec("web") });
    const task = report(api, addTask(api, getService(api, "web"), 1, addNode(api, "a")), "running");
    await api.client.removeService({ ref: "web" });
    const last = async (ref: string) => {
      let message: WatchServiceResponse | undefined;
      for await (message of api.client.watchService({ ref })) {
        assert.equal(message.service, undefined);
        if (!message.settled) report(api, task, "stopped");
      }
      return message?.settled;
    };
    assert.equal(await last(service?.id ?? ""), true);
    assert.equal(await last("web"), true);
    api.apply({ kind: "task.remove", id: task.id });
    assert.equal((await failure(last("web"))).reason, "SERVICE_NOT_FOUND");
  });
});

Deno.test("watchService tells many changes as few messages", async () => {
  await withApi(async (api) => {
    await api.client.createService({ spec: wireSpec("web", { replicas: 50 }) });
    const node = addNode(api, "a");
    const service = getService(api, "web");
    let messages = 0;
    for await (const message of api.client.watchService({ ref: "web" })) {
      messages++;
      if (messages === 1) {
        for (let slot = 1; slot <= 50; slot++) {
          setImmediate(() => report(api, addTask(api, service, slot, node), "running"));
        }
      }
      if (message.settled) break;
    }
    assert(messages <= 10, `${messages} messages for 100 changes`);
  });
});
