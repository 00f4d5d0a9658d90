// SPDX-License-Identifier: Apache-2.0
// Calls other apps through a facade by the unmodified client of the Dapr SDK for JavaScript, over gRPC: those that INVOKE_TARGETS names, as
// InvocationPeers says. The last line is "N passed, N failed".
import assert from "node:assert/strict";
import { CommunicationProtocolEnum, DaprClient, HttpMethod } from "@dapr/dapr";

const Code = { Unknown: 2, NotFound: 5, Internal: 13 };
const client = new DaprClient({
  daprHost: "127.0.0.1",
  daprPort: process.env.DAPR_GRPC_PORT,
  communicationProtocol: CommunicationProtocolEnum.GRPC,
});
let passed = 0;
let failed = 0;

async function check(name, body) {
  try {
    await body();
    passed++;
  } catch (error) {
    failed++;
    console.log(`failed: ${name}: ${error}`);
  }
}

async function echo(id) {
  const sent = { n: 1, text: "grüße" };
  const answer = await client.invoker.invoke(id, "echo", HttpMethod.POST, sent);
  // One SDK's handlers answer with JSON alone: the body is text to it.
  assert.deepEqual(typeof answer === "string" ? JSON.parse(answer) : answer, sent);
}

const fails = (id, method, code, text) =>
  assert.rejects(client.invoker.invoke(id, method, HttpMethod.POST, {}), (error) => {
    if (code !== undefined) {
      assert.equal(error.code, code);
    }
    assert.ok(error.message.includes(text), error.message);
    return true;
  });

for (const target of process.env.INVOKE_TARGETS.split(",")) {
  const [id, kind] = target.split(":");
  await check(`${id} answers`, () => echo(id));
  if (kind === "http" || kind === "java") {
    await check(`${id} has no such method`, () => fails(id, "nowhere", Code.NotFound, "Not Found"));
    await check(`${id} fails`, () => fails(id, "fail", Code.Unknown, "Internal Server Error"));
  } else if (kind === "absent") {
    await check(`${id} has no such method`, () => fails(id, "nowhere", Code.NotFound, "Not Found"));
  } else if (kind === "codes") {
    await check(`${id} has no such order`, () => fails(id, "missing", Code.NotFound, "no order 42"));
    await check(`${id} fails`, () => fails(id, "fail", Code.Unknown, "no order 42"));
  } else {
    await check(`${id} fails`, () => fails(id, "fail", kind === "texts" ? Code.Unknown : undefined, kind === "texts" ? "no order 42" : ""));
  }
}
await check("nobody answers", () => fails("nobody", "echo", Code.Internal, "failed to invoke, id: nobody, err: no app"));
console.log(`${passed} passed, ${failed} failed`);
process.exit();
