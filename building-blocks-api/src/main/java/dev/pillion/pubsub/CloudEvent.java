// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An event with its CloudEvents 1.0 attributes. Attributes are as the publisher wrote them, and are
 * not judged: a missing one reads as the empty text.
 *
 * @param <T> what the data is read as
 */
public final class CloudEvent<T> {
  private final Map<String, Object> attributes;
  private final @Nullable T data;

  /**
   * An event.
   *
   * @param attributes every member of the envelope but {@code data} and {@code data_base64}: text,
   *     {@link Number}, {@link Boolean}, unmodifiable lists and maps of these; members that are
   *     null are left out
   * @param data what the event carries; null when it carries nothing
   */
  public CloudEvent(Map<String, Object> attributes, @Nullable T data) {
    this.attributes = Map.copyOf(attributes);
    this.data = data;
  }

  /** The id; unique for its source. */
  public String id() {
    return attribute("id");
  }

  /** Where the event comes from: the publisher's app id unless it chose otherwise. */
  public String source() {
    return attribute("source");
  }

  /** The kind of event; {@code com.dapr.event.sent} unless the publisher chose otherwise. */
  public String type() {
    return attribute("type");
  }

  /** The subject within the source, if the publisher gave one. */
  public String subject() {
    return attribute("subject");
  }

  /** The media type of the data. */
  public String dataContentType() {
    return attribute("datacontenttype");
  }

  /** An attribute of text, such as {@code traceparent}; empty when it is absent or no text. */
  public String attribute(String name) {
    return attributes.get(name) instanceof String text ? text : "";
  }

  /** All attributes; unmodifiable. */
  public Map<String, Object> attributes() {
    return attributes;
  }

  /** What the event carries; null when it carries nothing, such as JSON's {@code null}. */
  public @Nullable T data() {
    return data;
  }

  /**
   * What the event carries, where there is no doing without.
   *
   * @throws IllegalStateException when it carries nothing
   */
  public T requireData() {
    if (data == null) {
      throw new IllegalStateException("the event \"%s\" carries no data".formatted(id()));
    }
    return data;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CloudEvent<?> that
        && attributes.equals(that.attributes)
        && Objects.deepEquals(data, that.data);
  }

  @Override
  public int hashCode() {
    return attributes.hashCode();
  }

  /** The attributes; never the data. */
  @Override
  public String toString() {
    return "CloudEvent" + attributes;
  }
}
