// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.BuildingBlockException;
import dev.pillion.ComponentException;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.kafka.KafkaSettings;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pubsub {@code pubsub.kafka}, with Dapr's records: a daprd and this component publish to the
 * same topics, and share the messages of one group. Thread-safe.
 *
 * <p>The messages of a partition are handed over one after the other, those of several partitions
 * side by side: 64 at a time for each topic, unless the subscription asks for fewer or more. One
 * that fails is handed over again while its partition waits. How many attempts have begun is kept
 * with the group's offset.
 */
public final class KafkaPubSub implements PubSubComponent {
  private static final Logger log = LoggerFactory.getLogger(KafkaPubSub.class);
  private static final Duration REDELIVERY = Duration.ofSeconds(5);
  private static final Duration RETRY = Duration.ofMillis(100);

  private final KafkaSettings settings;
  private final @Nullable String consumerGroup;
  private final Options options;
  private volatile @Nullable Session session;

  /** What is Dapr's own, beside the settings of Kafka's clients. */
  record Options(HeaderRules headers, Redelivery redelivery, Duration retry) {}

  private KafkaPubSub(KafkaSettings settings, @Nullable String consumerGroup, Options options) {
    this.settings = settings;
    this.consumerGroup = consumerGroup;
    this.options = options;
  }

  /**
   * The pubsub on brokers that ask nobody for anything, as {@code host:port} with commas between.
   */
  public static KafkaPubSub at(String brokers) {
    return at(KafkaSettings.at(brokers));
  }

  /** The pubsub where the settings lead. */
  public static KafkaPubSub at(KafkaSettings settings) {
    return new KafkaPubSub(
        settings,
        settings.consumerGroup().orElse(null),
        new Options(HeaderRules.PLAIN, Redelivery.every(REDELIVERY), RETRY));
  }

  /**
   * The same pubsub, not yet open, in which a message that has failed comes again after this pause;
   * 5 s unless set.
   *
   * @throws IllegalArgumentException when shorter than a millisecond
   */
  public KafkaPubSub redeliverAfter(Duration pause) {
    if (pause.toMillis() < 1) {
      throw new IllegalArgumentException("a message comes again after 1 ms at least, not " + pause);
    }
    var limit = options.redelivery().limit();
    var redelivery = Redelivery.every(pause);
    return with(limit.skips() ? redelivery.skipAfter(limit.retries()) : redelivery);
  }

  /**
   * The same pubsub, not yet open, which gives up a message that has failed once and so many times
   * again, as Dapr does when its retries are spent: the message is lost. Otherwise its partition
   * waits for it; a dead letter topic is better than both.
   *
   * @throws IllegalArgumentException when negative
   */
  public KafkaPubSub skipAfter(int retries) {
    if (retries < 0) {
      throw new IllegalArgumentException("%d retries are too few".formatted(retries));
    }
    return with(options.redelivery().skipAfter(retries));
  }

  private KafkaPubSub with(Redelivery redelivery) {
    return new KafkaPubSub(
        settings, consumerGroup, new Options(options.headers(), redelivery, options.retry()));
  }

  @Override
  public String type() {
    return "pubsub.kafka";
  }

  @Override
  public @Nullable String consumerGroup() {
    return consumerGroup;
  }

  @Override
  public void open(ComponentContext context) {
    session = Session.open(settings, options, context);
    log.info("pubsub \"{}\" is connected to Kafka at {}", context.name(), settings);
  }

  @Override
  public void probe(Deadline deadline) {
    session().probe(deadline);
  }

  /**
   * Hands the event to Kafka and returns when as many brokers have it as {@code acks} asks for.
   *
   * @throws dev.pillion.CallTimeoutException when that takes longer than the deadline, or the
   *     producer's own {@code delivery.timeout.ms}; the event may still arrive
   * @throws ComponentException when Kafka refuses; an event that is too large is not transient
   */
  @Override
  public void publish(OutgoingMessage message, Deadline deadline) {
    session().publisher().publish(message, deadline);
  }

  @Override
  public Map<Integer, BuildingBlockException> publishAll(
      List<OutgoingMessage> messages, Deadline deadline) {
    return session().publisher().publishAll(messages, deadline);
  }

  /** Begins to take in; the topic need not be there yet, and the brokers neither. */
  @Override
  public Intake subscribe(TopicSubscription subscription, MessageReceiver receiver) {
    subscription.metadata().forEach(Publisher::requireNoSchema);
    return session().subscribe(subscription, receiver);
  }

  /**
   * How many offsets of its groups were gone from their partitions, since this was opened, before
   * they were read: at most so many messages. They are logged.
   */
  public long lostToRetention() {
    return session().lostToRetention();
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
      throw new IllegalStateException("the pubsub at %s is not open".formatted(settings));
    }
    return open;
  }

  /** Makes the pubsub from a Component of type {@code pubsub.kafka}. */
  public static final class Provider implements ComponentProvider {
    private static final String SCHEMAS =
        "there is no schema registry; publish bytes that the program has serialized, with rawPayload";

    /** For {@link java.util.ServiceLoader}. */
    public Provider() {}

    @Override
    public String type() {
      return "pubsub.kafka";
    }

    @Override
    public Component create(ComponentSpec spec) {
      var metadata = spec.metadata();
      metadata.unsupported("schemaRegistryURL", "", SCHEMAS);
      metadata.unsupported("useAvroJSON", "false", SCHEMAS);
      metadata.accept(
          "schemaRegistryAPIKey",
          "schemaRegistryAPISecret",
          "schemaCachingEnabled",
          "schemaLatestVersionCacheTTL");
      var options =
          new Options(HeaderRules.read(metadata), Redelivery.read(metadata), retry(metadata));
      var settings = KafkaSettings.read(metadata);
      var group = metadata.text("consumerGroup").map(String::strip).orElse("");
      return new KafkaPubSub(settings, group.isEmpty() ? null : group, options);
    }

    private static Duration retry(ComponentMetadata metadata) {
      var written = metadata.millis("consumeRetryInterval", RETRY);
      return written.isZero() || written.isNegative() ? RETRY : written;
    }
  }
}
