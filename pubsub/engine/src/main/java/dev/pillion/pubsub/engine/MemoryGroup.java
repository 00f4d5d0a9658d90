// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The queue of one group and the threads that empty it. Thread-safe. */
final class MemoryGroup implements Intake {
  static final int CAPACITY = 1_000;
  private static final int BULK = 100;
  private static final Duration BULK_AWAIT = Duration.ofSeconds(1);
  private static final Duration REDELIVERY = Duration.ofSeconds(1);
  private static final boolean MAY_SPIN = Runtime.getRuntime().availableProcessors() > 1;
  private static final long LOOKOUT = TimeUnit.MICROSECONDS.toNanos(200);
  private static final int SPINS = 10_000;
  private static final long PULSE = TimeUnit.MILLISECONDS.toNanos(50);

  private final ComponentContext context;
  private final TopicSubscription subscription;
  private final MessageReceiver receiver;
  private final Consumer<MemoryGroup> onClose;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Condition room = lock.newCondition();
  private final Condition settled = lock.newCondition();
  private final Deque<MemoryMessage> queue = new ArrayDeque<>();
  private final AtomicBoolean spinning = new AtomicBoolean();

  /** A hint for who looks out: there may be a message. */
  private volatile boolean arrived;

  private int held;
  private int running;
  private int idle;
  private boolean paused;
  private boolean closed;

  MemoryGroup(
      ComponentContext context,
      TopicSubscription subscription,
      MessageReceiver receiver,
      Consumer<MemoryGroup> onClose) {
    this.context = context;
    this.subscription = subscription;
    this.receiver = receiver;
    this.onClose = onClose;
  }

  /** Whether messages of this topic are the group's: its own, or one that its pattern begins. */
  boolean takes(String topic) {
    var own = subscription.topic();
    return own.endsWith("*")
        ? topic.length() >= own.length() && topic.startsWith(own.substring(0, own.length() - 1))
        : own.equals(topic);
  }

  void start() {
    for (int i = Math.max(1, subscription.concurrency()); i > 0; i--) {
      context.threads().start("pubsub/" + context.name() + "/" + subscription.topic(), this::work);
    }
  }

  /** Adds a message, once there is room; false when there was none in time. */
  boolean offer(OutgoingMessage message, @Nullable WrittenEvent event, long nanos) {
    long left = nanos;
    lock.lock();
    try {
      while (!closed && held >= CAPACITY) {
        if (left <= 0) {
          return false;
        }
        left = room.awaitNanos(left);
      }
      if (!closed) {
        held++;
        queue.addLast(new MemoryMessage(message, event));
        if (queue.size() > 1 || !spinning.get()) {
          // Whoever looks out comes for the first one by itself.
          wake();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
    // Not before: who looks out for it takes the lock.
    if (!arrived) {
      arrived = true;
    }
    return true;
  }

  private void wake() {
    if (idle > 0) {
      changed.signal();
    }
  }

  private void work() {
    boolean flowing = true;
    while (true) {
      long freeSince = context.time().nanos();
      if (flowing) {
        spin(freeSince + LOOKOUT);
      }
      var batch = take();
      if (batch.isEmpty()) {
        return;
      }
      flowing = context.time().nanos() - freeSince <= LOOKOUT;
      List<Disposition> dispositions = List.of();
      try {
        dispositions = subscription.bulk() == null
            ? List.of(receiver.receive(batch.get(0)))
            : receiver.receiveAll(List.copyOf(batch));
      } finally {
        settle(batch, dispositions);
      }
    }
  }

  /**
   * Looks out for the next message, one thread for all: waking a thread takes longer than all the
   * rest of a delivery. Done only while messages follow each other so closely; costs nothing when
   * they come now and then, or not at all.
   */
  @SuppressWarnings("ThreadPriorityCheck") // A hint; nothing relies on it.
  private void spin(long until) {
    if (!MAY_SPIN || arrived || !spinning.compareAndSet(false, true)) {
      return;
    }
    try {
      // Counted as well, for clocks that stand still.
      for (int i = 0; i < SPINS && !arrived; i++) {
        Thread.onSpinWait();
        if (i % 32 == 31) {
          if (context.time().nanos() - until >= 0) {
            break;
          }
          // Whoever publishes may be waiting for this very processor.
          Thread.yield();
        }
      }
    } finally {
      spinning.set(false);
    }
  }

  /** The next messages; none when the group has ended. */
  private List<MemoryMessage> take() {
    lock.lock();
    try {
      if (!await(Long.MAX_VALUE)) {
        return List.of();
      }
      var bulk = subscription.bulk();
      var batch = bulk == null ? List.of(queue.removeFirst()) : fill(bulk);
      arrived = !queue.isEmpty();
      running += batch.size();
      return batch;
    } finally {
      lock.unlock();
    }
  }

  /** A batch, of which the first message is there. */
  private List<MemoryMessage> fill(TopicSubscription.Bulk bulk) {
    int most = bulk.maxMessages() == 0 ? BULK : bulk.maxMessages();
    var await = bulk.maxAwait().isZero() ? BULK_AWAIT : bulk.maxAwait();
    long until = context.time().nanos() + await.toNanos();
    var batch = new ArrayList<MemoryMessage>();
    do {
      batch.add(queue.removeFirst());
    } while (batch.size() < most && await(until - context.time().nanos()));
    return batch;
  }

  /** Waits for a message; false when there is none in time, or none is to be taken any more. */
  private boolean await(long nanos) {
    long left = nanos;
    while (!closed && (paused || queue.isEmpty())) {
      if (left <= 0) {
        return false;
      }
      idle++;
      try {
        left = changed.awaitNanos(left);
      } catch (InterruptedException e) {
        // The runtime's threads end: so does the group.
        closed = true;
      } finally {
        idle--;
      }
    }
    return !closed;
  }

  private void settle(List<MemoryMessage> batch, List<Disposition> dispositions) {
    lock.lock();
    try {
      running -= batch.size();
      for (int i = batch.size() - 1; i >= 0; i--) {
        var disposition = i < dispositions.size() ? dispositions.get(i) : Disposition.REDELIVER;
        settle(batch.get(i), disposition);
      }
      settled.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void settle(MemoryMessage message, Disposition disposition) {
    switch (disposition) {
      case ACKNOWLEDGE -> {
        held--;
        room.signal();
      }
      case RELEASE -> {
        message.comesBack();
        queue.addFirst(message);
        wake();
      }
      case REDELIVER -> {
        message.comesBack();
        context.time().schedule(REDELIVERY, () -> again(message));
      }
    }
  }

  private void again(MemoryMessage message) {
    lock.lock();
    try {
      queue.addLast(message);
      wake();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void pause() {
    set(true);
  }

  @Override
  public void resume() {
    set(false);
  }

  private void set(boolean nowPaused) {
    lock.lock();
    try {
      paused = nowPaused;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close(Deadline deadline) {
    onClose.accept(this);
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
      room.signalAll();
      while (running > 0 && !deadline.hasPassed()) {
        settled.awaitNanos(deadline.remainingNanos(PULSE));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }
}
