// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.pillion.pubsub.spi.Message;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The events of an outbox, byte for byte as Dapr writes them. Thread-safe. */
final class OutboxEnvelope {
  private static final String ID = "id";
  private static final String CONTENT_TYPE = "datacontenttype";

  /** About what the attributes take. */
  private static final int ATTRIBUTES = 500;

  private final String appId;
  private final String pubsub;
  private final Stamps stamps;

  OutboxEnvelope(String appId, String pubsub, Stamps stamps) {
    this.appId = appId;
    this.pubsub = pubsub;
    this.stamps = stamps;
  }

  /** The event for the internal topic, in a fresh array. */
  byte[] write(
      String id,
      byte[] data,
      String contentType,
      Map<String, String> metadata,
      String traceparent,
      String tracestate) {
    var type = contentType.isEmpty() ? "text/plain" : contentType;
    var members = new TreeMap<String, byte[]>(Utf8.BYTE_ORDER);
    members.put("datacontenttype", json(type));
    members.put("pubsubname", json(pubsub));
    members.put("source", json(appId));
    members.put("specversion", json(Envelope.VERSION));
    members.put("time", json(stamps.now()));
    members.put("topic", json(""));
    members.put("traceid", json(traceparent));
    members.put("traceparent", json(""));
    members.put("tracestate", json(tracestate));
    members.put("type", json(Envelope.TYPE));
    putData(members, data, type);
    metadata.forEach((name, value) -> {
      if (!name.equals(ReceivedEvent.DATA)) {
        members.put(name, json(value));
      }
    });
    members.put(ID, json(id));
    return object(members, data.length);
  }

  private static void putData(SortedMap<String, byte[]> members, byte[] data, String type) {
    var out = new JsonBytes(data.length + ATTRIBUTES);
    Envelope.data(data, type, out);
    int colon = 0;
    var member = out.toByteArray();
    while (member[colon] != ':') {
      colon++;
    }
    members.put(
        new String(member, 1, colon - 2, StandardCharsets.US_ASCII),
        out.copyOfRange(colon + 1, out.length()));
  }

  private static byte[] object(SortedMap<String, byte[]> members, int dataLength) {
    var out = new JsonBytes(dataLength + ATTRIBUTES).raw('{');
    members.forEach((name, value) -> out.string(name).raw(':').raw(value).raw(','));
    out.cutTo(out.length() - 1);
    return out.raw('}').toByteArray();
  }

  private static byte[] json(String text) {
    return new JsonBytes(text.length() + 2).string(text).toByteArray();
  }

  /** An event on the internal topic. */
  static final class Waiting {
    private final SortedMap<String, byte[]> members;
    private final int length;
    private final String marker;

    private Waiting(SortedMap<String, byte[]> members, int length, String marker) {
      this.members = members;
      this.length = length;
      this.marker = marker;
    }

    /**
     * Reads the event.
     *
     * @throws MalformedEventException when the message is no JSON object, or has no id
     */
    static Waiting read(Message message) {
      try {
        var members = SortedJson.members(message.data());
        var marker = text(members.get(ID));
        if (marker == null || marker.isEmpty()) {
          throw new IOException("has no id");
        }
        return new Waiting(members, message.data().length, marker);
      } catch (IOException e) {
        throw MalformedEventException.received(MalformedEventException.reason(e));
      }
    }

    /** The key of the row that says that its transaction was applied. */
    String marker() {
      return marker;
    }

    @Nullable
    String dataContentType() {
      try {
        return text(members.get(CONTENT_TYPE));
      } catch (IOException e) {
        throw MalformedEventException.received(MalformedEventException.reason(e));
      }
    }

    /** The event as it goes to the final topic, in a fresh array. */
    byte[] addressedTo(String pubsub, String topic) {
      var addressed = new TreeMap<>(members);
      addressed.put("topic", json(topic));
      addressed.put("pubsubname", json(pubsub));
      return object(addressed, length);
    }

    /** The text of a JSON string; null for anything else. */
    private static @Nullable String text(byte @Nullable [] json) throws IOException {
      if (json == null) {
        return null;
      }
      try (JsonParser in = Json.parser(json, 0, json.length)) {
        return in.nextToken() == JsonToken.VALUE_STRING ? in.getText() : null;
      }
    }
  }
}
