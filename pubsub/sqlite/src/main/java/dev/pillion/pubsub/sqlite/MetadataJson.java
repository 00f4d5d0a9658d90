// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A message's metadata as a JSON object of texts. */
final class MetadataJson {
  private static final Logger LOG = LoggerFactory.getLogger(MetadataJson.class);
  private static final JsonFactory JSON = new JsonFactory();

  private MetadataJson() {}

  static @Nullable String write(@Nullable Map<String, String> metadata) {
    if (metadata == null) {
      return null;
    }
    var text = new StringWriter();
    try (var generator = JSON.createGenerator(text)) {
      generator.writeStartObject();
      for (Map.Entry<String, String> entry : metadata.entrySet()) {
        generator.writeStringField(entry.getKey(), entry.getValue());
      }
      generator.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("a text can be written to", e);
    }
    return text.toString();
  }

  /** Unmodifiable. What another program has damaged reads as far as it can be read. */
  static Map<String, String> read(@Nullable String text) {
    if (text == null) {
      return Map.of();
    }
    var metadata = new LinkedHashMap<String, String>();
    try (var parser = JSON.createParser(text)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        var name = parser.currentName();
        parser.nextToken();
        metadata.put(name, parser.getValueAsString(""));
      }
    } catch (IOException e) {
      LOG.warn("the metadata of an event is no JSON object of texts: {}", e.getMessage());
    }
    return Collections.unmodifiableMap(metadata);
  }
}
