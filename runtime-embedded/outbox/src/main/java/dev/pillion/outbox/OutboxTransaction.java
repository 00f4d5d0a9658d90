// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.spi.Payload;
import dev.pillion.runtime.EmbeddedRuntime;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The outbox within one transaction of the program's. As thread-safe as its connection, usable as
 * long as that is.
 */
public final class OutboxTransaction {
  private final EmbeddedRuntime runtime;
  private final Connection connection;
  private final OutboxTable table;
  private final Relay relay;

  OutboxTransaction(
      EmbeddedRuntime runtime, Connection connection, OutboxTable table, Relay relay) {
    this.runtime = runtime;
    this.connection = connection;
    this.table = table;
    this.relay = relay;
  }

  /** The same as {@link #publish(String, String, Object, PublishOptions)} without options. */
  public OutboxTransaction publish(String pubsub, String topic, @Nullable Object data) {
    return publish(pubsub, topic, data, PublishOptions.defaults());
  }

  /**
   * Writes an event down, to be published when the transaction has committed. Its bytes, its id and
   * its trace context are decided here, so that what is published twice is the same event.
   *
   * <p>Events of one topic and {@link PublishOptions#partitionKey} are published in the order in
   * which they were written; others in no particular order.
   *
   * @param data {@code byte[]}, or a value for the runtime's serializer; null for no data
   * @throws dev.pillion.NoSuchComponentException when there is no such pubsub
   * @throws IllegalArgumentException when the topic is empty, or the data is no data
   * @throws dev.pillion.SerializationException when the data can't be written
   * @throws dev.pillion.ComponentException when the database refuses; on PostgreSQL the transaction
   *     is of no more use then
   */
  public OutboxTransaction publish(
      String pubsub, String topic, @Nullable Object data, PublishOptions options) {
    // Whether there is such a pubsub is told to whoever asks, and not in the relay's log.
    var name = runtime.topic(pubsub, topic).name();
    var payload = Payload.of(data, options, runtime.serializer());
    // No policy is meant for it: the broker's breaker has nothing to say about the database.
    var call = Call.outbound("outbox", pubsub + "/" + name, "publish", false);
    runtime.calls().run(call.with(context(options)), traced -> {
      var headers = traced.context().headers();
      var event = OutboxEvent.of(
          payload,
          pubsub,
          name,
          options,
          headers.getOrDefault("traceparent", ""),
          headers.getOrDefault("tracestate", ""));
      try {
        table.insert(connection, runtime.appId(), event);
      } catch (SQLException e) {
        throw SqlFailures.translate(table.name(), "can't be written to", e);
      }
      return true;
    });
    relay.expectCommit();
    return this;
  }

  private static CallContext context(PublishOptions options) {
    return options.traceparent().isEmpty()
        ? CallContext.EMPTY
        : CallContext.EMPTY.with(
            Map.of("traceparent", options.traceparent(), "tracestate", options.tracestate()));
  }
}
