// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.BuildingBlockException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.MessageReceiver;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the events of the internal topic: looks for the marker, forwards, deletes the marker.
 * Thread-safe.
 */
final class OutboxReceiver implements MessageReceiver {
  private static final Logger log = LoggerFactory.getLogger(OutboxReceiver.class);

  /** As long as Dapr waits for a marker: a second, then ten. */
  static final Duration PATIENCE = Duration.ofSeconds(11);

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(3);

  private final OutboxRoute route;
  private final Outbox.Markers markers;
  private final TimeSource time;
  private final Consumer<OutboxEnvelope.Waiting> forward;
  private final Set<CountDownLatch> pauses = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  private enum Found {
    YES,
    NO,
    ENDED
  }

  OutboxReceiver(
      OutboxRoute route,
      Outbox.Markers markers,
      TimeSource time,
      Consumer<OutboxEnvelope.Waiting> forward) {
    this.route = route;
    this.markers = markers;
    this.time = time;
    this.forward = forward;
  }

  /** Ends every pause; what waits in one is released. */
  void close() {
    closed = true;
    pauses.forEach(CountDownLatch::countDown);
  }

  @Override
  public Disposition receive(Message message) {
    if (closed) {
      return Disposition.RELEASE;
    }
    try {
      var event = OutboxEnvelope.Waiting.read(message);
      return switch (awaitMarker(event)) {
        case ENDED -> Disposition.RELEASE;
        case NO -> missing(event, message);
        case YES -> {
          forward.accept(event);
          delete(event);
          yield Disposition.ACKNOWLEDGE;
        }
      };
    } catch (RuntimeException e) {
      if (closed) {
        return Disposition.RELEASE;
      }
      report(message, "an event of the outbox of \"{}\" will be delivered again: {}", e);
      return Disposition.REDELIVER;
    }
  }

  /**
   * Looks for the marker until it is there, or for as long as Dapr does.
   *
   * @throws BuildingBlockException when the store did not answer in all that time: a missing answer
   *     is no missing marker
   */
  private Found awaitMarker(OutboxEnvelope.Waiting event) {
    var deadline = Deadline.after(PATIENCE, time);
    var pause = FIRST_PAUSE;
    while (true) {
      BuildingBlockException failure = null;
      try {
        if (markers.isThere(event.marker())) {
          return Found.YES;
        }
      } catch (BuildingBlockException e) {
        failure = e;
      }
      if (deadline.hasPassed()) {
        if (failure != null) {
          throw failure;
        }
        return Found.NO;
      }
      if (!pause(pause)) {
        return Found.ENDED;
      }
      pause = longer(pause);
    }
  }

  private Disposition missing(OutboxEnvelope.Waiting event, Message message) {
    if (route.discardWhenMissingState()) {
      log.warn(
          "the event \"{}\" of the outbox of \"{}\" is discarded: its transaction was not applied",
          event.marker(),
          route.store());
      return Disposition.ACKNOWLEDGE;
    }
    report(
        message,
        "an event of the outbox of \"{}\" will be delivered again: its transaction is not applied ({})",
        null);
    return Disposition.REDELIVER;
  }

  private void delete(OutboxEnvelope.Waiting event) {
    var deadline = Deadline.after(PATIENCE, time);
    var pause = FIRST_PAUSE;
    while (true) {
      try {
        markers.delete(event.marker());
        return;
      } catch (BuildingBlockException e) {
        if (deadline.hasPassed() || !pause(pause)) {
          throw e;
        }
        pause = longer(pause);
      }
    }
  }

  private static Duration longer(Duration pause) {
    var next = pause.multipliedBy(3);
    return next.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : next;
  }

  /** Waits so long; false when the end came first. */
  private boolean pause(Duration duration) {
    var over = new CountDownLatch(1);
    pauses.add(over);
    var timer = time.schedule(duration, over::countDown);
    try {
      if (!closed) {
        over.await();
      }
      return !closed;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      timer.cancel();
      pauses.remove(over);
    }
  }

  /** Once an event loudly: one without a transaction comes for ever. */
  private void report(Message message, String text, @Nullable Throwable e) {
    var reason = e == null ? route.publishTopic() : e.getMessage();
    if (message.isRedelivered()) {
      log.debug(text, route.store(), reason);
    } else {
      log.warn(text, route.store(), reason);
    }
  }

  @Override
  public List<Disposition> receiveAll(List<Message> messages) {
    return messages.stream().map(this::receive).toList();
  }

  @Override
  public void revoke(Message message) {
    // Whoever has the event now finds the marker gone, or forwards it a second time.
  }
}
