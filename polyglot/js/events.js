// SPDX-License-Identifier: Apache-2.0
// Has events with a runtime through the unmodified Dapr SDK for JavaScript: its app server, over "grpc" or "http"; it publishes over gRPC.
import { CommunicationProtocolEnum, DaprClient, DaprPubSubStatusEnum, DaprServer } from "@dapr/dapr";

const clientOptions = {
  daprHost: "127.0.0.1",
  daprPort: process.env.DAPR_GRPC_PORT,
  communicationProtocol: CommunicationProtocolEnum.GRPC,
};
const client = new DaprClient(clientOptions);
const server = new DaprServer({
  serverHost: "127.0.0.1",
  serverPort: process.env.APP_PORT,
  communicationProtocol: process.argv[2] === "grpc" ? CommunicationProtocolEnum.GRPC : CommunicationProtocolEnum.HTTP,
  clientOptions,
});
const retried = new Set();

await server.pubsub.subscribe("pubsub", "orders", async ({ do: what, ...order }) => {
  if (what === "text") {
    await client.pubsub.publish("pubsub", "texts", "grüße", { contentType: "text/plain" });
  } else if (what === "bulk") {
    await client.pubsub.publishBulk(
      "pubsub",
      "seen",
      [1, 2].map((part) => ({ entryID: `${part}`, event: { n: order.n, part }, contentType: "application/json" })),
    );
  } else {
    await client.pubsub.publish("pubsub", "seen", order);
  }
  if (what === "drop") {
    return DaprPubSubStatusEnum.DROP;
  }
  if (what === "retry" && !retried.has(order.n)) {
    retried.add(order.n);
    return DaprPubSubStatusEnum.RETRY;
  }
  return DaprPubSubStatusEnum.SUCCESS;
});
await server.start();
