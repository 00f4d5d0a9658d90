// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.consul;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.GoDuration;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * An object among the settings, such as {@code client}, given as JSON. Keys are case-insensitive,
 * as Go reads them; what is wrong is reported to the component's settings. Not thread-safe.
 */
final class Options {
  static final JsonMapper JSON = new JsonMapper();

  private final String path;
  private final ComponentMetadata metadata;
  private final ObjectNode values;
  private final TreeSet<String> known = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);

  private Options(String path, ComponentMetadata metadata, ObjectNode values) {
    this.path = path;
    this.metadata = metadata;
    this.values = values;
  }

  /** The object under a key of the settings; empty when it is not set. */
  static Options read(ComponentMetadata metadata, String key) {
    var node = parse(metadata, key);
    if (node != null && !node.isObject()) {
      metadata.problem("\"%s\" must be an object".formatted(key));
    }
    return of(metadata, key, node);
  }

  static Options of(ComponentMetadata metadata, String path, @Nullable JsonNode node) {
    return new Options(
        path, metadata, node instanceof ObjectNode object ? object : JSON.createObjectNode());
  }

  /** The value of a key of the settings as JSON; null when it is not set, or is none. */
  static @Nullable JsonNode parse(ComponentMetadata metadata, String key) {
    var text = metadata.text(key).orElse("");
    if (text.isBlank()) {
      return null;
    }
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      // Its message quotes the text, which may hold a token.
      metadata.problem("\"%s\" is not JSON".formatted(key));
      return null;
    }
  }

  String text(String key) {
    var value = find(key);
    if (value == null || value.isNull()) {
      return "";
    }
    if (!value.isValueNode()) {
      problem(key, "must be a text");
      return "";
    }
    return value.asText();
  }

  boolean flag(String key) {
    var value = find(key);
    if (value != null && !value.isBoolean()) {
      problem(key, "must be true or false");
      return false;
    }
    return value != null && value.booleanValue();
  }

  /** A text of Go's form, or a number of nanoseconds, which is what Go writes. */
  @Nullable
  Duration duration(String key) {
    var text = text(key);
    if (text.isEmpty()) {
      return null;
    }
    var duration = GoDuration.parse(text, Duration.ofNanos(1));
    if (duration == null) {
      problem(key, "must be a duration such as 30s, or a whole number of nanoseconds");
    }
    return duration;
  }

  Options object(String key) {
    return of(metadata, path + "." + key, find(key));
  }

  Map<String, String> map(String key) {
    return map(path + "." + key, metadata, find(key));
  }

  static Map<String, String> map(String path, ComponentMetadata metadata, @Nullable JsonNode node) {
    var map = new LinkedHashMap<String, String>();
    if (node == null) {
      return map;
    }
    if (!node.isObject()) {
      metadata.problem("\"%s\" must be an object of texts".formatted(path));
    }
    node.properties().forEach(entry -> map.put(entry.getKey(), entry.getValue().asText()));
    return map;
  }

  /** Makes keys known that are handed on as they are. */
  void accept(String... keys) {
    for (var key : keys) {
      known.add(key);
    }
  }

  void unsupported(String key, String instead) {
    var value = find(key);
    if (value != null
        && !value.isNull()
        && !value.asText().isEmpty()
        && !value.asText().equals("false")) {
      problem(key, "is a setting of Dapr's that Pillion does not support; " + instead);
    }
  }

  boolean has(String key) {
    return find(key) != null;
  }

  /** Reports keys that nobody has asked for. */
  void done() {
    values.fieldNames().forEachRemaining(key -> {
      if (!known.contains(key)) {
        metadata.problem(
            "\"%s.%s\" is not a setting; \"%s\" has %s".formatted(path, key, path, known));
      }
    });
  }

  ObjectNode values() {
    return values;
  }

  private void problem(String key, String problem) {
    metadata.problem("\"%s.%s\" %s".formatted(path, key, problem));
  }

  private @Nullable JsonNode find(String key) {
    known.add(key);
    for (var entry : values.properties()) {
      if (entry.getKey().equalsIgnoreCase(key)) {
        return entry.getValue();
      }
    }
    return null;
  }
}
