// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.ComponentException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.kafka.KafkaSettings;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/** The pubsub while it is open: a producer, and a consumer for each topic taken in. Thread-safe. */
final class Session implements AutoCloseable {
  private static final Duration CLOSE = Duration.ofSeconds(5);
  private static final Duration ANSWER = Duration.ofSeconds(30);

  /** How many partitions of a topic are handed over at a time, unless the subscription says. */
  private static final int CONCURRENCY = 64;

  private final KafkaSettings settings;
  private final KafkaPubSub.Options options;
  private final ComponentContext context;
  private final Admin admin;
  private final Publisher publisher;
  private final LongAdder lostToRetention = new LongAdder();
  private final List<TopicIntake> intakes = new CopyOnWriteArrayList<>();

  private Session(
      KafkaSettings settings,
      KafkaPubSub.Options options,
      ComponentContext context,
      Admin admin,
      Publisher publisher) {
    this.settings = settings;
    this.options = options;
    this.context = context;
    this.admin = admin;
    this.publisher = publisher;
  }

  /** Makes the clients and asks the brokers for a sign of life. */
  static Session open(KafkaSettings settings, KafkaPubSub.Options options, ComponentContext with) {
    @Nullable Admin admin = null;
    try {
      admin = Admin.create(settings.admin());
      probe(admin, settings, with.deadline());
      return new Session(
          settings, options, with, admin, new Publisher(settings, options.headers(), with.time()));
    } catch (KafkaException e) {
      close(admin);
      throw notMade(settings, e);
    } catch (RuntimeException e) {
      close(admin);
      throw e;
    }
  }

  private static void close(@Nullable Admin admin) {
    if (admin != null) {
      admin.close(Duration.ZERO);
    }
  }

  private static ComponentException notMade(KafkaSettings settings, KafkaException failure) {
    var message = "no client of Kafka at %s can be made: %s"
        .formatted(settings, KafkaFailures.reason(failure));
    // A name that can't be resolved now may be known later; other settings stay wrong.
    return failure instanceof ConfigException || failure.getCause() instanceof ConfigException
        ? message.contains("resolvable")
            ? ComponentException.unavailable(message, failure)
            : ComponentException.failed(message, failure)
        : ComponentException.failed(message, failure);
  }

  Publisher publisher() {
    return publisher;
  }

  /** Asks the brokers, then the topics that are taken in. */
  void probe(Deadline deadline) {
    probe(admin, settings, deadline);
    for (var intake : intakes) {
      var trouble = intake.trouble();
      if (trouble != null) {
        throw ComponentException.unavailable(trouble, null);
      }
    }
  }

  private static void probe(Admin admin, KafkaSettings settings, Deadline deadline) {
    var what = "reaching Kafka at " + settings;
    long nanos = Math.max(1, deadline.remainingNanos(ANSWER.toNanos()));
    int millis = (int) Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos));
    try {
      admin
          .describeCluster(new DescribeClusterOptions().timeoutMs(millis))
          .nodes()
          .get(nanos, TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      var cause = e.getCause() == null ? e : e.getCause();
      var message = what + " failed: " + KafkaFailures.reason(cause);
      throw cause instanceof AuthenticationException || cause instanceof AuthorizationException
          ? ComponentException.failed(message, cause)
          : ComponentException.unavailable(message, cause);
    } catch (TimeoutException e) {
      throw ComponentException.unavailable(what + " took too long", e);
    } catch (InterruptedException e) {
      throw KafkaFailures.interrupted(what, e);
    }
  }

  Intake subscribe(TopicSubscription subscription, MessageReceiver receiver) {
    int limit = subscription.concurrency() > 0 ? subscription.concurrency() : CONCURRENCY;
    var name = "pubsub/" + context.name() + "/" + subscription.topic();
    var dispatcher = new Dispatcher(context.threads(), context.time(), name, limit);
    var properties = settings.consumer();
    properties.put(ConsumerConfig.GROUP_ID_CONFIG, subscription.consumerId());
    var beginnings = Beginnings.take(properties, context.time(), lostToRetention);
    TopicIntake intake;
    try {
      intake = new TopicIntake(
          context,
          subscription.topic(),
          () -> new KafkaConsumer<>(
              properties, new ByteArrayDeserializer(), new ByteArrayDeserializer()),
          new TopicWatch(subscription.topic(), () -> id(subscription.topic()), context.time()),
          options.retry(),
          made -> {
            var rules = new IntakeRules(
                options.headers(),
                options.redelivery(),
                subscription.bulk(),
                context.time(),
                made::isHeld);
            return new Assignment(
                new PartitionQueue.Surroundings(rules, receiver, dispatcher, made.commits()),
                beginnings,
                context.time());
          });
    } catch (KafkaException e) {
      throw notMade(settings, e);
    }
    intakes.removeIf(TopicIntake::isOverAndDone);
    intakes.add(intake);
    intake.start();
    return intake;
  }

  private KafkaFuture<Uuid> id(String topic) {
    return admin
        .describeTopics(List.of(topic))
        .allTopicNames()
        .thenApply(found -> found.values().iterator().next().topicId());
  }

  /** How many offsets were gone before they were read. */
  long lostToRetention() {
    return lostToRetention.sum();
  }

  @Override
  public void close() {
    var deadline = Deadline.after(CLOSE, context.time());
    intakes.forEach(intake -> intake.close(deadline));
    publisher.close();
    admin.close(CLOSE);
  }
}
