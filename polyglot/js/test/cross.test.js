// SPDX-License-Identifier: Apache-2.0

// What all languages do together over the same stores; see Crossing.java.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { StateConcurrencyEnum } from "@dapr/dapr";
import { Code, client, fails, host } from "./host.js";

const ME = "js";
const FIXTURES = JSON.parse(readFileSync(new URL("../../fixtures.json", import.meta.url), "utf8"));
const { POLYGLOT_STEP: step, POLYGLOT_PEERS: peers, POLYGLOT_PREVIOUS: previous } = process.env;

function textOf({ text, times = 1, base64 }) {
  // The SDK reads every value as text.
  return base64 === undefined ? text.repeat(times) : Buffer.from(base64, "base64").toString();
}

/** The SDK parses what looks like JSON. */
function asRead(fixture) {
  return fixture.json ?? (fixture.name === "number" ? Number(fixture.text) : textOf(fixture));
}

for (const store of step === "leave" ? host.stores : []) {
  for (const fixture of FIXTURES.filter(({ base64 }) => base64 === undefined)) {
    const { name, json, metadata } = fixture;
    test(`leaves ${name} in ${store}`, async () => {
      const value = json ?? textOf(fixture);
      await client.state.save(store, [{ key: `cross-${ME}-${name}`, value, metadata }]);
    });
  }
}

for (const store of step === "take" ? host.stores : []) {
  for (const peer of peers.split(",")) {
    for (const fixture of FIXTURES) {
      if (fixture.base64 !== undefined && peer === ME) {
        continue;
      }
      test(`takes ${fixture.name} of ${peer} from ${store}`, async () => {
        const key = `cross-${peer}-${fixture.name}`;
        assert.deepEqual(await client.state.get(store, key), asRead(fixture));
        const [item] = await client.state.getBulk(store, [key]);
        assert.deepEqual(item.data, asRead(fixture));
        assert.notEqual(item.etag, "");
      });
    }
  }
}

for (const store of step === "relay" ? host.stores : []) {
  test(`relays in ${store}`, async () => {
    const etagNow = async () => (await client.state.getBulk(store, ["relay"]))[0].etag;
    let etag;
    if (previous) {
      assert.equal(await client.state.get(store, "relay"), `from ${previous}`);
      // As bytes it may be the text of a number.
      etag = String(await client.state.get(store, "relay-etag"));
      assert.equal(await etagNow(), etag);
    }
    const options = { concurrency: StateConcurrencyEnum.CONCURRENCY_FIRST_WRITE };
    const save = (value) => client.state.save(store, [{ key: "relay", value, etag, options }]);
    await save(`from ${ME}`);
    await fails(save("too late"), { code: Code.Aborted, reason: "ERR_STATE_SAVE" });
    assert.equal(await client.state.get(store, "relay"), `from ${ME}`);
    await client.state.save(store, [{ key: "relay-etag", value: await etagNow() }]);
  });
}
