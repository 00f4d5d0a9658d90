// SPDX-License-Identifier: Apache-2.0
// A program that a runtime reaches over its app channel: the unmodified app server of the Dapr SDK for JavaScript, on the port it is given.
import { CommunicationProtocolEnum, DaprServer, HttpMethod } from "@dapr/dapr";
import { setTimeout } from "node:timers/promises";

const [serverPort, daprPort] = process.argv.slice(2);
const server = new DaprServer({
  serverHost: "127.0.0.1",
  serverPort,
  communicationProtocol: CommunicationProtocolEnum.GRPC,
  clientOptions: { daprHost: "127.0.0.1", daprPort },
});

const handlers = {
  echo: async ({ body }) => body,
  fail: async () => {
    throw new Error("no order 42");
  },
  slow: async () => {
    await setTimeout(300);
    return "slow";
  },
  hang: () => new Promise(() => {}),
};
for (const [method, handler] of Object.entries(handlers)) {
  await server.invoker.listen(method, handler, { method: HttpMethod.POST });
}
await server.invoker.listen("headers", async ({ query }) => `PUT ${query}`, { method: HttpMethod.PUT });
await server.start();
