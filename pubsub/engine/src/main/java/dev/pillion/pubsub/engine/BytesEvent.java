// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** An event whose data is a whole message, of whatever bytes. */
final class BytesEvent extends ReceivedEvent {
  private static final String ATTRIBUTE_PREFIX = "ce_";

  private final byte[] bytes;
  private final boolean raw;

  private BytesEvent(Map<String, Object> attributes, byte[] bytes, boolean raw) {
    super(attributes);
    this.bytes = bytes;
    this.raw = raw;
  }

  /** The event that a raw subscription gets for a message. */
  static BytesEvent raw(
      byte[] bytes, Map<String, String> metadata, String pubsub, String topic, String id) {
    var attributes = new HashMap<String, Object>();
    attributes.put("id", id);
    attributes.put("specversion", Envelope.VERSION);
    attributes.put("datacontenttype", ContentType.BINARY.text);
    attributes.put("source", Envelope.SOURCE);
    attributes.put("type", Envelope.TYPE);
    attributes.put("topic", topic);
    attributes.put("pubsubname", pubsub);
    fillTrace(attributes, metadata);
    return new BytesEvent(attributes, bytes, true);
  }

  /** The event of a message in CloudEvents' binary mode: its attributes are metadata. */
  static BytesEvent binaryMode(byte[] bytes, Map<String, String> metadata, String contentType) {
    var attributes = new HashMap<String, Object>();
    metadata.forEach((name, value) -> {
      int prefix = ATTRIBUTE_PREFIX.length();
      if (name.regionMatches(true, 0, ATTRIBUTE_PREFIX, 0, prefix)) {
        attributes.put(name.substring(prefix).toLowerCase(Locale.ROOT), value);
      }
    });
    attributes.remove(DATA);
    attributes.remove(DATA_BASE64);
    attributes.put("datacontenttype", contentType);
    return new BytesEvent(attributes, bytes, false);
  }

  @Override
  boolean isExpired(Instant now) {
    return !raw && super.isExpired(now);
  }

  @Override
  byte[] data() {
    return bytes.clone();
  }

  @Override
  byte[] envelope() {
    if (!raw) {
      return bytes;
    }
    var out = new JsonBytes(bytes.length / 3 * 4 + 400);
    out.raw('{').string(DATA_BASE64).raw(':').base64(bytes);
    // In the order of their names, all of which come after that of the data.
    new TreeMap<>(attributes())
        .forEach((name, value) -> out.raw(',').string(name).raw(':').string((String) value));
    return out.raw('}').toByteArray();
  }

  @Override
  Map<String, @Nullable Object> members() {
    return raw
        ? membersWith(DATA_BASE64, Base64.getEncoder().encodeToString(bytes))
        : membersWith(DATA, bytes);
  }
}
