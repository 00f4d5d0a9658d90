// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import dev.pillion.BuildingBlockException;
import dev.pillion.HandlerRegistration;
import dev.pillion.NoSuchComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.InvocationException;
import dev.pillion.pubsub.BulkHandler;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.Delivery;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.SubscriptionDeclaration;
import dev.pillion.pubsub.TopicForbiddenException;
import dev.pillion.runtime.EmbeddedRuntime;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a runtime takes in for a program: at most one subscription for a topic. Thread-safe. */
final class AppIntake implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(AppChannel.class);
  private static final Set<String> TRUE = Set.of("1", "t", "T", "TRUE", "true", "True");
  private static final long GRACE = TimeUnit.SECONDS.toNanos(1);

  private final AppChannel channel;
  private final AppEvents events;
  private final String app;
  private final EmbeddedRuntime runtime;
  private final Runnable lost;

  /** Held while subscriptions begin and end, which may take as long as a broker needs. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Map<Pair, Taken> taken = new LinkedHashMap<>();
  private final Set<SubscriptionDeclaration> refused = new HashSet<>();
  private boolean closed;

  private record Pair(String pubsub, String topic) {}

  private record Taken(SubscribeOptions options, HandlerRegistration registration) {}

  /** @param lost told when a delivery finds that the program is not there */
  AppIntake(
      AppChannel channel, AppEvents events, String app, EmbeddedRuntime runtime, Runnable lost) {
    this.channel = channel;
    this.events = events;
    this.app = app;
    this.runtime = runtime;
    this.lost = lost;
  }

  /** Whether the runtime has any pubsub at all; a program is not asked for nothing. */
  boolean isPossible() {
    try {
      runtime.topic("", "-");
      return true;
    } catch (NoSuchComponentException e) {
      return e.anyConfigured();
    }
  }

  /**
   * Takes in what is declared and what the program has asked for, which wins, and nothing else.
   *
   * @return whether all of it is, as far as asking again could help
   */
  boolean take(List<SubscriptionDeclaration> requested) {
    var wanted = new LinkedHashMap<Pair, SubscriptionDeclaration>();
    runtime.subscriptions().forEach(one -> wanted.put(pair(one), one));
    requested.forEach(one -> wanted.put(pair(one), one));
    lock.lock();
    try {
      if (closed) {
        return true;
      }
      taken.entrySet().removeIf(entry -> isEnded(entry.getValue(), wanted.get(entry.getKey())));
      boolean complete = true;
      for (var one : wanted.entrySet()) {
        var pair = one.getKey();
        var has = taken.get(pair);
        if (has != null && has.options.equals(one.getValue().options())) {
          has.registration.resume();
          continue;
        }
        complete &= begin(pair, one.getValue(), requested.contains(one.getValue()));
        if (has != null) {
          // After the new one has joined: what waits for the group is not left to nobody.
          has.registration.close();
          taken.remove(pair, has);
        }
      }
      return complete;
    } finally {
      lock.unlock();
    }
  }

  private static Pair pair(SubscriptionDeclaration one) {
    return new Pair(one.pubsub(), one.topic());
  }

  /** Ends what is wanted no more, or is to be taken in from the broker in another way. */
  private static boolean isEnded(Taken has, @Nullable SubscriptionDeclaration wanted) {
    if (wanted != null
        && wanted.options().metadata().equals(has.options.metadata())
        && Objects.equals(wanted.options().bulk(), has.options.bulk())) {
      return false;
    }
    has.registration.close();
    return true;
  }

  private boolean begin(Pair pair, SubscriptionDeclaration wanted, boolean asked) {
    try {
      taken.put(pair, new Taken(wanted.options(), subscribe(wanted)));
      refused.remove(wanted);
      return true;
    } catch (NoSuchComponentException | TopicForbiddenException | IllegalArgumentException e) {
      refused(wanted, asked, e);
      return true;
    } catch (BuildingBlockException e) {
      log.warn(
          "{} is not subscribed to {}/{} yet, which is tried again: {}",
          app,
          wanted.pubsub(),
          wanted.topic(),
          e.getMessage());
      return false;
    }
  }

  /** Trying again won't help: it is told once. */
  private void refused(SubscriptionDeclaration wanted, boolean asked, RuntimeException e) {
    if (!refused.add(wanted)) {
      return;
    }
    if (asked) {
      log.error(
          "{} asks for {}/{}, to which it can't be subscribed: {}",
          app,
          wanted.pubsub(),
          wanted.topic(),
          e.getMessage());
    } else if (e instanceof IllegalArgumentException) {
      log.info(
          "{} does not get {}/{} of the subscription \"{}\": {}",
          app,
          wanted.pubsub(),
          wanted.topic(),
          wanted.name(),
          e.getMessage());
    } else {
      log.warn(
          "nobody takes the subscription \"{}\", {} can't: {}", wanted.name(), app, e.getMessage());
    }
  }

  private HandlerRegistration subscribe(SubscriptionDeclaration wanted) {
    var options = wanted.options().forApp(app);
    boolean raw = TRUE.contains(options.metadata().getOrDefault("rawPayload", ""));
    return options.bulk() == null
        ? runtime.subscribe(wanted.pubsub(), wanted.topic(), byte[].class, options, this::deliver)
        : runtime.subscribeBulk(
            wanted.pubsub(),
            wanted.topic(),
            byte[].class,
            options,
            entries -> deliverAll(entries, raw));
  }

  private DeliveryResult deliver(CloudEvent<byte[]> event, Delivery delivery) {
    return noticing(() -> events.deliver(channel, event, delivery));
  }

  private List<DeliveryResult> deliverAll(List<BulkHandler.Entry<byte[]>> entries, boolean raw) {
    return noticing(() -> events.deliverAll(channel, entries, raw));
  }

  private <T> T noticing(Supplier<T> delivery) {
    try {
      return delivery.get();
    } catch (InvocationException e) {
      switch (e.reason()) {
        case NOT_LISTENING, CLOSED -> lost.run();
        default -> {}
      }
      throw e;
    }
  }

  /** Lets nothing begin any more, until something is taken in again. */
  void pause() {
    lock.lock();
    try {
      taken.values().forEach(one -> one.registration.pause());
    } finally {
      lock.unlock();
    }
  }

  /** Drains all of them side by side. */
  @Override
  public void close() {
    List<Taken> left;
    lock.lock();
    try {
      closed = true;
      left = List.copyOf(taken.values());
      taken.clear();
    } finally {
      lock.unlock();
    }
    left.forEach(one -> one.registration.pause());
    var ended = new CountDownLatch(left.size());
    left.forEach(one -> {
      Runnable end = () -> {
        try {
          one.registration.close();
        } finally {
          ended.countDown();
        }
      };
      try {
        runtime.threads().execute("app-subscriptions", end);
      } catch (BuildingBlockException | IllegalStateException e) {
        end.run();
      }
    });
    var deadline = Deadline.after(runtime.drainTimeout(), runtime.time());
    try {
      if (!ended.await(Math.max(0, deadline.remainingNanos()) + GRACE, TimeUnit.NANOSECONDS)) {
        log.warn("deliveries to {} have not ended in time", app);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
