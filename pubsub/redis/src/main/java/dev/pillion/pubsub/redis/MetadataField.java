// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The metadata of a message as the JSON object that Go's encoder writes beside its data. */
final class MetadataField {
  private static final JsonFactory JSON =
      new JsonFactoryBuilder().disable(JsonFactory.Feature.INTERN_FIELD_NAMES).build();
  private static final byte[] EMPTY = {'{', '}'};
  private static final int SHORTEST_MEMBER = 7;
  private static final int TYPICAL_LENGTH = 64;

  private MetadataField() {}

  /** Compact, names in the order of their bytes, the characters of HTML escaped. */
  static byte[] write(Map<String, String> metadata) {
    if (metadata.isEmpty()) {
      return EMPTY;
    }
    // Loops, not streams: a raw publish is little more than this.
    var json = new StringBuilder(TYPICAL_LENGTH).append('{');
    for (var entry : inOrder(metadata)) {
      if (json.length() > 1) {
        json.append(',');
      }
      text(entry.getKey(), json);
      json.append(':');
      text(entry.getValue(), json);
    }
    return json.append('}').toString().getBytes(UTF_8);
  }

  private static Collection<Map.Entry<String, String>> inOrder(Map<String, String> metadata) {
    if (metadata.size() == 1) {
      return metadata.entrySet();
    }
    var entries = new ArrayList<>(metadata.entrySet());
    entries.sort(
        (a, b) -> Arrays.compareUnsigned(a.getKey().getBytes(UTF_8), b.getKey().getBytes(UTF_8)));
    return entries;
  }

  private static void text(String text, StringBuilder json) {
    json.append('"');
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      character(c, json);
    }
    json.append('"');
  }

  private static void character(int c, StringBuilder json) {
    switch (c) {
      case '"' -> json.append("\\\"");
      case '\\' -> json.append("\\\\");
      case '\b' -> json.append("\\b");
      case '\f' -> json.append("\\f");
      case '\n' -> json.append("\\n");
      case '\r' -> json.append("\\r");
      case '\t' -> json.append("\\t");
      case '<', '>', '&', '\u2028', '\u2029' -> escape(c, json);
      default -> {
        if (c < ' ') {
          escape(c, json);
        } else if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
          escape('\ufffd', json);
        } else {
          json.appendCodePoint(c);
        }
      }
    }
  }

  private static void escape(int c, StringBuilder json) {
    json.append("\\u%04x".formatted(c));
  }

  /** What is written there; nothing when it is absent or no object of texts, as in Dapr. */
  static Map<String, String> read(byte @Nullable [] json) {
    if (json == null || json.length < SHORTEST_MEMBER) {
      return Map.of();
    }
    try (var parser = JSON.createParser(json)) {
      return object(parser);
    } catch (IOException e) {
      return Map.of();
    }
  }

  private static Map<String, String> object(JsonParser parser) throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      return Map.of();
    }
    var metadata = new LinkedHashMap<String, String>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      var name = parser.currentName();
      var value = parser.nextToken();
      if (value != JsonToken.VALUE_STRING && value != JsonToken.VALUE_NULL) {
        return Map.of();
      }
      metadata.put(name, value == JsonToken.VALUE_NULL ? "" : parser.getText());
    }
    return parser.nextToken() == null ? Collections.unmodifiableMap(metadata) : Map.of();
  }
}
