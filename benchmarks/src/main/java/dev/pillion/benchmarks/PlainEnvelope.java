// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import com.fasterxml.jackson.core.JsonFactory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.UUID;

/** The CloudEvent that an application would write and read by hand, with Jackson's own streams. */
final class PlainEnvelope {
  /** JSON of a kilobyte. */
  static final byte[] JSON = json();

  private static final JsonFactory FACTORY = new JsonFactory();

  private PlainEnvelope() {}

  private static byte[] json() {
    var text = new StringBuilder("{\"items\":[");
    for (int i = 0; text.length() < 960; i++) {
      text.append(i == 0 ? "" : ",")
          .append("{\"id\":%d,\"name\":\"item %d\",\"price\":%d.5}".formatted(i, i, i * 3));
    }
    return text.append("]}").toString().getBytes(StandardCharsets.UTF_8);
  }

  /** An event around {@code data}, which is checked by being parsed, as it has to be. */
  static byte[] write(String topic, byte[] data) throws IOException {
    var out = new ByteArrayOutputStream(data.length + 400);
    try (var json = FACTORY.createGenerator(out);
        var parsed = FACTORY.createParser(data)) {
      json.writeStartObject();
      json.writeFieldName("data");
      parsed.nextToken();
      json.copyCurrentStructure(parsed);
      json.writeStringField("datacontenttype", "application/json");
      json.writeStringField("id", UUID.randomUUID().toString());
      json.writeStringField("pubsubname", "bus");
      json.writeStringField("source", Values.APP);
      json.writeStringField("specversion", "1.0");
      json.writeStringField(
          "time",
          OffsetDateTime.now(ZoneId.systemDefault())
              .truncatedTo(ChronoUnit.SECONDS)
              .toString());
      json.writeStringField("topic", topic);
      json.writeStringField("traceid", "");
      json.writeStringField("traceparent", "");
      json.writeStringField("tracestate", "");
      json.writeStringField("type", "com.dapr.event.sent");
      json.writeEndObject();
    }
    return out.toByteArray();
  }

  /** The data of an event, as bytes. */
  static byte[] read(byte[] event) throws IOException {
    var data = new ByteArrayOutputStream(event.length);
    try (var parsed = FACTORY.createParser(event)) {
      parsed.nextToken();
      while (parsed.nextToken() != null && parsed.currentName() != null) {
        var name = parsed.currentName();
        parsed.nextToken();
        if (name.equals("data")) {
          try (var json = FACTORY.createGenerator(data)) {
            json.copyCurrentStructure(parsed);
          }
        } else {
          parsed.skipChildren();
        }
      }
    }
    return data.toByteArray();
  }
}
