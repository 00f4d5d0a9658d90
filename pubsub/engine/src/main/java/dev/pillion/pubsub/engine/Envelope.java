// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import dev.pillion.pubsub.PublishOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Puts data to publish into CloudEvents, byte for byte as Dapr does; one object for each pubsub.
 * Thread-safe.
 *
 * <p>One limit differs: JSON nested deeper than {@link Json#DEPTH_LIMIT} levels is refused.
 */
final class Envelope {
  static final String SOURCE = "Dapr";
  static final String TYPE = "com.dapr.event.sent";
  static final String VERSION = "1.0";

  private static final byte[] NULL = ascii("null");
  private static final byte[] DATA = ascii("\"data\":");
  private static final byte[] DATA_BASE64 = ascii("\"data_base64\":");

  /** About what the attributes take. */
  private static final int ATTRIBUTES = 500;

  private final String appId;
  private final String pubsub;
  private final boolean expiresMessages;
  private final Stamps stamps;
  private final Supplier<String> ids;

  /**
   * @param pubsub the component's name
   * @param expiresMessages whether the component itself lets messages expire: its events don't say
   *     when
   * @param ids makes the ids of events that come without, UUIDs of version 4
   */
  Envelope(
      String appId, String pubsub, boolean expiresMessages, Stamps stamps, Supplier<String> ids) {
    this.appId = appId;
    this.pubsub = pubsub;
    this.expiresMessages = expiresMessages;
    this.stamps = stamps;
    this.ids = ids;
  }

  /**
   * An event of the data.
   *
   * @param topic as the app knows it, without the namespace
   * @param options with the trace context of whoever publishes
   * @throws MalformedEventException when the data is said to be a CloudEvent and is none, or is
   *     nested too deeply
   */
  WrittenEvent write(String topic, byte[] data, PublishOptions options) {
    String given = options.contentType();
    String contentType = given == null || given.isEmpty() ? "text/plain" : given;
    return ContentType.CLOUD_EVENT.matches(contentType)
        ? complete(topic, data, options)
        : wrap(topic, data, contentType, options);
  }

  private WrittenEvent wrap(String topic, byte[] data, String contentType, PublishOptions options) {
    var metadata = options.metadata();
    String id = override(metadata, "id", "");
    String source = override(metadata, "source", appId);
    String type = override(metadata, "type", TYPE);
    String traceparent = override(metadata, "traceparent", "");
    var attributes = new EventAttributes(
        contentType,
        expiration(metadata),
        id.isEmpty() ? ids.get() : id,
        pubsub,
        source.isEmpty() ? SOURCE : source,
        override(metadata, "subject", ""),
        stamps.now(),
        topic,
        traceparent.isEmpty() ? override(metadata, "traceid", options.traceparent()) : traceparent,
        override(metadata, "tracestate", options.tracestate()),
        type.isEmpty() ? TYPE : type);
    var out = new JsonBytes(data.length + ATTRIBUTES).raw('{');
    data(data, contentType, out);
    int endOfData = out.length();
    attributes.write(out);
    return new WrittenEvent(out.raw('}').toByteArray(), endOfData, attributes);
  }

  /** Writes the member that holds the data. */
  static void data(byte[] data, String contentType, JsonBytes out) {
    if (ContentType.JSON.matches(contentType)) {
      out.raw(DATA);
      int start = out.length();
      try {
        SortedJson.write(data, out);
      } catch (StreamConstraintsException e) {
        throw MalformedEventException.toPublish(MalformedEventException.reason(e));
      } catch (IOException e) {
        // As in Dapr: what is no JSON is sent as text, with its content type as it is.
        out.cutTo(start);
        out.string(data);
      }
    } else if (isBinary(data, contentType)) {
      out.raw(DATA_BASE64).base64(data);
    } else {
      out.raw(DATA).string(data);
    }
  }

  private static boolean isBinary(byte[] data, String contentType) {
    return ContentType.BINARY.matches(contentType)
        || ContentType.CLOUD_EVENT_PROTOBUF.matches(contentType)
        || (ContentType.PROTOBUF.matches(contentType) && ProtobufCloudEvent.isOne(data));
  }

  /** Data that is a CloudEvent already: what it lacks is added, and the topic is the real one. */
  private WrittenEvent complete(String topic, byte[] data, PublishOptions options) {
    SortedMap<String, byte[]> members;
    try {
      members = SortedJson.members(data);
    } catch (IOException e) {
      throw MalformedEventException.toPublish(MalformedEventException.reason(e));
    }
    members.putIfAbsent("time", json(stamps.now()));
    if (!members.containsKey("traceid")) {
      // Even where there is a traceparent; and where there is a traceid, none is added.
      members.put("traceid", json(options.traceparent()));
      members.put("traceparent", json(options.traceparent()));
    }
    members.putIfAbsent("tracestate", json(options.tracestate()));
    members.put("topic", json(topic));
    members.put("pubsubname", json(pubsub));
    putIfMissing(members, "source", SOURCE);
    putIfMissing(members, "type", TYPE);
    putIfMissing(members, "specversion", VERSION);
    var expiration = expiration(options.metadata());
    if (expiration != null) {
      members.put("expiration", json(expiration));
    }
    var out = new JsonBytes(data.length + ATTRIBUTES).raw('{');
    members.forEach((name, value) -> out.string(name).raw(':').raw(value).raw(','));
    out.cutTo(out.length() - 1);
    return new WrittenEvent(out.raw('}').toByteArray(), 0, null);
  }

  private static void putIfMissing(SortedMap<String, byte[]> members, String name, String value) {
    var present = members.get(name);
    if (present == null || Arrays.equals(present, NULL)) {
      members.put(name, json(value));
    }
  }

  private @Nullable String expiration(Map<String, String> metadata) {
    var timeToLive = expiresMessages ? null : RequestMetadata.timeToLive(metadata);
    return timeToLive == null ? null : stamps.after(timeToLive);
  }

  /** The publisher's own value; an empty one is a value too. */
  private static String override(Map<String, String> metadata, String attribute, String otherwise) {
    if (metadata.isEmpty()) {
      return otherwise;
    }
    String value = RequestMetadata.entry(metadata, "cloudevent." + attribute);
    return value == null ? otherwise : value;
  }

  private static byte[] json(String text) {
    return new JsonBytes(text.length() + 2).string(text).toByteArray();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
