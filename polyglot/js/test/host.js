// SPDX-License-Identifier: Apache-2.0

// The host, a client of it, and what a caller sees of a failed call.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { create, createFileRegistry } from "@bufbuild/protobuf";
import { FieldDescriptorProtoSchema, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { CommunicationProtocolEnum, DaprClient } from "@dapr/dapr";

if (!process.env.POLYGLOT_HOST) {
  throw new Error("POLYGLOT_HOST is not the host's line: start these tests by polyglot/run");
}

/** The line that the host prints. */
export const host = JSON.parse(process.env.POLYGLOT_HOST);

export const PLAIN_STORE = "plain";

/** gRPC's codes, as the SDK's errors carry them. */
export const Code = {
  Unknown: 2,
  InvalidArgument: 3,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  Unauthenticated: 16,
};

const quiet = { level: 0, service: { error() {}, warn() {}, info() {}, verbose() {}, debug() {} } };

export function clientOn(port, options = {}) {
  return new DaprClient({
    daprHost: "127.0.0.1",
    daprPort: String(port),
    communicationProtocol: CommunicationProtocolEnum.GRPC,
    logger: quiet,
    ...options,
  });
}

export const client = clientOn(host.port);

/** Runs a test once for each store; its keys are nobody else's. */
export function onEachStore(name, body) {
  for (const store of host.stores) {
    test(`${name}: ${store}`, () => body(new Store(store)));
  }
}

export class Store {
  constructor(name) {
    this.name = name;
    this.prefix = `js-${randomBytes(4).toString("hex")}-`;
    // An etag that is no number is malformed there.
    this.numbersItsEtags = ["redis", "postgres-v1"].includes(name);
  }

  key(name) {
    return this.prefix + name;
  }

  async save(name, value, more = {}) {
    await client.state.save(this.name, [{ key: this.key(name), value, ...more }]);
  }

  get(name, options) {
    return client.state.get(this.name, this.key(name), options);
  }

  /** The SDK tells an etag in bulk alone. */
  async etag(name) {
    const [item] = await client.state.getBulk(this.name, [this.key(name)]);
    return item.etag;
  }

  async has(name, value) {
    assert.deepEqual(await this.get(name), value);
    assert.notEqual(await this.etag(name), "");
  }

  /** The SDK reads a missing key as an empty text. */
  async lacks(name) {
    assert.equal(await this.get(name), "");
    assert.equal(await this.etag(name), "");
  }
}

// The SDK brings no types for the details of an error, so here are those that Dapr sends.
const { LABEL_OPTIONAL: ONE, LABEL_REPEATED: MANY } = { LABEL_OPTIONAL: 1, LABEL_REPEATED: 3 };
const STRING = 9;
const MESSAGE = 11;

function field(name, number, typeName = "", label = ONE) {
  return create(FieldDescriptorProtoSchema, {
    name,
    number,
    label,
    type: typeName ? MESSAGE : STRING,
    typeName: typeName ? `.google.rpc.${typeName}` : undefined,
  });
}

const details = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: "google/rpc/error_details.proto",
    package: "google.rpc",
    syntax: "proto3",
    messageType: [
      {
        name: "ErrorInfo",
        field: [field("reason", 1), field("domain", 2), field("metadata", 3, "ErrorInfo.MetadataEntry", MANY)],
        nestedType: [{ name: "MetadataEntry", field: [field("key", 1), field("value", 2)], options: { mapEntry: true } }],
      },
      { name: "ResourceInfo", field: [field("resource_type", 1), field("resource_name", 2)] },
      { name: "Help", field: [field("links", 1, "Link", MANY)] },
      { name: "Link", field: [field("description", 1), field("url", 2)] },
      { name: "BadRequest", field: [field("field_violations", 1, "FieldViolation", MANY)] },
      { name: "FieldViolation", field: [field("field", 1), field("description", 2)] },
    ],
  }),
  () => undefined,
);

function detail(error, type) {
  return error.findDetails(details.getMessage(`google.rpc.${type}`))[0];
}

/** Checks how a call fails: every detail that is not named here must be missing. */
export async function fails(call, { code, reason, message, resource, help, field, metadata }) {
  const error = await call.then(
    () => assert.fail("the call did not fail"),
    (e) => e,
  );
  assert.equal(error.code, code, String(error));
  if (message !== undefined) {
    assert.equal(error.rawMessage, message);
  }
  const info = detail(error, "ErrorInfo");
  assert.equal(info?.reason, reason);
  if (info) {
    assert.equal(info.domain, "dapr.io");
  }
  if (metadata) {
    assert.deepEqual({ ...info.metadata }, metadata);
  }
  const place = detail(error, "ResourceInfo");
  assert.equal(place && `${place.resourceType}/${place.resourceName}`, resource);
  assert.equal(detail(error, "Help")?.links[0].url, help);
  assert.equal(detail(error, "BadRequest")?.fieldViolations[0].field, field);
}

/** Waits until a condition holds. */
export async function eventually(what, condition) {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `after ten seconds not yet: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
