// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { StateConcurrencyEnum as Concurrency, StateConsistencyEnum as Consistency } from "@dapr/dapr";
import { Code, client, eventually, fails, onEachStore } from "./host.js";

const FIRST_WRITE = { concurrency: Concurrency.CONCURRENCY_FIRST_WRITE };
const LAST_WRITE = { concurrency: Concurrency.CONCURRENCY_LAST_WRITE };
const AS_JSON = { contentType: "application/json" };

onEachStore("saves and reads values of each kind", async (store) => {
  const values = {
    text: "Grüße, 世界 🌍",
    spaces: " \t\n",
    number: 42.5,
    truth: false,
    nothing: null,
    order: { lines: [{ count: 2, item: "<book>" }], paid: true, total: 990 },
    list: [1, "a", null],
    large: "0123456789abcdef".repeat(3 << 16),
  };
  for (const [name, value] of Object.entries(values)) {
    await store.save(name, value);
    await store.has(name, value);
  }
});

onEachStore("knows an empty value by its etag", async (store) => {
  await store.save("empty", "");
  await store.has("empty", "");
});

onEachStore("reads a missing key as nothing", (store) => store.lacks("nothing"));

onEachStore("reads with each consistency", async (store) => {
  await store.save("k", "v");
  for (const consistency of [0, 1, 2]) {
    assert.equal(await store.get("k", { consistency }), "v");
  }
});

onEachStore("saves with each pair of options", async (store) => {
  for (const concurrency of [0, 1, 2]) {
    for (const consistency of [0, 1, 2]) {
      const name = `${concurrency}-${consistency}`;
      const options = { concurrency, consistency };
      await store.save(name, "1", { options });
      if (concurrency === Concurrency.CONCURRENCY_FIRST_WRITE) {
        await fails(store.save(name, "2", { options }), { code: Code.Aborted, reason: "ERR_STATE_SAVE" });
        await store.has(name, 1);
      } else {
        await store.save(name, "2", { options });
        await store.has(name, 2);
      }
    }
  }
});

onEachStore("saves under an etag", async (store) => {
  const mismatch = { code: Code.Aborted, reason: "ERR_STATE_SAVE" };
  await store.save("k", "one");
  const first = await store.etag("k");
  await store.save("k", "two", { etag: first });
  assert.notEqual(await store.etag("k"), first);
  await fails(store.save("k", "three", { etag: first }), mismatch);
  await fails(store.save("k", "three", { etag: first, options: FIRST_WRITE }), mismatch);
  await store.has("k", "two");
  await store.save("k", "four", { etag: first, options: LAST_WRITE });
  await store.has("k", "four");
  await fails(store.save("missing", "v", { etag: first }), mismatch);
  await store.lacks("missing");
});

onEachStore("refuses an etag that is none", async (store) => {
  await store.save("k", "v");
  const code = store.numbersItsEtags ? Code.InvalidArgument : Code.Aborted;
  await fails(store.save("k", "w", { etag: "no etag at all" }), { code, reason: "ERR_STATE_SAVE" });
  await store.has("k", "v");
});

onEachStore("saves for a time", async (store) => {
  await store.save("short", "v", { metadata: { ttlInSeconds: "1" } });
  await store.has("short", "v");
  await client.state.save(store.name, [{ key: store.key("both"), value: "v" }], { metadata: { ttlInSeconds: "1" } });
  await store.save("kept", "v", { metadata: { ttlInSeconds: "1" } });
  await store.save("kept", "w");
  await eventually("both are gone", async () => {
    return (await store.get("short")) === "" && (await store.get("both")) === "";
  });
  await store.lacks("short");
  await store.has("kept", "w");
  await fails(store.save("bad", "v", { metadata: { ttlInSeconds: "soon" } }), {
    code: Code.InvalidArgument,
    reason: "ERR_STATE_SAVE",
  });
  await store.lacks("bad");
});

onEachStore("saves as JSON what is marked so", async (store) => {
  await store.save("order", { b: [1, 2.5], a: null }, { metadata: AS_JSON });
  await store.has("order", { a: null, b: [1, 2.5] });
  await fails(store.save("bad", "{", { metadata: AS_JSON }), { code: Code.Unknown });
  await store.lacks("bad");
});

