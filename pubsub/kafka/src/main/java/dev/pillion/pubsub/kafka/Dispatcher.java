// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.CallRejectedException;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives partitions that have something to hand over to a bounded number of workers, in turn. A
 * worker takes a partition as a whole, so none has two at a time. Thread-safe.
 */
final class Dispatcher {
  private static final Logger log = LoggerFactory.getLogger(Dispatcher.class);
  private static final Duration BUSY = Duration.ofMillis(100);

  /** So many messages of one partition before another gets its turn. */
  private static final int SLICE = 64;

  private final Threads threads;
  private final TimeSource time;
  private final String name;
  private final int limit;
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<PartitionQueue> ready = new ArrayDeque<>();
  private int workers;

  Dispatcher(Threads threads, TimeSource time, String name, int limit) {
    this.threads = threads;
    this.time = time;
    this.name = name;
    this.limit = limit;
  }

  /** Takes a partition that is in nobody's hands. */
  void add(PartitionQueue queue) {
    lock.lock();
    try {
      ready.addLast(queue);
      if (workers == limit) {
        return;
      }
      workers++;
    } finally {
      lock.unlock();
    }
    startWorker();
  }

  private void startWorker() {
    try {
      threads.execute(name, this::work);
    } catch (CallRejectedException e) {
      log.warn("{} waits for a thread: {}", name, e.getMessage());
      time.schedule(BUSY, this::startWorker);
    } catch (IllegalStateException e) {
      // The runtime's threads have ended: so has this intake, in all but name.
      log.debug("{} ends with its threads", name, e);
    }
  }

  private void work() {
    for (var queue = next(); queue != null; queue = next()) {
      try {
        handle(queue);
      } catch (RuntimeException | Error e) {
        // A worker that ended here would keep its partition for ever.
        log.error("handing over messages of {} failed unexpectedly", name, e);
      } finally {
        queue.handled();
      }
    }
  }

  private void handle(PartitionQueue queue) {
    int handled = 0;
    boolean more = true;
    while (more) {
      more = queue.handle() && (++handled < SLICE || isAlone());
    }
  }

  private boolean isAlone() {
    lock.lock();
    try {
      return ready.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  private @Nullable PartitionQueue next() {
    lock.lock();
    try {
      var queue = ready.pollFirst();
      if (queue == null) {
        workers--;
      }
      return queue;
    } finally {
      lock.unlock();
    }
  }
}
