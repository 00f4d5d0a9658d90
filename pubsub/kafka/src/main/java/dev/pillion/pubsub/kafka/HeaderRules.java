// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.component.ComponentMetadata;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;

/**
 * How request metadata becomes headers of a record, and a record the metadata of a message.
 * Immutable, thread-safe.
 *
 * @param excluded names that stay away in both directions; null for none
 * @param escapes whether values and the key are escaped as in a query of a URL when they come in
 */
record HeaderRules(@Nullable Pattern excluded, boolean escapes) {
  static final HeaderRules PLAIN = new HeaderRules(null, false);

  static HeaderRules read(ComponentMetadata metadata) {
    boolean escapes = metadata.truthy("escapeHeaders", false);
    var regex = metadata.text("excludeHeaderMetaRegex").orElse("");
    if (regex.isEmpty()) {
      return new HeaderRules(null, escapes);
    }
    try {
      return new HeaderRules(Pattern.compile(regex), escapes);
    } catch (PatternSyntaxException e) {
      metadata.problem(
          "\"excludeHeaderMetaRegex\" is no regular expression: " + e.getDescription());
      return new HeaderRules(null, escapes);
    }
  }

  private boolean excludes(String name) {
    return excluded != null && excluded.matcher(name).find();
  }

  /** Every entry is a header, in no order. */
  List<Header> headers(@Nullable Map<String, String> metadata) {
    if (metadata == null || metadata.isEmpty()) {
      return List.of();
    }
    var headers = new ArrayList<Header>(metadata.size());
    metadata.forEach((name, value) -> {
      if (!excludes(name)) {
        headers.add(new RecordHeader(name, value.getBytes(StandardCharsets.UTF_8)));
      }
    });
    return headers;
  }

  /**
   * What Dapr says of a record, then its headers: one by the name of the former goes before it, as
   * the record of a dead letter topic shows where the event was first.
   */
  Map<String, String> metadata(ConsumerRecord<byte[], byte[]> record) {
    var metadata = new HashMap<String, String>();
    var key = record.key();
    if (key != null) {
      metadata.put("__key", text(key));
    }
    metadata.put("__topic", record.topic());
    metadata.put("__partition", Integer.toString(record.partition()));
    metadata.put("__offset", Long.toString(record.offset()));
    metadata.put("__timestamp", Long.toString(record.timestamp()));
    for (var header : record.headers()) {
      if (!excludes(header.key())) {
        metadata.put(header.key(), header.value() == null ? "" : text(header.value()));
      }
    }
    return Collections.unmodifiableMap(metadata);
  }

  private String text(byte[] bytes) {
    var text = new String(bytes, StandardCharsets.UTF_8);
    return escapes ? escaped(text) : text;
  }

  /** As Go escapes a query: with a plus for a space, and the tilde as it is. */
  private static String escaped(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("*", "%2A").replace("%7E", "~");
  }
}
