// SPDX-License-Identifier: Apache-2.0
// A program with the app server of Dapr's JavaScript SDK over HTTP: what HttpApps calls. Run in polyglot/js, where the SDK is installed.
import { createRequire } from "node:module";

const { CommunicationProtocolEnum, DaprServer, HttpMethod } = createRequire(process.cwd() + "/")("@dapr/dapr");

const server = new DaprServer({
  serverHost: "127.0.0.1",
  serverPort: process.env.APP_PORT,
  communicationProtocol: CommunicationProtocolEnum.HTTP,
  // The server's client looks for a sidecar: the facade of the runtime that calls this program.
  clientOptions: {
    daprHost: "127.0.0.1",
    daprPort: process.env.DAPR_GRPC_PORT,
    communicationProtocol: CommunicationProtocolEnum.GRPC,
  },
});
const post = { method: HttpMethod.POST };
await server.invoker.listen("echo", async (request) => JSON.parse(request.body), post);
await server.invoker.listen("hang", () => new Promise(() => {}), post);
await server.invoker.listen("healthz", async () => ({ well: true }), { method: HttpMethod.GET });
await server.start();
