// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.pubsub.redis.Group.Claim;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.MessageReceiver;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the server what has become of the entries that are held: renewed, acknowledged, failed,
 * given back. And takes those that other consumers have left. One thread runs it; what is handed to
 * it while it waits for an answer goes out together.
 */
final class Keeper implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Keeper.class);
  private static final Duration SHORTEST = Duration.ofMillis(5);
  private static final long LATELY_NANOS = Duration.ofSeconds(1).toNanos();

  private record Outcome(StreamEntry entry, Disposition disposition) {}

  private record Failure(StreamEntry entry, long atNanos) {}

  private final Group group;
  private final Inbox inbox;
  private final StreamSettings settings;
  private final MessageReceiver receiver;
  private final LongAdder lost;
  private final TimeSource time;
  private final Backoff backoff = new Backoff();
  private final CountDownLatch told = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);
  private final ConcurrentLinkedQueue<Outcome> outcomes = new ConcurrentLinkedQueue<>();

  // Of the keeper's own thread.
  private final List<StreamEntry> done = new ArrayList<>();
  private final List<StreamEntry> failed = new ArrayList<>();
  private final List<StreamEntry> released = new ArrayList<>();
  private final ArrayDeque<Failure> lastFailures = new ArrayDeque<>();
  private boolean isRetrying;

  private volatile @Nullable Thread thread;
  private volatile boolean parked;
  private volatile boolean renewIsDue;
  private volatile boolean scanIsDue;
  private volatile boolean retryIsDue;
  private volatile boolean closing;
  private volatile long closingSince;
  private volatile boolean abandoned;
  private Consumer<List<StreamEntry>> reclaimed = entries -> {};

  Keeper(
      Group group,
      Inbox inbox,
      StreamSettings settings,
      MessageReceiver receiver,
      LongAdder lost,
      TimeSource time) {
    this.group = group;
    this.inbox = inbox;
    this.settings = settings;
    this.receiver = receiver;
    this.lost = lost;
    this.time = time;
  }

  /** Who is handed what other consumers have left; set before the keeper runs. */
  void onReclaimed(Consumer<List<StreamEntry>> taker) {
    reclaimed = taker;
  }

  /** Has the server told of one entry. Does not block. */
  void settle(StreamEntry entry, Disposition disposition) {
    outcomes.add(new Outcome(entry, disposition));
    wake();
  }

  void settleAll(Collection<StreamEntry> entries, Disposition disposition) {
    if (!entries.isEmpty()) {
      entries.forEach(entry -> outcomes.add(new Outcome(entry, disposition)));
      wake();
    }
  }

  /** Looks at once for what other consumers have left. */
  void scanSoon() {
    scanIsDue = settings.redelivers();
    wake();
  }

  private void wake() {
    if (parked) {
      LockSupport.unpark(thread);
    }
  }

  @Override
  public void run() {
    thread = Thread.currentThread();
    try {
      if (settings.redelivers()) {
        every(settings.renewInterval().dividedBy(2), () -> renewIsDue = true);
        every(settings.redeliverInterval(), () -> scanIsDue = true);
        scanIsDue = true;
      }
      while (!abandoned && !(closing && !isRetrying && inbox.isEmpty())) {
        awaitWork();
        attempt();
        if (closing && !isRetrying && outcomes.isEmpty()) {
          told.countDown();
        }
      }
      if (!abandoned) {
        leave();
      }
    } finally {
      told.countDown();
      ended.countDown();
    }
  }

  private void every(Duration interval, Runnable mark) {
    time.schedule(interval.compareTo(SHORTEST) < 0 ? SHORTEST : interval, () -> {
      if (!hasEnded()) {
        mark.run();
        wake();
        every(interval, mark);
      }
    });
  }

  private void awaitWork() {
    parked = true;
    while (!hasWork()) {
      LockSupport.park(this);
      if (Thread.interrupted()) {
        abandoned = true;
      }
    }
    parked = false;
  }

  private boolean hasWork() {
    if (abandoned) {
      return true;
    }
    if (isRetrying) {
      return retryIsDue;
    }
    return renewIsDue
        || scanIsDue
        || !outcomes.isEmpty()
        || (closing && (told.getCount() > 0 || inbox.isEmpty()));
  }

  private void attempt() {
    retryIsDue = false;
    try {
      settleOutcomes();
      if (renewIsDue) {
        renewIsDue = false;
        renew();
      }
      if (scanIsDue) {
        scanIsDue = false;
        scan();
      }
      if (isRetrying) {
        LOG.info("the claims on topic \"{}\" are kept again", group.topic());
      }
      isRetrying = false;
      backoff.reset();
    } catch (RuntimeException e) {
      if (abandoned) {
        return;
      }
      // That the group is gone is the fetcher's to say, and to mend.
      if (!isRetrying && !Group.isMissing(e)) {
        LOG.warn(
            "what became of messages of topic \"{}\" can't be told to the server yet: {}",
            group.topic(),
            e.getMessage());
      }
      isRetrying = true;
      // A renewal or a scan that failed half way is made again.
      renewIsDue = settings.redelivers();
      scanIsDue = settings.redelivers();
      time.schedule(backoff.next(), () -> {
        retryIsDue = true;
        wake();
      });
    }
  }

  private void settleOutcomes() {
    for (var outcome = outcomes.poll(); outcome != null; outcome = outcomes.poll()) {
      (switch (outcome.disposition) {
            case ACKNOWLEDGE -> done;
            case REDELIVER -> failed;
            case RELEASE -> released;
          })
          .add(outcome.entry);
    }
    if (!done.isEmpty()) {
      group.acknowledge(done);
      settled(done);
    }
    if (!failed.isEmpty()) {
      noteGone(group.fail(failed));
      remember(failed);
      settled(failed);
    }
    if (!released.isEmpty()) {
      noteGone(group.release(released));
      settled(released);
    }
  }

  /** What has failed lately must not be taken for what nobody has read when this consumer ends. */
  private void remember(List<StreamEntry> entries) {
    long now = time.nanos();
    entries.forEach(entry -> lastFailures.add(new Failure(entry, now)));
    while (!closing && now - lastFailures.getFirst().atNanos > LATELY_NANOS) {
      lastFailures.removeFirst();
    }
  }

  private void settled(List<StreamEntry> entries) {
    inbox.settled(entries);
    entries.clear();
  }

  private void noteGone(List<Claim> claims) {
    noteLost((int) claims.stream().filter(claim -> claim == Claim.GONE).count());
  }

  private void noteLost(int count) {
    if (count > 0) {
      lost.add(count);
      LOG.error(
          "{} messages of topic \"{}\" were lost to trimming: they were removed from the stream before they were done",
          count,
          group.topic());
    }
  }

  private void renew() {
    var due = inbox.claimedBefore(time.nanos() - settings.renewInterval().toNanos() / 2);
    if (!due.isEmpty()) {
      noteTaken(due, group.renew(due));
    }
  }

  private void noteTaken(List<StreamEntry> entries, List<Claim> claims) {
    for (int i = 0; i < claims.size(); i++) {
      var entry = entries.get(i);
      if (claims.get(i) == Claim.TAKEN && inbox.taken(entry)) {
        receiver.revoke(entry);
      }
    }
  }

  /** Those of a batch that are still ours; the others are forgotten. Blocks; on any thread. */
  List<StreamEntry> confirm(List<StreamEntry> batch) {
    var claims = group.renew(batch);
    var ours = new ArrayList<StreamEntry>();
    var others = new ArrayList<StreamEntry>();
    for (int i = 0; i < claims.size(); i++) {
      (claims.get(i) == Claim.TAKEN ? others : ours).add(batch.get(i));
    }
    inbox.settled(others);
    return ours;
  }

  private void scan() {
    int wanted = Math.min(inbox.roomForReclaimed(), Group.PAGE);
    while (wanted > 0) {
      var found = group.reclaim(wanted);
      noteLost(found.gone());
      reclaimed.accept(found.entries());
      if (found.entries().size() + found.gone() < wanted) {
        return;
      }
      wanted = Math.min(inbox.roomForReclaimed(), Group.PAGE);
    }
  }

  /** Ends when nothing is held any more. */
  void close() {
    closingSince = time.nanos();
    closing = true;
    wake();
  }

  /** Ends at once, whatever is held. */
  void abandon() {
    abandoned = true;
    var running = thread;
    if (running != null) {
      running.interrupt();
    }
  }

  /** Blocks until the server knows all that was settled before the close. */
  void awaitTold(Deadline deadline) throws InterruptedException {
    var unused = told.await(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
  }

  boolean hasEnded() {
    return ended.getCount() == 0;
  }

  /** Blocks until it has ended, or the deadline passes. */
  void awaitEnd(Deadline deadline) throws InterruptedException {
    var unused = ended.await(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
  }

  private void leave() {
    try {
      group.leave(
          Duration.ofNanos(time.nanos() - closingSince),
          lastFailures.stream().map(Failure::entry).toList());
    } catch (RuntimeException e) {
      LOG.debug("a consumer of topic \"{}\" could not say that it ends", group.topic(), e);
    }
  }
}
