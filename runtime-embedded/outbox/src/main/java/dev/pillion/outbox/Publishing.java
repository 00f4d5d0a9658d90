// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import dev.pillion.BuildingBlockException;
import dev.pillion.BulkException;
import dev.pillion.CallRejectedException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.Topic;
import dev.pillion.runtime.EmbeddedRuntime;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes the events of one batch, in rounds: of each key one event a round, so that none begins
 * before the broker has the one before it. One thread only.
 */
final class Publishing {
  private static final Logger log = LoggerFactory.getLogger(Publishing.class);
  private static final Duration FIRST_HOLD = Duration.ofSeconds(1);
  private static final int LONGEST_HOLD_DOUBLINGS = 8;

  private final EmbeddedRuntime runtime;
  private final Outages outages;
  private final List<OutboxRow> rows;
  private final BooleanSupplier mayGoOn;
  private final Outcome outcome;

  private record Target(String pubsub, String topic) {}

  /**
   * One batch.
   *
   * @param mayGoOn asked between rounds; what is left is let go when it says no
   */
  Publishing(
      EmbeddedRuntime runtime, Outages outages, List<OutboxRow> rows, BooleanSupplier mayGoOn) {
    this.rows = rows;
    this.outcome = new Outcome(rows.size());
    this.runtime = runtime;
    this.outages = outages;
    this.mayGoOn = mayGoOn;
  }

  Outcome publish() {
    var targets = new LinkedHashMap<Target, List<OutboxRow>>();
    for (var row : rows) {
      targets
          .computeIfAbsent(
              new Target(row.event().pubsub(), row.event().topic()), t -> new ArrayList<>())
          .add(row);
    }
    targets.forEach(this::publish);
    return outcome;
  }

  private void publish(Target target, List<OutboxRow> ofTarget) {
    // A row without a key is a queue of its own.
    var queues = new LinkedHashMap<Object, Deque<OutboxRow>>();
    for (var row : ofTarget) {
      var key = row.event().key();
      queues
          .computeIfAbsent(key == null ? (Object) row.id() : key, k -> new ArrayDeque<>())
          .add(row);
    }
    while (!queues.isEmpty() && !outages.isAway(target.pubsub) && mayGoOn.getAsBoolean()) {
      var round = new LinkedHashMap<Object, OutboxRow>();
      queues.forEach((key, queue) -> round.put(key, queue.remove()));
      var failures = round(target, List.copyOf(round.values()));
      round.forEach((key, row) -> {
        var failure = failures.get(row.id());
        if (failure == null) {
          outcome.done(row);
        } else {
          failed(row, failure);
          // What is behind it waits for it.
          queues.remove(key);
        }
      });
      queues.values().removeIf(Deque::isEmpty);
    }
  }

  private void failed(OutboxRow row, RuntimeException e) {
    var event = row.event();
    if (isTransient(e)) {
      outages.failed(event.pubsub(), e);
      return;
    }
    var hold = FIRST_HOLD.multipliedBy(1L << Math.min(row.attempts(), LONGEST_HOLD_DOUBLINGS));
    outcome.refused(row, runtime.time().now().plus(hold));
    if (row.attempts() == 0) {
      log.warn(
          "the event {} of the outbox can't be published to {}/{}; it is tried again, and what has its key waits: {}",
          row.id(),
          event.pubsub(),
          event.topic(),
          e.getMessage(),
          e);
    } else {
      log.debug("the event {} of the outbox is refused again: {}", row.id(), e.getMessage());
    }
  }

  /** Whether the same event may pass later; else something is wrong with this one. */
  private static boolean isTransient(RuntimeException e) {
    if (e instanceof ComponentException component) {
      return component.isTransient();
    }
    // The runtime closes, or the component has: nothing is wrong with the event.
    return e instanceof CallTimeoutException
        || e instanceof CallRejectedException
        || e instanceof IllegalStateException;
  }

  /** Publishes events of one topic; returns the failures by row. */
  private Map<Long, RuntimeException> round(Target target, List<OutboxRow> heads) {
    var failures = new LinkedHashMap<Long, RuntimeException>();
    Topic topic;
    try {
      topic = runtime.topic(target.pubsub, target.topic);
    } catch (RuntimeException e) {
      heads.forEach(row -> failures.put(row.id(), e));
      return failures;
    }
    var together = new ArrayList<OutboxRow>();
    for (var row : heads) {
      if (heads.size() == 1 || row.event().mayBeRaw()) {
        single(topic, row, failures);
      } else {
        together.add(row);
      }
    }
    if (!together.isEmpty()) {
      bulk(topic, together, failures);
    }
    if (failures.size() < heads.size()) {
      outages.worked(target.pubsub);
    }
    return failures;
  }

  private static void single(Topic topic, OutboxRow row, Map<Long, RuntimeException> failures) {
    try {
      topic.publish(row.event().data(), options(row.event()));
    } catch (RuntimeException e) {
      failures.put(row.id(), e);
    }
  }

  private static void bulk(
      Topic topic, List<OutboxRow> rows, Map<Long, RuntimeException> failures) {
    try {
      topic.bulk(events -> rows.forEach(row ->
          events.publish(Long.toString(row.id()), row.event().data(), options(row.event()))));
    } catch (BulkException e) {
      Map<String, BuildingBlockException> failed = e.failures();
      rows.forEach(row -> {
        var failure = failed.get(Long.toString(row.id()));
        if (failure != null) {
          failures.put(row.id(), failure);
        }
      });
    } catch (BuildingBlockException | IllegalStateException e) {
      rows.forEach(row -> failures.put(row.id(), e));
    } catch (RuntimeException e) {
      // One of them is malformed and took the others along: each by itself then.
      rows.forEach(row -> single(topic, row, failures));
    }
  }

  private static PublishOptions options(OutboxEvent event) {
    return PublishOptions.defaults().contentType(event.contentType()).metadata(event.metadata());
  }
}
