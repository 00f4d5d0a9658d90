// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.CallTimeoutException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.NotHandledException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The events of one stream that are on their way, by what callers know them by: the event's id.
 * Several of one id are answered in the order in which they were sent; of those without an id,
 * which nobody could tell apart, one is on its way at a time. Thread-safe.
 */
final class Awaited {
  /** How many events are with the caller at a time. */
  static final int MOST = 100;

  private static final long PULSE = TimeUnit.SECONDS.toNanos(1);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<String, Deque<Reply>> byId = new HashMap<>();
  private int size;
  private boolean gone;

  /** What a caller says of one event. */
  static final class Reply {
    private final String id;
    private @Nullable DeliveryResult result;

    private Reply(String id) {
      this.id = id;
    }
  }

  /**
   * Makes room for an event; to be followed by {@link #await}.
   *
   * @throws NotHandledException when the caller is gone
   * @throws CallTimeoutException when there is no room before the deadline
   */
  Reply expect(String id, Deadline deadline) throws NotHandledException, InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!gone && (size >= MOST || (id.isEmpty() && byId.containsKey(id)))) {
        requireTime(deadline);
        changed.awaitNanos(deadline.remainingNanos(PULSE));
      }
      requireThere();
      var reply = new Reply(id);
      byId.computeIfAbsent(id, key -> new ArrayDeque<>(1)).add(reply);
      size++;
      return reply;
    } finally {
      lock.unlock();
    }
  }

  /**
   * What the caller says of the event.
   *
   * @throws NotHandledException when the caller is gone
   * @throws CallTimeoutException when he says nothing before the deadline
   */
  DeliveryResult await(Reply reply, Deadline deadline)
      throws NotHandledException, InterruptedException {
    lock.lockInterruptibly();
    try {
      while (reply.result == null && !gone) {
        requireTime(deadline);
        changed.awaitNanos(deadline.remainingNanos(PULSE));
      }
      var result = reply.result;
      if (result == null) {
        requireThere();
        throw new IllegalStateException("a reply without a result");
      }
      return result;
    } finally {
      lock.unlock();
    }
  }

  /** Gives up an event, where it has not been answered. */
  void forget(Reply reply) {
    lock.lock();
    try {
      var same = byId.get(reply.id);
      if (same != null && same.remove(reply)) {
        removed(reply.id, same);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * The caller has said what became of the event with this id.
   *
   * @return whether one was awaited
   */
  boolean answered(String id, DeliveryResult result) {
    lock.lock();
    try {
      var same = byId.get(id);
      var reply = same == null ? null : same.poll();
      if (same == null || reply == null) {
        return false;
      }
      reply.result = result;
      removed(id, same);
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void removed(String id, Deque<Reply> same) {
    size--;
    if (same.isEmpty()) {
      byId.remove(id);
    }
    changed.signalAll();
  }

  /** Nothing is answered any more. */
  void gone() {
    lock.lock();
    try {
      gone = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void requireThere() throws NotHandledException {
    if (gone) {
      throw new NotHandledException("the stream of the subscriber has ended");
    }
  }

  private static void requireTime(Deadline deadline) {
    if (deadline.hasPassed()) {
      throw new CallTimeoutException(
          "ERR_PUBSUB_EVENTS_SER",
          "the subscriber did not answer on its stream before the deadline of the delivery",
          null);
    }
  }
}
