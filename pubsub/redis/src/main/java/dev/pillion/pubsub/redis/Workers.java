// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import dev.pillion.CallRejectedException;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.MessageReceiver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hands what waits in the inbox to the receiver, each batch on a thread. Thread-safe. */
final class Workers {
  private static final Logger LOG = LoggerFactory.getLogger(Workers.class);
  private static final Duration AGAIN = Duration.ofMillis(100);

  private final Inbox inbox;
  private final Keeper keeper;
  private final MessageReceiver receiver;
  private final boolean bulk;
  private final long doubtfulNanos;
  private final Threads threads;
  private final String threadName;
  private final TimeSource time;
  private final AtomicBoolean alarmed = new AtomicBoolean();

  /**
   * @param bulk whether the receiver is handed batches
   * @param doubtfulAfter how long a claim is believed without having been renewed
   */
  Workers(
      Inbox inbox,
      Keeper keeper,
      MessageReceiver receiver,
      boolean bulk,
      Duration doubtfulAfter,
      Threads threads,
      String threadName,
      TimeSource time) {
    this.inbox = inbox;
    this.keeper = keeper;
    this.receiver = receiver;
    this.bulk = bulk;
    this.doubtfulNanos = doubtfulAfter.toNanos();
    this.threads = threads;
    this.threadName = threadName;
    this.time = time;
  }

  /** Takes in entries and has them handled. */
  void add(List<StreamEntry> entries) {
    keeper.settleAll(inbox.add(entries), Disposition.RELEASE);
    dispatch();
  }

  /** Starts handlers for what waits, as many as there may be. Does not block. */
  void dispatch() {
    for (var batch = inbox.begin(); !batch.isEmpty(); batch = inbox.begin()) {
      var first = batch;
      try {
        threads.execute(threadName, () -> run(first));
      } catch (CallRejectedException e) {
        LOG.debug("a message waits for a thread", e);
        putBack(first);
        again(AGAIN);
        return;
      } catch (IllegalStateException e) {
        // The runtime closes, and this intake with it.
        putBack(first);
        return;
      }
    }
    againWhenReady();
  }

  private void putBack(List<StreamEntry> batch) {
    keeper.settleAll(inbox.endWith(batch), Disposition.RELEASE);
  }

  private void againWhenReady() {
    if (bulk) {
      var wait = inbox.untilReady();
      if (!wait.isZero()) {
        again(wait);
      }
    }
  }

  private void again(Duration delay) {
    if (alarmed.compareAndSet(false, true)) {
      time.schedule(delay, () -> {
        alarmed.set(false);
        dispatch();
      });
    }
  }

  private void run(List<StreamEntry> first) {
    boolean counted = true;
    try {
      for (var batch = first; !batch.isEmpty(); batch = inbox.next()) {
        List<StreamEntry> ours;
        try {
          ours = confirmed(batch);
        } catch (RuntimeException e) {
          LOG.debug("whether messages are still held is not known yet", e);
          counted = false;
          putBack(batch);
          again(AGAIN);
          return;
        }
        if (!ours.isEmpty()) {
          handle(ours);
        }
      }
      counted = false;
    } finally {
      if (counted) {
        inbox.end();
      }
    }
    againWhenReady();
  }

  /** Those that are still held, which is asked of the server where it may have changed. */
  private List<StreamEntry> confirmed(List<StreamEntry> batch) {
    long now = time.nanos();
    for (var entry : batch) {
      if (entry.isTaken() || now - entry.claimedAt() >= doubtfulNanos) {
        return keeper.confirm(batch);
      }
    }
    return batch;
  }

  private void handle(List<StreamEntry> batch) {
    var dispositions = new ArrayList<Disposition>(batch.size());
    try {
      if (bulk) {
        dispositions.addAll(receiver.receiveAll(List.<Message>copyOf(batch)));
      } else {
        dispositions.add(receiver.receive(batch.get(0)));
      }
    } catch (RuntimeException e) {
      LOG.error("a receiver failed, which must not be; {} comes again", batch.get(0), e);
    } finally {
      for (int i = 0; i < batch.size(); i++) {
        keeper.settle(
            batch.get(i), i < dispositions.size() ? dispositions.get(i) : Disposition.REDELIVER);
      }
    }
  }
}
