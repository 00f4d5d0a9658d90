// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pillion.appchannel.BulkOutcomes;
import dev.pillion.appchannel.EventMetadata;
import dev.pillion.pubsub.BulkHandler;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.Delivery;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/** The body of a request with many events: members by name, those of an entry in Dapr's order. */
final class BulkBody {
  private static final JsonFactory JSON = new JsonFactory(new ObjectMapper());
  private static final String BINARY = "application/octet-stream";

  private BulkBody() {}

  static byte[] of(List<BulkHandler.Entry<byte[]>> entries, boolean raw) {
    var any = entries.get(0).delivery();
    var bytes = new ByteArrayOutputStream();
    try (var json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      json.writeArrayFieldStart("entries");
      for (int i = 0; i < entries.size(); i++) {
        entry(json, BulkOutcomes.entryId(i), entries.get(i), raw);
      }
      json.writeEndArray();
      json.writeStringField("id", UUID.randomUUID().toString());
      texts(json, EventMetadata.ofBatch(any));
      json.writeStringField("pubsubname", any.pubsub());
      json.writeStringField("topic", any.topic());
      json.writeStringField("type", "com.dapr.event.sent.bulk");
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void entry(
      JsonGenerator json, String id, BulkHandler.Entry<byte[]> entry, boolean raw)
      throws IOException {
    var event = entry.event();
    var delivery = entry.delivery();
    json.writeStartObject();
    json.writeStringField("entryId", id);
    json.writeFieldName("event");
    if (raw) {
      json.writeString(base64(event));
    } else if (isBinary(delivery)) {
      // The broker's bytes are the data alone.
      var members = new TreeMap<String, Object>(event.attributes());
      members.put("data_base64", base64(event));
      json.writeObject(members);
    } else {
      json.writeRawValue(new String(delivery.envelope(), StandardCharsets.UTF_8));
    }
    texts(json, EventMetadata.ofEntry(delivery));
    json.writeStringField("contentType", raw ? BINARY : "application/cloudevents+json");
    json.writeEndObject();
  }

  private static String base64(CloudEvent<byte[]> event) {
    byte[] data = event.data();
    return data == null ? "" : Base64.getEncoder().encodeToString(data);
  }

  private static boolean isBinary(Delivery delivery) {
    var type = delivery.metadata().getOrDefault("content-type", "").toLowerCase(Locale.ROOT);
    return type.equals(BINARY) || type.startsWith(BINARY + ";");
  }

  private static void texts(JsonGenerator json, Map<String, String> metadata) throws IOException {
    json.writeObjectFieldStart("metadata");
    for (var entry : new TreeMap<>(metadata).entrySet()) {
      json.writeStringField(entry.getKey(), entry.getValue());
    }
    json.writeEndObject();
  }
}
