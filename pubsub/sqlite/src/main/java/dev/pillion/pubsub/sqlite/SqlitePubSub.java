// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.BuildingBlockException;
import dev.pillion.ComponentException;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.sqlite.SqliteDatabase;
import dev.pillion.connections.sqlite.SqliteSettings;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A broker in a SQLite file: topics, groups, order per key, redelivery and attempts that outlive
 * crashes, for all processes of one machine, without a server.
 *
 * <p>A publish returns after it was synced to the disk ({@code synchronous=FULL}); publishes that
 * come at the same time share one sync. Each event goes to one member of each group, at least once.
 * An in-memory database ({@code :memory:}) belongs to its component alone.
 */
public final class SqlitePubSub implements PubSubComponent {
  private static final Logger LOG = LoggerFactory.getLogger(SqlitePubSub.class);

  private final SqliteSettings settings;
  private final Pace pace;
  private final Ordering ordering;
  private final int concurrency;
  private final int queueDepth;
  private volatile @Nullable Opened opened;

  /** What there is while it is open. */
  private record Opened(
      SqliteDatabase database,
      ComponentContext context,
      EventLog events,
      Keeper keeper,
      ProcessPlace place) {}

  private SqlitePubSub(Builder builder) {
    settings = builder.settings;
    pace = new Pace(
        Objects.requireNonNullElse(builder.processingTimeout, Builder.PROCESSING_TIMEOUT),
        Objects.requireNonNullElse(builder.redeliverInterval, Builder.REDELIVER_INTERVAL),
        Objects.requireNonNullElse(builder.retention, Builder.RETENTION),
        Objects.requireNonNullElse(builder.pollInterval, Builder.POLL_INTERVAL));
    ordering = Objects.requireNonNullElse(builder.ordering, Ordering.KEY);
    concurrency = Objects.requireNonNullElse(builder.concurrency, Builder.CONCURRENCY);
    queueDepth = Objects.requireNonNullElse(builder.queueDepth, Builder.QUEUE_DEPTH);
  }

  /** A broker in this file, with the defaults; the file's directory must exist. */
  public static SqlitePubSub at(Path file) {
    return builder(SqliteSettings.at(file)).build();
  }

  /** A broker whose settings are given one by one. */
  public static Builder builder(SqliteSettings settings) {
    return new Builder(settings);
  }

  @Override
  public String type() {
    return "pubsub.sqlite";
  }

