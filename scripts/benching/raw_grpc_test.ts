import assert from "node:assert/strict";
import { noMetrics, realClock, silentLog, WarrenError } from "../../src/lib/mod.ts";
import { createRpcServer, formatAddress, serve } from "../../src/rpc/mod.ts";
import { ConfigServiceService } from "../../src/rpc/gen/warren/v1/resource.ts";
import { CreateConfigRequest } from "../../src/rpc/gen/warren/v1/resource.ts";
import { RawGrpc } from "./raw_grpc.ts";

const PATH = "/warren.v1.ConfigService/CreateConfig";

Deno.test("RawGrpc makes many calls at a time, and tells answers from errors", async () => {
  await using server = createRpcServer({ log: silentLog, clock: realClock, metrics: noMetrics });
  const names: string[] = [];
  server.addService(serve(ConfigServiceService, {
    createConfig: ({ name }) => {
      if (name === "taken") throw new WarrenError("CONFIG_NAME_TAKEN", "it is taken");
      names.push(name);
      return {
        config: {
          ...{ id: name, name, labels: {}, sizeBytes: 0, revision: 1, version: 1 },
          ...{ createdMs: 0, updatedMs: 0, data: Buffer.alloc(0) },
        },
      };
    },
    getConfig: () => ({ config: undefined, usedBy: [] }),
    listConfigs: () => ({ configs: [] }),
    removeConfig: () => ({ id: "" }),
  }));
  const bound = await server.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
  const grpc = await RawGrpc.open(formatAddress(bound), PATH);
  const data = Buffer.alloc(2_000);
  const request = (name: string) => CreateConfigRequest.encode({ name, data, labels: {} }).finish();
  // More than a connection's first window holds.
  const wanted = Array.from({ length: 200 }, (_, index) => `config-${index}`);
  await Promise.all(wanted.map((name) => grpc.call(request(name))));
  assert.deepEqual(names.toSorted(), wanted.toSorted());
  await assert.rejects(grpc.call(request("taken")), /answered with an error/);
  await grpc.close();
  await assert.rejects(grpc.call(request("later")), /closed/);
});
