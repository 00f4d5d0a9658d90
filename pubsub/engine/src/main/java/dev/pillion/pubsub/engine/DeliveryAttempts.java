// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.CallRejectedException;
import dev.pillion.CallTimeoutException;
import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.NotHandledException;
import dev.pillion.pubsub.spi.Disposition;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The attempts of the messages of one path, one after the other: each a start of the handler within
 * the call chain, whose policies repeat it with what is left. Used by one thread.
 */
final class DeliveryAttempts {
  private static final String PARENT = "traceparent";

  private final Surroundings around;
  private final NamedPubSub pubsub;
  private final String topic;
  private final DeliveryLoop loop;
  private final Subscriber subscriber;
  private final PathHandler handler;
  private final String path;
  private final RunningDelivery running;

  DeliveryAttempts(
      Surroundings around,
      NamedPubSub pubsub,
      String topic,
      DeliveryLoop loop,
      Subscriber subscriber,
      PathHandler handler,
      String path,
      RunningDelivery running) {
    this.around = around;
    this.pubsub = pubsub;
    this.topic = topic;
    this.loop = loop;
    this.subscriber = subscriber;
    this.handler = handler;
    this.path = path;
    this.running = running;
  }

  /** Runs them; each message is then settled, or failed, or neither when a stop came before it. */
  void run(List<Tracked> messages) {
    var call = Call.inbound(
        "pubsub",
        pubsub.target(topic),
        subscriber.isBulk() ? "bulkDeliver" : "deliver",
        true,
        CallContext.of(Deadline.none(), trace(messages)));
    int limit = subscriber.deadLetterTopic() == null ? 0 : around.attempts().applyAsInt(call);
    try {
      around.calls().run(call, inner -> {
        attempt(messages, limit, inner);
        return true;
      });
    } catch (NotHandledException e) {
      // Whoever found nothing to try, or nobody to try it, has said what becomes of the messages.
    } catch (Exception e) {
      for (var message : messages) {
        if (!message.isSettled() && message.failure() == null) {
          // A breaker is open, or the runtime closes: nothing was attempted, nothing is judged.
          message.postpone();
        } else if (isRefused(e, message) && (limit == 0 || message.attempts() < limit)) {
          // A breaker has opened since the last attempt: what is left is for later.
          message.redeliver();
        } else if (e instanceof CallTimeoutException && !message.isSettled()) {
          // Says more than the interrupt that the handler met.
          message.failed(e);
        }
      }
    } finally {
      running.working();
    }
  }

  /** Whether policies have let no further attempt begin; a handler's own calls may be, too. */
  private static boolean isRefused(Exception e, Tracked message) {
    return e instanceof CallRejectedException && e != message.failure();
  }

  /** The trace of a single event; a batch has many. */
  private static Map<String, String> trace(List<Tracked> messages) {
    if (messages.size() > 1) {
      return Map.of();
    }
    var event = messages.get(0).event();
    if (event.traceparent().isEmpty()) {
      return Map.of();
    }
    return event.tracestate().isEmpty()
        ? Map.of(PARENT, event.traceparent())
        : Map.of(PARENT, event.traceparent(), "tracestate", event.tracestate());
  }

  private void attempt(List<Tracked> messages, int limit, Call call) throws Exception {
    var left = new ArrayList<Tracked>(messages.size());
    for (var message : messages) {
      // What an earlier process has begun counts: a message that kills its process must come to an
      // end.
      if (!message.isSettled() && (limit == 0 || message.attempts() < limit)) {
        left.add(message);
      } else if (!message.isSettled() && message.failure() == null) {
        message.failed(
            new DeliveryFailedException("attempts had begun before, %d, and none has come to an end"
                .formatted(message.attempts())));
      }
    }
    if (left.isEmpty()) {
      throw notBegun("no attempt is left", messages);
    }
    if (running.isStopped()) {
      throw notBegun("the delivery has been stopped", messages);
    }
    // No interrupt of a stop may meet what talks to the broker.
    running.working();
    left.removeIf(message -> !message.begin());
    if (left.isEmpty()) {
      throw notBegun("no attempt could be put on record", messages);
    }
    if (!running.begin()) {
      left.forEach(Tracked::takeBack);
      throw notBegun("the delivery has been stopped", messages);
    }
    List<DeliveryResult> results;
    try {
      results = handle(left, call);
    } catch (Exception e) {
      running.working();
      if (e instanceof NotHandledException) {
        running.stop();
      }
      left.forEach(message -> failed(message, e));
      running.between();
      throw e;
    }
    running.working();
    settle(left, results);
  }

  /** Tells the policies that nothing was tried, which is no success. */
  private static NotHandledException notBegun(String reason, List<Tracked> messages) {
    var none = new NotHandledException(reason);
    for (var message : messages) {
      var failure = message.failure();
      if (failure != null) {
        none.addSuppressed(failure);
      }
    }
    return none;
  }

  /** An attempt that ended under a stop is not held against the message. */
  private void failed(Tracked message, Exception cause) {
    if (running.isStopped()) {
      message.takeBack();
    }
    message.failed(cause);
  }

  private List<DeliveryResult> handle(List<Tracked> left, Call call) throws Exception {
    var items = new ArrayList<EventSink.Item>(left.size());
    for (var message : left) {
      var delivery = new HandedDelivery(pubsub.name(), topic, path, message, call.context());
      items.add(new EventSink.Item(message.event(), delivery));
    }
    try {
      return handler.sink().handle(items);
    } catch (Error e) {
      // The attempt has failed, whatever the reason; the thread that brings events must not end.
      throw new DeliveryFailedException("the handler failed with " + e, e);
    } finally {
      // What a handler leaves behind would end the broker's wait for the next event.
      Thread.interrupted();
    }
  }

  private void settle(List<Tracked> left, @Nullable List<DeliveryResult> results)
      throws DeliveryFailedException {
    var given = new IdentityHashMap<Tracked, DeliveryResult>();
    for (int i = 0; results != null && i < Math.min(left.size(), results.size()); i++) {
      given.put(left.get(i), results.get(i));
    }
    var refused = loop.drop(
        subscriber,
        left.stream()
            .filter(message -> given.get(message) == DeliveryResult.DROP)
            .toList());
    DeliveryFailedException first = null;
    for (var message : left) {
      var failure = failure(given.get(message), refused.get(message));
      if (failure == null) {
        message.settle(Disposition.ACKNOWLEDGE);
      } else {
        failed(message, failure);
        first = first == null ? failure : first;
      }
    }
    if (first != null) {
      running.between();
      throw first;
    }
  }

  /** @param refused why the dead letter topic did not take what was dropped */
  private static @Nullable DeliveryFailedException failure(
      @Nullable DeliveryResult result, @Nullable RuntimeException refused) {
    if (result == null) {
      return new DeliveryFailedException("the handler gave no outcome");
    }
    return switch (result) {
      case SUCCESS -> null;
      case RETRY -> new DeliveryFailedException("the handler asked for another attempt");
      case DROP ->
        refused == null
            ? null
            : new DeliveryFailedException(
                "the event was dropped, but the dead letter topic does not take it", refused);
    };
  }
}
