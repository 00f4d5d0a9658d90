// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub;

import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How to publish. Immutable: each method returns another object. All but the content type is
 * request metadata in Dapr's words, which travels with the message where the broker has a place for
 * it.
 */
public final class PublishOptions {
  private static final PublishOptions DEFAULTS = new PublishOptions(null, Map.of(), "", "");

  private final @Nullable String contentType;
  private final Map<String, String> metadata;
  private final String traceparent;
  private final String tracestate;

  private PublishOptions(
      @Nullable String contentType,
      Map<String, String> metadata,
      String traceparent,
      String tracestate) {
    this.contentType = contentType;
    this.metadata = metadata;
    this.traceparent = traceparent;
    this.tracestate = tracestate;
  }

  /** An event around the data, without metadata. */
  public static PublishOptions defaults() {
    return DEFAULTS;
  }

  /**
   * The media type of the data, which decides how the event holds it: {@code application/json} as
   * JSON, {@code application/octet-stream} in base64, anything else as text.
   * {@code application/cloudevents+json} says that the data is a whole CloudEvent. Unless set it is
   * the serializer's, and {@code application/octet-stream} for {@code byte[]}; empty is
   * {@code text/plain}.
   *
   * <p>With a type other than JSON a {@code String} is sent as its UTF-8 text.
   */
  public PublishOptions contentType(String type) {
    return new PublishOptions(type, metadata, traceparent, tracestate);
  }

  /**
   * The data is sent as it is, without an envelope ({@code rawPayload}). The subscriber has to be
   * told.
   */
  public PublishOptions raw() {
    return metadata("rawPayload", "true");
  }

  /**
   * For how long the event is of use, in whole seconds, rounded up ({@code ttlInSeconds}); later it
   * is not handed over any more.
   *
   * @throws IllegalArgumentException when zero or negative
   */
  public PublishOptions expireAfter(Duration timeToLive) {
    if (timeToLive.isZero() || timeToLive.isNegative()) {
      throw new IllegalArgumentException("an event can't expire after " + timeToLive);
    }
    long seconds = timeToLive.plusNanos(999_999_999).toSeconds();
    return metadata("ttlInSeconds", Long.toString(seconds));
  }

  /** Events of the same key keep their order, where the broker has one ({@code partitionKey}). */
  public PublishOptions partitionKey(String key) {
    return metadata("partitionKey", key);
  }

  /** The event's id ({@code cloudevent.id}); a random one unless set. */
  public PublishOptions id(String id) {
    return metadata("cloudevent.id", id);
  }

  /** Where the event comes from ({@code cloudevent.source}); the app id unless set. */
  public PublishOptions source(String source) {
    return metadata("cloudevent.source", source);
  }

  /** The kind of event ({@code cloudevent.type}); {@code com.dapr.event.sent} unless set. */
  public PublishOptions type(String type) {
    return metadata("cloudevent.type", type);
  }

  /** The subject within the source ({@code cloudevent.subject}). */
  public PublishOptions subject(String subject) {
    return metadata("cloudevent.subject", subject);
  }

  /**
   * The W3C trace context of whoever publishes, for events published on behalf of others; unless
   * tracing is set up, which then knows better.
   */
  public PublishOptions traceContext(String parent, String state) {
    return new PublishOptions(contentType, metadata, parent, state);
  }

  /** These options with one more entry of request metadata. */
  public PublishOptions metadata(String name, String value) {
    return metadata(Map.of(name, value));
  }

  /** These options with more entries of request metadata. */
  public PublishOptions metadata(Map<String, String> entries) {
    if (entries.isEmpty()) {
      return this;
    }
    var all = new TreeMap<>(metadata);
    all.putAll(entries);
    return new PublishOptions(contentType, Map.copyOf(all), traceparent, tracestate);
  }

  /** The media type of the data; null when the kind of data decides. */
  public @Nullable String contentType() {
    return contentType;
  }

  /** The request metadata; unmodifiable. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** The publisher's {@code traceparent}; empty when unknown. */
  public String traceparent() {
    return traceparent;
  }

  /** The publisher's {@code tracestate}; empty when unknown. */
  public String tracestate() {
    return tracestate;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PublishOptions that
        && Objects.equals(contentType, that.contentType)
        && metadata.equals(that.metadata)
        && traceparent.equals(that.traceparent)
        && tracestate.equals(that.tracestate);
  }

  @Override
  public int hashCode() {
    return Objects.hash(contentType, metadata, traceparent, tracestate);
  }
}
