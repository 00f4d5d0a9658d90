// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.redis.RedisCall;
import dev.pillion.connections.redis.RedisConnection;
import dev.pillion.state.spi.StateValue;
import dev.pillion.state.spi.StoredValue;
import io.lettuce.core.output.ByteArrayOutput;
import io.lettuce.core.protocol.ProtocolKeyword;
import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Dapr's document of RedisJSON: {@code {"data":…,"version":1}}. */
final class JsonDocument {
  private static final JsonFactory JSON = new JsonFactory();

  private static final ProtocolKeyword GET = new ProtocolKeyword() {
    private final byte[] name = "JSON.GET".getBytes(US_ASCII);

    @Override
    public byte[] getBytes() {
      return name;
    }

    @Override
    public String toString() {
      return "JSON.GET";
    }
  };

  private JsonDocument() {}

  static RedisCall<byte[]> get(byte[] key) {
    return RedisCall.of(GET, ByteArrayOutput::new, key);
  }

  /** Whether the server has the JSON module, asked as Dapr asks. */
  static boolean isKnown(RedisConnection connection, Deadline deadline) {
    try {
      connection.call(RedisCall.nodeOf(new byte[0], GET, ByteArrayOutput::new), deadline);
      return true;
    } catch (ComponentException e) {
      if (e.isTransient()) {
        throw e;
      }
      var answer = e.getCause() == null ? null : e.getCause().getMessage();
      return answer == null || !answer.startsWith("ERR unknown command");
    }
  }

  /**
   * The value as the document's member; bytes that are not JSON become base64, as in Dapr. Text
   * that claims to be JSON and is not fails here: inside a script it would fail half way.
   */
  static byte[] value(String key, StateValue value) {
    if (!value.isJson()) {
      return ("\"" + Base64.getEncoder().encodeToString(value.bytes()) + "\"").getBytes(UTF_8);
    }
    try (var parser = JSON.createParser(value.bytes())) {
      if (parser.nextToken() != null) {
        parser.skipChildren();
        parser.finishToken();
        if (parser.nextToken() == null) {
          return value.bytes();
        }
      }
    } catch (IOException e) {
      throw ComponentException.failed(
          "the value for key \"%s\" is marked as JSON and is none".formatted(key), null);
    }
    throw ComponentException.failed(
        "the value for key \"%s\" is marked as JSON and is not one JSON value".formatted(key),
        null);
  }

  static Optional<StoredValue> read(String key, byte @Nullable [] document) {
    if (document == null) {
      return Optional.empty();
    }
    byte[] data = "null".getBytes(US_ASCII);
    var version = "";
    try (var parser = JSON.createParser(document)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw unreadable(key, null);
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        var name = parser.currentName();
        parser.nextToken();
        if (name.equals("version")) {
          version = parser.getText();
        }
        int from = (int) parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
        parser.finishToken();
        if (name.equals("data")) {
          int to = (int) parser.currentLocation().getByteOffset();
          data = Arrays.copyOfRange(document, from, to);
        }
      }
    } catch (IOException e) {
      throw unreadable(key, e);
    }
    return Optional.of(new StoredValue(data, version, null));
  }

  private static ComponentException unreadable(String key, @Nullable Throwable cause) {
    return ComponentException.failed(
        "key \"%s\" holds no document of this store's".formatted(key), cause);
  }
}