onEachStore("saves many, each by itself", async (store) => {
  await store.save("b", "old");
  const etag = await store.etag("b");
  const item = (name, value, more = {}) => ({ key: store.key(name), value, ...more });
  await client.state.save(store.name, [item("a", "one"), item("b", "two", { etag }), item("c", { three: 3 })]);
  await store.has("a", "one");
  await store.has("b", "two");
  await store.has("c", { three: 3 });
  await fails(client.state.save(store.name, [item("a", "four"), item("b", "five", { etag })]), {
    code: Code.Aborted,
    reason: "ERR_STATE_SAVE",
  });
  await store.has("a", "four");
  await store.has("b", "two");
  assert.deepEqual(await client.state.save(store.name, []), {});
});

onEachStore("reads many", async (store) => {
  await store.save("a", { one: 1 });
  await store.save("b", "two");
  const keys = ["b", "missing", "a"].map((name) => store.key(name));
  for (const options of [{}, { parallelism: 0 }, { parallelism: 1 }, { parallelism: 100, metadata: { any: "thing" } }]) {
    const items = await client.state.getBulk(store.name, keys, options);
    const found = Object.fromEntries(items.map((item) => [item.key, item]));
    assert.equal(items.length, 3);
    assert.deepEqual(found[store.key("a")].data, { one: 1 });
    assert.deepEqual(found[store.key("b")].data, "two");
    assert.notEqual(found[store.key("a")].etag, "");
    assert.deepEqual([found[store.key("missing")].data, found[store.key("missing")].etag], ["", ""]);
  }
});

onEachStore("deletes", async (store) => {
  await store.save("k", "v");
  assert.deepEqual(await client.state.delete(store.name, store.key("k")), {});
  await store.lacks("k");
  await client.state.delete(store.name, store.key("k"));
});

onEachStore("deletes under an etag", async (store) => {
  const remove = (etag, options = {}) => client.state.delete(store.name, store.key("k"), { etag, ...options });
  const mismatch = { code: Code.Aborted, reason: "ERR_STATE_DELETE" };
  await store.save("k", "one");
  const first = await store.etag("k");
  await store.save("k", "two");
  await fails(remove(first), mismatch);
  await fails(remove(first, { ...FIRST_WRITE, consistency: Consistency.CONSISTENCY_STRONG }), mismatch);
  await store.has("k", "two");
  await remove(await store.etag("k"));
  await store.lacks("k");
  await fails(remove(first), mismatch);
  await store.save("k", "three");
  await remove(first, LAST_WRITE);
  await store.lacks("k");
});

onEachStore("changes many keys, all or none", async (store) => {
  const upsert = (name, value, more = {}) => ({
    operation: "upsert",
    request: { key: store.key(name), value, ...more },
  });
  const remove = (name, more = {}) => ({ operation: "delete", request: { key: store.key(name), ...more } });
  const run = (operations, metadata) => client.state.transaction(store.name, operations, metadata);
  await store.save("a", "one");
  await store.save("b", "one");
  const stale = await store.etag("a");
  await run([upsert("a", "two", { etag: stale }), remove("b"), upsert("c", "two")]);
  await store.has("a", "two");
  await store.lacks("b");
  await store.has("c", "two");

  const failed = { code: Code.Internal, reason: "ERR_STATE_TRANSACTION" };
  await fails(run([upsert("c", "three"), upsert("a", "three", { etag: stale, options: FIRST_WRITE })]), failed);
  await fails(run([upsert("c", "three"), remove("a", { etag: stale })]), failed);
  await store.has("a", "two");
  await store.has("c", "two");

  await run([upsert("j", '{"a": 1}')], AS_JSON);
  await store.has("j", { a: 1 });
  await run([]);
  await fails(run([{ operation: "increment", request: { key: store.key("a") } }]), {
    code: Code.Unimplemented,
    reason: "ERR_NOT_SUPPORTED_STATE_OPERATION",
    message: "operation type increment not supported",
  });
});

onEachStore("can't be queried", async (store) => {
  const query = { filter: { EQ: { a: "b" } }, sort: [{ key: "a" }], page: { limit: 10 } };
  await fails(client.state.query(store.name, query), {
    code: Code.Internal,
    reason: "DAPR_STATE_QUERYING_NOT_SUPPORTED",
    message: "state store does not support querying",
    resource: `state/${store.name}`,
  });
});
