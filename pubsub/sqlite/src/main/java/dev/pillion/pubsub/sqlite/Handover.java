// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.CallRejectedException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands what an intake holds to its receiver, on so many threads as may be busy at a time, and
 * collects what is to be written of it. Thread-safe.
 */
final class Handover {
  private static final Logger LOG = LoggerFactory.getLogger(Handover.class);
  private static final int BULK_MESSAGES = 100;
  private static final Duration BULK_AWAIT = Duration.ofSeconds(1);

  private final String threadName;
  private final MessageReceiver receiver;
  private final int concurrency;
  private final int batchSize;
  private final boolean bulk;
  private final long awaitNanos;
  private final TimeSource time;
  private final Threads threads;
  private final Holder holder;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition returned = lock.newCondition();
  private final Lanes lanes = new Lanes();
  private List<Settlement> settlements = new ArrayList<>();
  private int workers;
  private boolean stopped;
  private volatile boolean again;
  private volatile @Nullable Error noThread;
  private boolean batchWaits;
  private long batchSinceNanos;

  /** Who holds the messages. */
  interface Holder {
    /** Whether what is held is certainly still held. */
    boolean isCertain();

    /** Whether it is the holder that has claimed this message. */
    boolean holds(HeldMessage message);

    /** There is something to write. */
    void somethingReturned();
  }

  Handover(
      TopicSubscription subscription,
      MessageReceiver receiver,
      int concurrency,
      ComponentContext context,
      Holder holder) {
    this.threadName = "pubsub/" + subscription.topic();
    this.receiver = receiver;
    this.concurrency = concurrency;
    this.time = context.time();
    this.threads = context.threads();
    this.holder = holder;
    var asked = subscription.bulk();
    bulk = asked != null;
    batchSize = asked == null ? 1 : asked.maxMessages() > 0 ? asked.maxMessages() : BULK_MESSAGES;
    awaitNanos =
        asked == null ? 0 : (asked.maxAwait().isZero() ? BULK_AWAIT : asked.maxAwait()).toNanos();
  }

  int batchSize() {
    return batchSize;
  }

  int held() {
    lock.lock();
    try {
      return lanes.held();
    } finally {
      lock.unlock();
    }
  }

  /** The ids of what waits, is with the receiver, or has been returned and not been taken. */
  Set<Long> ids() {
    lock.lock();
    try {
      var ids = lanes.ids();
      settlements.forEach(settlement -> ids.add(settlement.message().id()));
      return ids;
    } finally {
      lock.unlock();
    }
  }

  /** Takes over what has been claimed; gives it back at once while stopped. */
  void add(List<HeldMessage> messages) {
    lock.lock();
    try {
      for (HeldMessage message : messages) {
        if (!holder.holds(message)) {
          continue; // Lost between the claim and now; those who have it now hand it over.
        }
        if (stopped) {
          settlements.addAll(lanes.refuse(message));
        } else {
          lanes.add(message);
        }
      }
    } finally {
      lock.unlock();
    }
    start();
  }

  /** Hands over nothing more, and gives back what waits. */
  void stop() {
    lock.lock();
    try {
      stopped = true;
      settlements.addAll(lanes.drop());
    } finally {
      lock.unlock();
    }
    holder.somethingReturned();
  }

  void resume() {
    lock.lock();
    try {
      stopped = false;
    } finally {
      lock.unlock();
    }
    start();
  }

  /** What waits is gone; the receiver is told of what it has. */
  void lose() {
    List<HeldMessage> revoked;
    lock.lock();
    try {
      revoked = lanes.lose();
    } finally {
      lock.unlock();
    }
    revoked.forEach(receiver::revoke);
  }

