// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.pillion.pubsub.spi.Message;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An event that came as JSON. Reading it finds where its data stands, and leaves it there. */
final class JsonEvent extends ReceivedEvent {
  private final Message message;
  private final byte[] json;
  private final @Nullable Span data;
  private final @Nullable Span base64;
  private final boolean compact;

  private JsonEvent(
      Map<String, Object> attributes,
      Message message,
      byte[] json,
      @Nullable Span data,
      @Nullable Span base64,
      boolean compact) {
    super(attributes);
    this.message = message;
    this.json = json;
    this.data = data;
    this.base64 = base64;
    this.compact = compact;
  }

  /**
   * An event that was written in this process: an object whose first member holds the data.
   *
   * @param endOfData where that member ends
   */
  static JsonEvent of(Map<String, Object> attributes, Message message, byte[] json, int endOfData) {
    int colon = 1;
    while (json[colon] != ':') {
      colon++;
    }
    var data = Span.between(colon + 1, endOfData, json);
    boolean isBase64 = colon > DATA.length() + 3;
    return new JsonEvent(
        attributes, message, json, isBase64 ? null : data, isBase64 ? data : null, true);
  }

  /**
   * @throws MalformedEventException when the message is neither a JSON object nor null, is nested
   *     too deeply, or has a number for an attribute that is beyond all types
   */
  static JsonEvent read(Message message) {
    byte[] json = Utf8.repaired(message.data());
    try (JsonParser in = Json.parser(json, 0, json.length)) {
      return read(in, message, json);
    } catch (IOException e) {
      throw MalformedEventException.received(MalformedEventException.reason(e));
    }
  }

  private static JsonEvent read(JsonParser in, Message message, byte[] json) throws IOException {
    var attributes = new HashMap<String, Object>(32);
    Span data = null;
    Span base64 = null;
    JsonToken token = firstMember(in);
    while (token == JsonToken.FIELD_NAME) {
      String name = in.currentName();
      in.nextToken();
      if (name.equals(DATA) || name.equals(DATA_BASE64)) {
        int start = offset(in);
        in.skipChildren();
        token = in.nextToken();
        var span = Span.between(start, offset(in), json);
        if (name.equals(DATA)) {
          data = span;
        } else {
          base64 = span;
        }
      } else {
        var value = Json.value(in, Json.Numbers.EXACT);
        if (value == null) {
          attributes.remove(name);
        } else {
          attributes.put(name, value);
        }
        token = in.nextToken();
      }
    }
    if (in.nextToken() != null) {
      throw new IOException("goes on behind its JSON object");
    }
    fillTrace(attributes, message.metadata());
    return new JsonEvent(attributes, message, json, data, base64, false);
  }

  private static @Nullable JsonToken firstMember(JsonParser in) throws IOException {
    var token = in.nextToken();
    if (token == JsonToken.VALUE_NULL) {
      // An event without members, as in Dapr.
      return null;
    }
    if (token != JsonToken.START_OBJECT) {
      throw new IOException(token == null ? "is empty" : "is no JSON object");
    }
    return in.nextToken();
  }

  private static int offset(JsonParser in) {
    return (int) in.currentTokenLocation().getByteOffset();
  }

  @Override
  byte @Nullable [] data() {
    if (base64 != null) {
      return decoded(base64);
    }
    if (data == null) {
      return null;
    }
    String type = dataContentType();
    boolean quoted = ContentType.JSON.matches(type) || ContentType.CLOUD_EVENT.matches(type);
    if (data.isString(json) && !quoted) {
      return text(data).getBytes(StandardCharsets.UTF_8);
    }
    if (ContentType.isText(type)) {
      throw MalformedEventException.received(
          "its data is of the type " + type + " but is no JSON string");
    }
    return compact
        ? Arrays.copyOfRange(json, data.start, data.end)
        : Json.compact(json, data.start, data.end);
  }

  private byte[] decoded(Span span) {
    if (span.isString(json)) {
      try {
        // Go passes over line breaks.
        return Base64.getDecoder().decode(text(span).replace("\r", "").replace("\n", ""));
      } catch (IllegalArgumentException e) {
        // Fall through: the cause would quote a part of the data.
      }
    }
    throw MalformedEventException.received("its data_base64 is no base64");
  }

  private String text(Span span) {
    try (JsonParser in = Json.parser(json, span.start, span.end)) {
      in.nextToken();
      return Utf8.withoutLoneSurrogates(in.getText());
    } catch (IOException e) {
      throw new UncheckedIOException("a second reading differs from the first", e);
    }
  }

  @Override
  byte[] envelope() {
    return message.data();
  }

  @Override
  Map<String, @Nullable Object> members() {
    try (JsonParser in = Json.parser(json, 0, json.length)) {
      in.nextToken();
      var members = new HashMap<String, @Nullable Object>();
      if (Json.value(in, Json.Numbers.DOUBLES) instanceof Map<?, ?> parsed) {
        parsed.forEach((name, value) -> members.put((String) name, value));
      }
      fillTrace(members, message.metadata());
      return members;
    } catch (IOException e) {
      throw new UncheckedIOException("a second reading differs from the first", e);
    }
  }

  /** Where a member's value stands in the JSON. */
  private static final class Span {
    final int start;
    final int end;

    private Span(int start, int end) {
      this.start = start;
      this.end = end;
    }

    /** The value that begins at {@code start}; null for JSON's null. */
    static @Nullable Span between(int start, int next, byte[] json) {
      if (json[start] == 'n') {
        return null;
      }
      int end = next;
      while (Json.isSpace(json[end - 1]) || json[end - 1] == ',') {
        end--;
      }
      return new Span(start, end);
    }

    boolean isString(byte[] json) {
      return json[start] == '"';
    }
  }
}
