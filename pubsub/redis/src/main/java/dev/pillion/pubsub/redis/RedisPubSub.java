// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import dev.pillion.BuildingBlockException;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.redis.RedisConnector;
import dev.pillion.connections.redis.RedisSettings;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.pubsub.spi.TopicSubscription;
import io.lettuce.core.RedisClient;
import io.lettuce.core.cluster.RedisClusterClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Dapr's {@code pubsub.redis}: a topic is a stream of Redis, a group of subscribers is a consumer
 * group of that stream. Redis 6.2 and later; one server, Sentinel or Cluster.
 *
 * <p>A message that was fetched is renewed until it is done, so that no other consumer of the group
 * takes it, however long its handler runs; one whose consumer shows no sign of life for the
 * processing timeout is taken over, as daprds of the same group do it too.
 */
public final class RedisPubSub implements PubSubComponent {
  private static final Logger LOG = LoggerFactory.getLogger(RedisPubSub.class);

  private final RedisConnector connector;
  private final StreamSettings settings;
  private volatile @Nullable Session session;

  private RedisPubSub(RedisConnector connector, StreamSettings settings) {
    this.connector = connector;
    this.settings = settings;
  }

  /**
   * The broker at a URI such as {@code redis://localhost}, with a client of its own.
   *
   * @throws IllegalArgumentException when it is no such URI
   * @see RedisSettings#at
   */
  public static RedisPubSub at(String uri) {
    return at(RedisSettings.at(uri));
  }

  /** The broker where the settings lead, with a client of its own. */
  public static RedisPubSub at(RedisSettings settings) {
    return new RedisPubSub(RedisConnector.to(settings), StreamSettings.DEFAULTS);
  }

  /**
   * The broker behind a client, which is borrowed: the component makes its own connections and
   * never closes the client.
   */
  public static RedisPubSub on(RedisClient client) {
    return new RedisPubSub(RedisConnector.on(client), StreamSettings.DEFAULTS);
  }

  /** The broker in the Cluster behind a client, which is borrowed. */
  public static RedisPubSub on(RedisClusterClient client) {
    return new RedisPubSub(RedisConnector.on(client), StreamSettings.DEFAULTS);
  }

  /**
   * The same broker, not yet open, with another time after which a message whose consumer shows no
   * sign of life is anyone's; 60 s unless given, zero for never.
   *
   * @throws IllegalArgumentException when negative
   */
  public RedisPubSub processingTimeout(Duration timeout) {
    return with(settings.withProcessingTimeout(timeout));
  }

  /**
   * The same broker, not yet open, which looks for such messages in another interval; 15 s unless
   * given, zero for never.
   *
   * @throws IllegalArgumentException when negative
   */
  public RedisPubSub redeliverInterval(Duration interval) {
    return with(settings.withRedeliverInterval(interval));
  }

  /**
   * The same broker, not yet open, which fetches so many messages of a topic ahead; 100 unless
   * given.
   *
   * @throws IllegalArgumentException when below 1 or above 100000
   */
  public RedisPubSub queueDepth(int messages) {
    return with(settings.withQueueDepth(messages));
  }

  /**
   * The same broker, not yet open, which runs so many handlers of a subscription at a time where
   * the subscription does not say; 10 unless given.
   *
   * @throws IllegalArgumentException when below 1 or above 10000
   */
  public RedisPubSub concurrency(int handlers) {
    return with(settings.withConcurrency(handlers));
  }

  /**
   * The same broker, not yet open, which keeps about so many messages of a topic when it publishes;
   * 0, as without this call, for all.
   *
   * @throws IllegalArgumentException when negative
   */
  public RedisPubSub maxLenApprox(int messages) {
    return with(settings.withMaxLenApprox(messages));
  }

  /**
   * The same broker, not yet open, which removes messages older than this when it publishes; zero,
   * as without this call, for none.
   *
   * @throws IllegalArgumentException when negative
   */
  public RedisPubSub streamTtl(Duration age) {
    return with(settings.withStreamTtl(age));
  }

  private RedisPubSub with(StreamSettings others) {
    return new RedisPubSub(connector, others);
  }

  @Override
  public void open(ComponentContext context) {
    if (settings.maxLenApprox() > 0 && !settings.streamTtl().isZero()) {
      LOG.warn(
          "pubsub \"{}\" has both maxLenApprox and streamTTL; only maxLenApprox has an effect",
          context.name());
    }
    session = new Session(connector.connect(context), settings, context);
    LOG.info("pubsub \"{}\" is connected to Redis at {}", context.name(), connector);
  }

  @Override
  public String type() {
    return "pubsub.redis";
  }

  @Override
  public void probe(Deadline deadline) {
    session().ping(deadline);
  }

  @Override
  public void publish(OutgoingMessage message, Deadline deadline) {
    session().publisher.publish(message, deadline);
  }

  @Override
  public Map<Integer, BuildingBlockException> publishAll(
      List<OutgoingMessage> messages, Deadline deadline) {
    return session().publisher.publishAll(messages, deadline);
  }

  @Override
  public Intake subscribe(TopicSubscription subscription, MessageReceiver receiver) {
    return session().subscribe(subscription, receiver);
  }

  /**
   * How many messages were trimmed from their stream, since this was opened, after they had been
   * delivered to some consumer and before they were done. They are acknowledged and logged.
   */
  public long lostToTrimming() {
    return session().lost.sum();
  }

  @Override
  public void close() {
    var closing = session;
    session = null;
    if (closing != null) {
      closing.close();
    }
  }

  private Session session() {
    var open = session;
    if (open == null) {
      throw new IllegalStateException("the pubsub at %s is not open".formatted(connector));
    }
    return open;
  }

  /** Makes the component from a Component of type {@code pubsub.redis}. */
  public static final class Provider implements ComponentProvider {
    @Override
    public String type() {
      return "pubsub.redis";
    }

    @Override
    public Component create(ComponentSpec spec) {
      var metadata = spec.metadata();
      return new RedisPubSub(
          RedisConnector.to(RedisSettings.read(metadata)), StreamSettings.read(metadata));
    }
  }
}