  /** What is to be written; it is the caller's from here on. */
  List<Settlement> takeSettlements() {
    lock.lock();
    try {
      var taken = settlements;
      settlements = new ArrayList<>();
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /** They could not be written. */
  void putBack(List<Settlement> unwritten) {
    lock.lock();
    try {
      settlements.addAll(0, unwritten);
    } finally {
      lock.unlock();
    }
  }

  /** They have been written; the list is empty then, so that none counts twice. */
  void settled(List<Settlement> written) {
    lock.lock();
    try {
      written.forEach(settlement -> lanes.settled(settlement.message()));
      written.clear();
    } finally {
      lock.unlock();
    }
    start();
  }

  /** Whether the receiver has nothing, and will get nothing. */
  boolean isQuiet() {
    lock.lock();
    try {
      return stopped && lanes.running() == 0;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the receiver has nothing; false when that was not so by the deadline. */
  boolean awaitIdle(Deadline deadline) throws InterruptedException {
    lock.lock();
    try {
      while (lanes.running() > 0) {
        if (deadline.hasPassed()) {
          return false;
        }
        long ignored =
            returned.awaitNanos(deadline.remainingNanos(TimeUnit.MILLISECONDS.toNanos(100)));
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #start}, if something that may be over now has kept it from that; whether it had. */
  boolean startAgain() {
    if (!again) {
      return false;
    }
    again = false;
    start();
    return true;
  }

  /** Starts as many workers as there is work for. */
  void start() {
    int wanted;
    lock.lock();
    try {
      wanted = Math.min(startable(), concurrency - workers);
      workers += Math.max(0, wanted);
    } finally {
      lock.unlock();
    }
    for (int i = 0; i < wanted; i++) {
      try {
        threads.execute(threadName, this::work);
      } catch (CallRejectedException | IllegalStateException e) {
        again = true;
        LOG.debug("no thread for \"{}\"", threadName, e);
        retire(wanted - i);
        return;
      } catch (Error e) {
        // Such as that of a system that gives no more threads.
        retire(wanted - i);
        boolean first = noThread == null;
        noThread = e;
        // From here on another thread may try, and need not tell once more.
        again = true;
        if (first) {
          LOG.error("no thread for \"{}\"; it is tried again and again", threadName, e);
        }
        return;
      }
    }
    noThread = null;
  }

  /** Why events are not handed over although they could be; null when they are. */
  @Nullable
  Throwable trouble() {
    return noThread;
  }

  private void retire(int count) {
    lock.lock();
    try {
      workers -= count;
    } finally {
      lock.unlock();
    }
  }

  /** How many workers could begin now. Called with the lock held. */
  private int startable() {
    if (stopped || lanes.startableLanes() == 0) {
      return 0;
    }
    if (!holder.isCertain()) {
      again = true;
      return 0;
    }
    if (!bulk) {
      return lanes.startableLanes();
    }
    int messages = lanes.startable();
    if (messages >= batchSize) {
      return messages / batchSize;
    }
    if (!batchWaits) {
      batchWaits = true;
      batchSinceNanos = time.nanos();
      time.schedule(Duration.ofNanos(awaitNanos), this::start);
      return 0;
    }
    return time.nanos() - batchSinceNanos >= awaitNanos ? 1 : 0;
  }

  private void work() {
    boolean intact = false;
    try {
      for (var batch = next(); !batch.isEmpty(); batch = next()) {
        receive(batch);
      }
      intact = true;
    } finally {
      if (!intact) {
        retire(1);
      }
    }
  }

  private void receive(List<HeldMessage> batch) {
    List<Disposition> dispositions = Collections.nCopies(batch.size(), Disposition.REDELIVER);
    try {
      dispositions =
          bulk ? receiver.receiveAll(List.copyOf(batch)) : List.of(receiver.receive(batch.get(0)));
    } finally {
      // After an error of the JVM as well: what it has interrupted has failed.
      done(batch, dispositions);
    }
  }

  private List<HeldMessage> next() {
    lock.lock();
    try {
      var batch = startable() > 0 ? lanes.take(batchSize) : List.<HeldMessage>of();
      if (batch.isEmpty()) {
        workers--;
      } else {
        batchWaits = false;
      }
      return batch;
    } finally {
      lock.unlock();
    }
  }

  private void done(List<HeldMessage> batch, List<Disposition> dispositions) {
    lock.lock();
    try {
      settlements.addAll(lanes.returned(batch, dispositions));
      returned.signalAll();
    } finally {
      lock.unlock();
    }
    holder.somethingReturned();
  }
}
