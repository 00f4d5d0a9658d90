// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.BuildingBlockException;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.redis.RedisCall;
import dev.pillion.connections.redis.RedisConnection;
import dev.pillion.connections.redis.RedisReply;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateStoreComponent.BulkRead;
import dev.pillion.state.spi.StoredValue;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.output.ByteArrayOutput;
import io.lettuce.core.output.ValueListOutput;
import io.lettuce.core.protocol.CommandType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Values from the server, in each form Dapr writes them. */
final class Reads {
  private static final byte[] DATA = "data".getBytes(US_ASCII);
  private static final byte[] VERSION = "version".getBytes(US_ASCII);

  private final RedisConnection connection;
  private final boolean knowsJson;

  Reads(RedisConnection connection, boolean knowsJson) {
    this.connection = connection;
    this.knowsJson = knowsJson;
  }

  Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline) {
    var name = key.getBytes(UTF_8);
    if (isJson(options)) {
      return JsonDocument.read(key, connection.call(document(name), deadline));
    }
    try {
      return entry(key, connection.call(fields(name), deadline));
    } catch (ComponentException e) {
      if (!isWrongType(e)) {
        throw e;
      }
      return plain(connection.call(string(name), deadline));
    }
  }

  BulkRead getAll(List<String> keys, ReadOptions options, Deadline deadline) {
    return isJson(options) ? documents(keys, deadline) : entries(keys, deadline);
  }

  private BulkRead entries(List<String> keys, Deadline deadline) {
    var calls = new ArrayList<RedisCall<List<byte[]>>>(keys.size());
    keys.forEach(key -> calls.add(fields(key.getBytes(UTF_8))));
    var replies = connection.callAll(calls, deadline);
    var read = new BulkRead(new LinkedHashMap<>(), new LinkedHashMap<>());
    for (int i = 0; i < keys.size(); i++) {
      collect(keys.get(i), replies.get(i), deadline, read);
    }
    return read;
  }

  private void collect(
      String key, RedisReply<List<byte[]>> reply, Deadline deadline, BulkRead read) {
    try {
      var value = reply.failure() != null && isWrongType(reply.failure())
          ? plain(connection.call(string(key.getBytes(UTF_8)), deadline))
          : entry(key, reply.get());
      value.ifPresent(found -> read.found().put(key, found));
    } catch (BuildingBlockException e) {
      read.failures().put(key, e);
    }
  }

  private BulkRead documents(List<String> keys, Deadline deadline) {
    var calls = new ArrayList<RedisCall<byte[]>>(keys.size());
    keys.forEach(key -> calls.add(document(key.getBytes(UTF_8))));
    var replies = connection.callAll(calls, deadline);
    var read = new BulkRead(new LinkedHashMap<>(), new LinkedHashMap<>());
    for (int i = 0; i < keys.size(); i++) {
      var key = keys.get(i);
      try {
        JsonDocument.read(key, replies.get(i).get())
            .ifPresent(found -> read.found().put(key, found));
      } catch (BuildingBlockException e) {
        read.failures().put(key, e);
      }
    }
    return read;
  }

  private boolean isJson(ReadOptions options) {
    return knowsJson && StateChange.JSON.equals(options.metadata().get(StateChange.CONTENT_TYPE));
  }

  private static RedisCall<List<byte[]>> fields(byte[] key) {
    return RedisCall.of(CommandType.HMGET, ValueListOutput::new, key, DATA, VERSION);
  }

  private static RedisCall<byte[]> string(byte[] key) {
    return RedisCall.of(CommandType.GET, ByteArrayOutput::new, key);
  }

  private static RedisCall<byte[]> document(byte[] key) {
    return JsonDocument.get(key);
  }

  private static Optional<StoredValue> entry(String key, @Nullable List<byte[]> fields) {
    byte @Nullable [] data = fields == null ? null : fields.get(0);
    byte @Nullable [] version = fields == null ? null : fields.get(1);
    if (data == null && version == null) {
      return Optional.empty();
    }
    if (data == null || version == null) {
      throw ComponentException.failed(
          "required hash field 'data' or 'version' was not found in key \"%s\"".formatted(key),
          null);
    }
    return Optional.of(new StoredValue(data, new String(version, US_ASCII), null));
  }

  /** A string that something else wrote: Dapr returns it, without an etag. */
  private static Optional<StoredValue> plain(byte @Nullable [] text) {
    return Optional.ofNullable(text).map(bytes -> new StoredValue(bytes, "", null));
  }

  private static boolean isWrongType(BuildingBlockException failure) {
    return failure.getCause() instanceof RedisCommandExecutionException answer
        && String.valueOf(answer.getMessage()).startsWith("WRONGTYPE");
  }
}
