// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** Request metadata as the text of a column: a JSON object whose members are strings. */
final class MetadataText {
  private static final JsonFactory JSON = new JsonFactory();

  private MetadataText() {}

  static String write(Map<String, String> metadata) {
    var text = new StringWriter();
    try (var out = JSON.createGenerator(text)) {
      out.writeStartObject();
      for (var entry : new TreeMap<>(metadata).entrySet()) {
        out.writeStringField(entry.getKey(), entry.getValue());
      }
      out.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("a text in memory can't be written", e);
    }
    return text.toString();
  }

  static Map<String, String> read(String text) {
    var metadata = new HashMap<String, String>();
    try (var in = JSON.createParser(text)) {
      in.nextToken();
      while (in.nextToken() == JsonToken.FIELD_NAME) {
        var name = in.currentName();
        metadata.put(name, in.nextTextValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the metadata of an event in the outbox is no JSON", e);
    }
    return Map.copyOf(metadata);
  }
}