  @Override
  public void open(ComponentContext context) {
    var database = SqliteDatabase.open(settings, context.time());
    try {
      BrokerSchema.create(database, context.deadline());
      var place = ProcessPlace.ofThisProcess();
      var keeper = new Keeper(database, context, pace, place, new Signal());
      keeper.start();
      opened = new Opened(database, context, new EventLog(database, context.time()), keeper, place);
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
    LOG.info("pubsub \"{}\" is open on sqlite database \"{}\"", context.name(), database);
  }

  @Override
  public void probe(Deadline deadline) {
    var open = opened();
    open.database()
        .read(session -> Sql.number(session, "SELECT max(version) FROM pubsub_schema"), deadline);
    var trouble = open.keeper().trouble();
    if (trouble != null) {
      throw ComponentException.unavailable(
          "sqlite database \"%s\": %s".formatted(open.database(), trouble), null);
    }
  }

  @Override
  public void publish(OutgoingMessage message, Deadline deadline) {
    var open = opened();
    open.events().append(message, deadline);
    open.keeper().published(message.topic());
  }

  @Override
  public Map<Integer, BuildingBlockException> publishAll(
      List<OutgoingMessage> messages, Deadline deadline) {
    if (messages.isEmpty()) {
      return Map.of();
    }
    var open = opened();
    try {
      open.events().appendAll(messages, deadline);
    } catch (ComponentException e) {
      return e.isTransient()
          ? allFailed(messages.size(), e)
          // One of them is refused and took the others along: each by itself then.
          : PubSubComponent.super.publishAll(messages, deadline);
    } catch (BuildingBlockException e) {
      return allFailed(messages.size(), e);
    }
    open.keeper().published(messages.get(0).topic());
    return Map.of();
  }

  private static Map<Integer, BuildingBlockException> allFailed(
      int count, BuildingBlockException cause) {
    var failures = new LinkedHashMap<Integer, BuildingBlockException>();
    for (int i = 0; i < count; i++) {
      failures.put(i, cause);
    }
    return failures;
  }

  @Override
  public Intake subscribe(TopicSubscription subscription, MessageReceiver receiver) {
    var open = opened();
    subscription
        .metadataWithoutEffect()
        .forEach(text -> LOG.warn("pubsub \"{}\": {}", open.context().name(), text));
    // Before joining: after a crash its own last members need not be waited for.
    open.keeper().endThoseOfEndedProcesses();
    var membership = new Membership(open.context().time(), pace, open.place());
    membership.join(
        open.database(),
        open.events().topic(subscription.topic(), Deadline.none()),
        subscription.topic(),
        subscription.consumerId(),
        ordering);
    var handling = new SqliteIntake.Handling(
        receiver,
        subscription.concurrency() > 0 ? subscription.concurrency() : concurrency,
        queueDepth);
    var intake =
        new SqliteIntake(open.database(), open.context(), membership, handling, subscription);
    open.keeper().add(intake);
    intake.start();
    return intake;
  }

  @Override
  public void close() {
    var open = opened;
    if (open == null) {
      return;
    }
    var none = Deadline.after(Duration.ZERO, open.context().time());
    open.keeper().intakes().forEach(intake -> intake.close(none));
    open.keeper().close();
    open.keeper().intakes().forEach(SqliteIntake::abort);
    open.database().close();
  }

  private Opened opened() {
    var open = opened;
    if (open == null) {
      throw new IllegalStateException("sqlite database \"%s\" is not open".formatted(settings));
    }
    return open;
  }

  /** Settings beyond the connection. Each may be set once. */
  public static final class Builder {
    private static final Duration PROCESSING_TIMEOUT = Duration.ofSeconds(15);
    private static final Duration REDELIVER_INTERVAL = Duration.ofSeconds(15);
    private static final Duration RETENTION = Duration.ofHours(24);
    private static final Duration POLL_INTERVAL = Duration.ofMillis(40);
    private static final int CONCURRENCY = 10;
    private static final int QUEUE_DEPTH = 100;
    private static final int MOST = 10_000;
    private static final Duration MIN_PROCESSING_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration MIN_POLL_INTERVAL = Duration.ofMillis(1);
    private static final Duration MAX_POLL_INTERVAL = Duration.ofSeconds(10);

    private final SqliteSettings settings;
    private @Nullable Duration processingTimeout;
    private @Nullable Duration redeliverInterval;
    private @Nullable Duration retention;
    private @Nullable Duration pollInterval;
    private @Nullable Ordering ordering;
    private @Nullable Integer concurrency;
    private @Nullable Integer queueDepth;

    private Builder(SqliteSettings settings) {
      this.settings = settings;
    }

    /**
     * How long a process may not have renewed its hold on events before others take them; 15 s by
     * default, at least 1 s. A handler may take as long as it likes.
     */
    public Builder processingTimeout(Duration timeout) {
      requireUnset("processingTimeout", processingTimeout);
      processingTimeout =
          require("processingTimeout", timeout, MIN_PROCESSING_TIMEOUT, "1s or longer");
      return this;
    }

    /** The pause before an event whose delivery failed comes again; 15 s by default. */
    public Builder redeliverInterval(Duration interval) {
      requireUnset("redeliverInterval", redeliverInterval);
      redeliverInterval = require("redeliverInterval", interval, Duration.ZERO, "zero or longer");
      return this;
    }

    /** How long events are kept at least; 24 hours by default. Those not done stay longer. */
    public Builder retention(Duration keep) {
      requireUnset("retention", retention);
      retention = require("retention", keep, Duration.ZERO, "zero or longer");
      return this;
    }

    /**
     * How often other processes' events are looked for where the kernel does not tell of them; 40
     * ms by default, at most 10 s.
     */
    public Builder pollInterval(Duration interval) {
      requireUnset("pollInterval", pollInterval);
      if (interval.compareTo(MAX_POLL_INTERVAL) > 0) {
        throw new IllegalArgumentException(
            "pollInterval was %s but must be from 1ms to 10s".formatted(interval));
      }
      pollInterval = require("pollInterval", interval, MIN_POLL_INTERVAL, "from 1ms to 10s");
      return this;
    }

    /** In which order events are received; by key unless set. All processes set it alike. */
    public Builder ordering(Ordering order) {
      requireUnset("ordering", ordering);
      ordering = order;
      return this;
    }

    /**
     * How many messages (with a bulk subscription: batches) a subscription handles at a time, when
     * it does not say so itself; 10 by default.
     */
    public Builder concurrency(int number) {
      requireUnset("concurrency", concurrency);
      concurrency = require("concurrency", number);
      return this;
    }

    /** How many messages a subscription holds at most; 100 by default. */
    public Builder queueDepth(int number) {
      requireUnset("queueDepth", queueDepth);
      queueDepth = require("queueDepth", number);
      return this;
    }

    /** The broker, not yet open. */
    public SqlitePubSub build() {
      return new SqlitePubSub(this);
    }

    private static Duration require(String setting, Duration value, Duration min, String rule) {
      if (value.compareTo(min) < 0) {
        throw new IllegalArgumentException(
            "%s was %s but must be %s".formatted(setting, value, rule));
      }
      return value;
    }

    private static int require(String setting, int value) {
      if (value < 1 || value > MOST) {
        throw new IllegalArgumentException(
            "%s was %d but must be from 1 to %d".formatted(setting, value, MOST));
      }
      return value;
    }

    private static void requireUnset(String setting, @Nullable Object value) {
      if (value != null) {
        throw new IllegalStateException("%s was already set to %s".formatted(setting, value));
      }
    }
  }

  /** Makes the broker from a component of type {@code pubsub.sqlite}. */
  public static final class Provider implements ComponentProvider {
    @Override
    public String type() {
      return "pubsub.sqlite";
    }

    @Override
    public Component create(ComponentSpec spec) {
      var metadata = spec.metadata();
      return builder(SqliteSettings.read(metadata))
          .processingTimeout(duration(
              metadata,
              "processingTimeout",
              Builder.PROCESSING_TIMEOUT,
              Builder.MIN_PROCESSING_TIMEOUT))
          .redeliverInterval(
              duration(metadata, "redeliverInterval", Builder.REDELIVER_INTERVAL, Duration.ZERO))
          .retention(duration(metadata, "retention", Builder.RETENTION, Duration.ZERO))
          .pollInterval(pollInterval(metadata))
          .ordering(
              metadata.oneOf("ordering", "key", "key", "topic").equals("topic")
                  ? Ordering.TOPIC
                  : Ordering.KEY)
          .concurrency(metadata.integer("concurrency", Builder.CONCURRENCY, 1, Builder.MOST))
          .queueDepth(metadata.integer("queueDepth", Builder.QUEUE_DEPTH, 1, Builder.MOST))
          .build();
    }

    private static Duration pollInterval(ComponentMetadata metadata) {
      var interval =
          duration(metadata, "pollInterval", Builder.POLL_INTERVAL, Builder.MIN_POLL_INTERVAL);
      if (interval.compareTo(Builder.MAX_POLL_INTERVAL) > 0) {
        metadata.problem("\"pollInterval\" must be 10s or shorter");
        return Builder.POLL_INTERVAL;
      }
      return interval;
    }

    private static Duration duration(
        ComponentMetadata metadata, String key, Duration fallback, Duration min) {
      var value = metadata.duration(key, fallback);
      if (value.compareTo(min) < 0) {
        metadata.problem("\"%s\" must be %s or longer"
            .formatted(key, min.isZero() ? "0s" : min.toMillis() + "ms"));
        return fallback;
      }
      return value;
    }
  }
}
