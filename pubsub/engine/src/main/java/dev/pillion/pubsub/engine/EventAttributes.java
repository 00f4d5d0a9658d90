// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The attributes that an event is published with, in the order of their names, as Dapr writes them.
 *
 * @param expiration null when the event says nothing of it
 * @param subject empty when there is none
 * @param trace what {@code traceid} and {@code traceparent} say
 */
record EventAttributes(
    String contentType,
    @Nullable String expiration,
    String id,
    String pubsub,
    String source,
    String subject,
    String time,
    String topic,
    String trace,
    String tracestate,
    String type) {

  @SuppressWarnings({"unchecked", "rawtypes"}) // Arrays have no type parameters.
  private static final Map.Entry<String, Object>[] NONE = new Map.Entry[0];

  // Members as they stand behind others.
  private static final byte[] CONTENT_TYPE = member("datacontenttype");
  private static final byte[] EXPIRATION = member("expiration");
  private static final byte[] ID = member("id");
  private static final byte[] PUBSUB = member("pubsubname");
  private static final byte[] SOURCE = member("source");
  private static final byte[] VERSION = member("specversion");
  private static final byte[] SUBJECT = member("subject");
  private static final byte[] TIME = member("time");
  private static final byte[] TOPIC = member("topic");
  private static final byte[] TRACE_ID = member("traceid");
  private static final byte[] TRACEPARENT = member("traceparent");
  private static final byte[] TRACESTATE = member("tracestate");
  private static final byte[] TYPE = member("type");

  /** Writes them behind the data, each with the comma before it. */
  void write(JsonBytes out) {
    out.raw(CONTENT_TYPE).string(contentType);
    if (expiration != null) {
      out.raw(EXPIRATION).string(expiration);
    }
    out.raw(ID).string(id);
    out.raw(PUBSUB).string(pubsub);
    out.raw(SOURCE).string(source);
    out.raw(VERSION).string(Envelope.VERSION);
    if (!subject.isEmpty()) {
      out.raw(SUBJECT).string(subject);
    }
    out.raw(TIME).string(time);
    out.raw(TOPIC).string(topic);
    out.raw(TRACE_ID).string(trace);
    out.raw(TRACEPARENT).string(trace);
    out.raw(TRACESTATE).string(tracestate);
    out.raw(TYPE).string(type);
  }

  /** What {@link JsonEvent#read} would find of them; unmodifiable. */
  Map<String, Object> read() {
    var members = new ArrayList<Map.Entry<String, Object>>(16);
    members.add(entry("datacontenttype", contentType));
    if (expiration != null) {
      members.add(entry("expiration", expiration));
    }
    members.add(entry("id", id));
    members.add(entry("pubsubname", pubsub));
    members.add(entry("source", source));
    members.add(entry("specversion", Envelope.VERSION));
    if (!subject.isEmpty()) {
      members.add(entry("subject", subject));
    }
    members.add(entry("time", time));
    members.add(entry("topic", topic));
    members.add(entry("traceid", trace));
    members.add(entry("traceparent", trace));
    members.add(entry("tracestate", tracestate));
    members.add(entry("type", type));
    return Map.ofEntries(members.toArray(NONE));
  }

  private static Map.Entry<String, Object> entry(String name, String value) {
    return Map.entry(name, Utf8.withoutLoneSurrogates(value));
  }

  private static byte[] member(String name) {
    return (",\"" + name + "\":").getBytes(StandardCharsets.US_ASCII);
  }
}
