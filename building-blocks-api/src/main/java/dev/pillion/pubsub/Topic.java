// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub;

/**
 * A topic of a pubsub, to publish to. Thread-safe, valid until the runtime closes.
 *
 * <p>Publishing returns when the broker has the event, as durably as the component is set to.
 * Whether an event arrived is unknown after a {@link dev.pillion.CallTimeoutException} or a
 * transient {@link dev.pillion.ComponentException}: published again it may arrive twice.
 */
public interface Topic {
  /** The pubsub component's name. */
  String pubsub();

  /** The topic's name. */
  String name();

  /**
   * Publishes an event around {@code data}.
   *
   * @param data {@code byte[]}, or a value for the runtime's serializer; null for no data
   * @throws dev.pillion.pubsub.TopicForbiddenException when the topic is closed to this app
   * @throws dev.pillion.SerializationException when the data can't be written
   * @throws dev.pillion.ComponentException when the broker refuses or can't be reached
   * @throws dev.pillion.CallTimeoutException when its answer does not come in time
   */
  void publish(@org.jspecify.annotations.Nullable Object data);

  /**
   * The same with options.
   *
   * @throws IllegalArgumentException when an option's value is wrong, such as a {@code rawPayload}
   *     that is neither true nor false
   */
  void publish(@org.jspecify.annotations.Nullable Object data, PublishOptions options);

  /**
   * Publishes many events in as few round trips as the broker allows. Each is a message of its own.
   *
   * @throws dev.pillion.BulkException when some could not be published, by their entry ids
   */
  <E extends Exception> void bulk(BulkEvents.Writer<E> writer) throws E;
}
