// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, PLAIN_STORE, client, clientOn, eventually, fails, host } from "./host.js";

/** Each state operation that the SDK has. */
const CALLS = {
  save: ({ state }, store, key) => state.save(store, [{ key, value: "v" }]),
  "bulk save": ({ state }, store, key) => state.save(store, [{ key: "fine", value: "v" }, { key, value: "v" }]),
  get: ({ state }, store, key) => state.get(store, key),
  "bulk get": ({ state }, store, key) => state.getBulk(store, ["fine", key]),
  delete: ({ state }, store, key) => state.delete(store, key),
  transaction: ({ state }, store, key) => state.transaction(store, [{ operation: "upsert", request: { key, value: "v" } }]),
  query: ({ state }, store) => state.query(store, { filter: {} }),
};

for (const [name, call] of Object.entries(CALLS)) {
  test(`an unknown store: ${name}`, () =>
    fails(call(client, "nowhere", "k"), {
      code: Code.InvalidArgument,
      reason: "DAPR_STATE_NOT_FOUND",
      message: "state store nowhere is not found",
    }));

  test(`no store at all: ${name}`, () =>
    fails(call(clientOn(host.barePort), "memory", "k"), {
      code: Code.FailedPrecondition,
      reason: "DAPR_STATE_NOT_CONFIGURED",
      message: "state store memory is not configured",
    }));

  if (name !== "query") {
    test(`an illegal key: ${name}`, () =>
      fails(call(client, "memory", "a||b"), {
        code: Code.InvalidArgument,
        reason: "DAPR_STATE_ILLEGAL_KEY",
        message: "input key/keyPrefix 'a||b' can't contain '||'",
        resource: "state/memory",
        field: "a||b",
      }));
  }
}

test("an empty key", () =>
  fails(CALLS.save(client, "memory", ""), {
    code: Code.InvalidArgument,
    reason: "ERR_STATE_SAVE",
    message: "state key cannot be empty",
  }));

test("a store without transactions", () =>
  fails(CALLS.transaction(client, PLAIN_STORE, "k"), {
    code: Code.Unimplemented,
    reason: "DAPR_STATE_TRANSACTIONS_NOT_SUPPORTED",
    message: "state store plain doesn't support transactions",
    resource: "state/plain",
    help: "https://docs.dapr.io/reference/components-reference/supported-state-stores/",
  }));

test("a message that is too large", () =>
  fails(clientOn(host.port, { maxBodySizeMb: 16 }).state.save("memory", [{ key: "large", value: "x".repeat(5 << 20) }]), {
    code: Code.ResourceExhausted,
  }));

test("the other blocks are not implemented", async () => {
  await fails(client.secret.get("secrets", "key"), { code: Code.Unimplemented });
  await fails(client.lock.lock("locks", "resource", "owner", 10), { code: Code.Unimplemented });
});

test("metadata", async () => {
  const metadata = await client.metadata.get();
  assert.equal(metadata.id, "polyglot");
  assert.notEqual(metadata.extended.daprRuntimeVersion ?? "", "");
  assert.deepEqual(metadata.actors, []);
  assert.deepEqual(metadata.components.map((c) => c.name).sort(), [...host.stores, PLAIN_STORE, "pubsub"].sort());
  for (const { name, type, capabilities } of metadata.components.filter((c) => c.name !== "pubsub")) {
    assert.match(type, /^state\./);
    assert.equal(capabilities.includes("TRANSACTIONAL"), name !== PLAIN_STORE, name);
  }
});

test("sets metadata", async () => {
  for (const value of ["1", "2", ""]) {
    assert.equal(await client.metadata.set("js-noted", value), true);
    assert.equal((await client.metadata.get()).extended["js-noted"], value);
  }
});

test("is healthy, and started", async () => {
  const fresh = clientOn(host.port);
  assert.equal(fresh.getIsInitialized(), false);
  await fresh.start();
  assert.equal(fresh.getIsInitialized(), true);
  assert.equal(await fresh.health.isHealthy(), true);
  await fresh.stop();
});

for (const [what, daprApiToken, detail] of [
  ["no token", undefined, "missing api token in request metadata"],
  ["a wrong token", "another", "authentication error: api token mismatch"],
]) {
  test(`${what} is refused`, async () => {
    const refused = clientOn(host.tokenPort, { daprApiToken });
    // Else the SDK asks for metadata for half a minute before the first call.
    refused.daprClient.setIsInitialized(true);
    assert.equal(await refused.health.isHealthy(), false);
    await fails(refused.state.get("memory", "k"), {
      code: Code.Unauthenticated,
      reason: "Unauthorized",
      message: "Unauthorized",
      metadata: { "http.code": "401", "http.error_message": detail },
    });
  });
}

test("the right token is taken", async () => {
  const allowed = clientOn(host.tokenPort, { daprApiToken: host.token });
  assert.equal(await allowed.state.get("memory", "k"), "");
});

test("a token is ignored where none is asked for", async () => {
  assert.equal(await clientOn(host.port, { daprApiToken: "whatever" }).health.isHealthy(), true);
});

test("shutdown", async () => {
  const mortal = clientOn(host.shutdownPorts.js);
  await mortal.state.save("memory", [{ key: "k", value: "v" }]);
  await mortal.sidecar.shutdown();
  await eventually("the facade is gone", async () => !(await mortal.health.isHealthy()));
  await fails(mortal.state.get("memory", "k"), { code: Code.Unavailable });
});
