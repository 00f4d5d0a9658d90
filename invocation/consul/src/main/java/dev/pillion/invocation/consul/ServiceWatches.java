// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.consul;

import dev.pillion.BuildingBlockException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.spi.PeerAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The apps that were found, kept up to date by one blocking query each ({@code useCache}). A watch
 * ends when its app has no instance any more, or when it fails: then the next call asks.
 * Thread-safe.
 */
final class ServiceWatches implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ServiceWatches.class);
  private static final Duration WAIT = Duration.ofMinutes(5);

  /** What Consul may add to the wait, and the way there and back. */
  private static final Duration MARGIN = Duration.ofSeconds(30);

  /** So that an app that changes all the time costs no more than this many queries a second. */
  private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(100);

  private final Agent agent;
  private final Lookup lookup;
  private final String portKey;
  private final Duration wait;
  private final ComponentContext context;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition closing = lock.newCondition();
  private final Map<String, List<PeerAddress>> found = new HashMap<>();
  private final Map<String, Thread> threads = new HashMap<>();
  private boolean closed;

  ServiceWatches(
      Agent agent,
      Lookup lookup,
      String portKey,
      @Nullable Duration clientWait,
      ComponentContext context) {
    this.agent = agent;
    this.lookup = lookup;
    this.portKey = portKey;
    this.context = context;
    var own = lookup.waitTime();
    wait = Objects.requireNonNullElse(own == null ? clientWait : own, WAIT);
  }

  /** What is known of a watched app; null when it is not watched. */
  @Nullable
  List<PeerAddress> known(String appId) {
    lock.lock();
    try {
      return found.get(appId);
    } finally {
      lock.unlock();
    }
  }

  void watch(String appId, List<PeerAddress> addresses, long index) {
    lock.lock();
    try {
      if (!closed && index > 0 && !found.containsKey(appId)) {
        found.put(appId, addresses);
        threads.put(
            appId,
            context
                .threads()
                .start("nameresolution/" + context.name() + "/" + appId, () -> run(appId, index)));
      }
    } finally {
      lock.unlock();
    }
  }

  private void run(String appId, long start) {
    long index = start;
    try {
      while (pause()) {
        var answer = agent.changed(
            appId,
            lookup,
            index,
            wait,
            Deadline.after(wait.plus(wait.dividedBy(16)).plus(MARGIN), context.time()));
        var addresses = Services.addresses(appId, portKey, answer.body());
        // An index that goes back means that Consul's was reset.
        index = answer.index() < index ? 0 : answer.index();
        if (addresses.isEmpty() || !keep(appId, addresses)) {
          return;
        }
      }
    } catch (BuildingBlockException e) {
      LOG.debug("the watch on app {} has ended", appId, e);
    } finally {
      end(appId);
    }
  }

  private boolean pause() {
    lock.lock();
    try {
      for (long left = PAUSE; left > 0 && !closed; ) {
        left = closing.awaitNanos(left);
      }
      return !closed;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  private boolean keep(String appId, List<PeerAddress> addresses) {
    lock.lock();
    try {
      found.put(appId, addresses);
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  private void end(String appId) {
    lock.lock();
    try {
      found.remove(appId);
      threads.remove(appId);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      closing.signalAll();
      threads.values().forEach(Thread::interrupt);
    } finally {
      lock.unlock();
    }
  }
}
