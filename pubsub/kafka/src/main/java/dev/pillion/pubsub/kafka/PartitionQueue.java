// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.BuildingBlockException;
import dev.pillion.ComponentException;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.MessageReceiver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One partition from its assignment to its revocation: what is fetched, what is being handed over,
 * what is done. Nothing that ends after the revocation is committed by it. Thread-safe.
 */
final class PartitionQueue {
  private static final Logger log = LoggerFactory.getLogger(PartitionQueue.class);

  private static final Duration RELEASED = Duration.ofMillis(100);

  private final TopicPartition partition;
  private final IntakeRules rules;
  private final MessageReceiver receiver;
  private final Dispatcher dispatcher;
  private final CommitRequests commits;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition idle = lock.newCondition();
  private final FetchBuffer fetched;
  private final Progress progress;
  private final BatchTimer batchTimer;

  // What was handed over and given back, in order; the partition waits for it.
  private List<KafkaMessage> again = new ArrayList<>();
  private List<KafkaMessage> running = List.of();
  private @Nullable PartitionQueue predecessor;
  private @Nullable PartitionQueue successor;

  // Timestamps by offset: a topic that is made anew has other records at the same offsets.
  private final Map<Long, Long> doneBefore = new HashMap<>();
  private final Map<Long, Long> doneLate = new ConcurrentHashMap<>();
  private boolean asked;
  private boolean scheduled;
  private boolean waiting;
  private volatile boolean stopped;
  private boolean ended;

  PartitionQueue(TopicPartition partition, long position, CommitNote note, Surroundings around) {
    this.partition = partition;
    this.rules = around.rules();
    this.receiver = around.receiver();
    this.dispatcher = around.dispatcher();
    this.commits = around.commits();
    this.fetched = new FetchBuffer(position, rules.batch());
    this.progress = new Progress(this, position, note);
    this.batchTimer = new BatchTimer(rules, this::batchIsDue);
  }

  /** What all partitions of an intake share. */
  record Surroundings(
      IntakeRules rules, MessageReceiver receiver, Dispatcher dispatcher, CommitRequests commits) {}

  /**
   * Makes it wait for the handler that an earlier assignment has left behind, if it still runs.
   * What that has done need not be done again: the partition has come back to where it was.
   */
  void follow(PartitionQueue before) {
    locked(() -> {
      if (before.precedes(this)) {
        predecessor = before;
      } else {
        doneBefore.putAll(before.doneLate);
      }
      return true;
    });
  }

  private boolean precedes(PartitionQueue after) {
    lock.lock();
    try {
      successor = after;
      return !running.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  TopicPartition partition() {
    return partition;
  }

  // The poll thread's side.

  /** Whether these records come before what is here: the topic is another one by the same name. */
  boolean isBehind(List<ConsumerRecord<byte[], byte[]>> records) {
    return locked(() -> fetched.isBehind(records.get(0).offset()));
  }

  void add(List<ConsumerRecord<byte[], byte[]>> records) {
    locked(() -> {
      for (var record : records) {
        int begun = progress.attempts(record.offset());
        fetched.add(new KafkaMessage(
            record,
            rules.headers(),
            this,
            begun,
            begun > 0 || progress.isSuspect(record.offset())));
      }
      schedule();
      return true;
    });
  }

  /** What lies before is gone: with nothing else to do here, it is committed as done. */
  void skipTo(long offset) {
    locked(() ->
        running.isEmpty() && again.isEmpty() && fetched.size() == 0 && progress.skipTo(offset));
  }

  /** Whether fetching must pause, or may go on; null when it stays as it is. */
  @Nullable
  Boolean flow() {
    return locked(() -> fetched.pausesNow());
  }

  /** What to commit now; null when nothing has changed. */
  Progress.@Nullable Snapshot toCommit() {
    lock.lock();
    try {
      asked = false;
      return ended || !progress.isDirty() ? null : progress.ahead(lastBegun());
    } finally {
      lock.unlock();
    }
  }

  /** Nothing has begun beyond; the next one is covered, however far away it is. */
  private long lastBegun() {
    var first = fetched.first();
    return Math.max(lastRunning(), first == null ? 0 : first.offset());
  }

  private long lastRunning() {
    return running.isEmpty() ? 0 : running.get(running.size() - 1).offset() + 1;
  }

  /** A snapshot is committed. */
  void committed(Progress.Snapshot snapshot) {
    locked(() -> {
      progress.committed(snapshot);
      schedule();
      return true;
    });
  }

  /** Begins nothing more. What runs goes on, and is told. */
  void stop() {
    List<KafkaMessage> told;
    lock.lock();
    try {
      stopped = true;
      told = running;
    } finally {
      lock.unlock();
    }
    told.forEach(receiver::revoke);
  }

  /** Whether it was stopped: no attempt begins. */
  boolean isStopped() {
    return stopped;
  }

  /** Waits until nothing runs, for so long at most. */
  void awaitIdle(long nanos) throws InterruptedException {
    long left = nanos;
    lock.lock();
    try {
      while (!running.isEmpty() && left > 0) {
        left = idle.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  boolean isBusy() {
    return locked(() -> !running.isEmpty());
  }

  boolean isDirty() {
    return locked(() -> progress.isDirty());
  }

  /** Ends it: what runs ends without effect here. What is returned is its last word. */
  Progress.Snapshot end() {
    lock.lock();
    try {
      stopped = true;
      ended = true;
      long begun = lastRunning();
      for (var message : again) {
        if (message.failures() > 0) {
          begun = Math.max(begun, message.offset() + 1);
        }
      }
      return progress.last(begun);
    } finally {
      lock.unlock();
    }
  }

  // The workers' side.

  /** Looks again whether there is something to hand over. */
  void wake() {
    locked(() -> {
      schedule();
      return true;
    });
  }

  private void schedule() {
    if (!scheduled && isRunnable()) {
      scheduled = true;
      dispatcher.add(this);
    }
  }

  private boolean isRunnable() {
    if (stopped || waiting || predecessor != null || rules.isHeld()) {
      return false;
    }
    if (!again.isEmpty()) {
      return true;
    }
    var first = fetched.first();
    if (first == null) {
      return false;
    }
    if (!progress.mayBegin(first.offset())) {
      askForCommit();
      return false;
    }
    return fetched.size() >= rules.batch()
        || first.isRedelivered()
        || fetched.isPaused()
        || batchTimer.hasWaited();
  }

  private void batchIsDue() {
    locked(() -> {
      batchTimer.isOver();
      schedule();
      return true;
    });
  }

  private void askForCommit() {
    if (!asked) {
      asked = true;
      progress.changed();
      commits.soon();
    }
  }

  /** Hands over what is next; false when there is nothing now. */
  boolean handle() {
    var batch = take();
    if (batch.isEmpty()) {
      return false;
    }
    List<Disposition> dispositions = List.of();
    try {
      dispositions = rules.isBulk()
          ? receiver.receiveAll(List.<Message>copyOf(batch))
          : List.of(receiver.receive(batch.get(0)));
    } finally {
      settle(batch, dispositions);
    }
    return true;
  }

  /** Its worker leaves it. */
  void handled() {
    locked(() -> {
      scheduled = false;
      schedule();
      return true;
    });
  }

  private List<KafkaMessage> take() {
    lock.lock();
    try {
      if (!isRunnable()) {
        return List.of();
      }
      if (!again.isEmpty()) {
        running = again;
        again = new ArrayList<>();
        return running;
      }
      boolean wasFull = fetched.isPaused() && !fetched.isLow();
      var batch = takeFetched();
      if (batch.isEmpty()) {
        return List.of();
      }
      batchTimer.reset();
      running = batch;
      if (progress.isNearReach(batch.get(batch.size() - 1).offset())) {
        askForCommit();
      }
      if (wasFull && fetched.isLow()) {
        commits.wakeUp();
      }
      return running;
    } finally {
      lock.unlock();
    }
  }

  private List<KafkaMessage> takeFetched() {
    var batch = new ArrayList<KafkaMessage>(Math.min(rules.batch(), fetched.size()));
    for (var message = fetched.first();
        message != null && progress.mayBegin(message.offset()) && fits(message, batch);
        message = fetched.first()) {
      progress.handed(message);
      fetched.removeFirst();
      if (doneBefore.remove(message.offset(), message.timestamp())) {
        progress.done(message);
      } else {
        batch.add(message);
      }
    }
    return batch;
  }

  /** What may have ended its process goes alone, lest a batch is charged with its attempts. */
  private boolean fits(KafkaMessage message, List<KafkaMessage> batch) {
    return batch.isEmpty()
        || (batch.size() < rules.batch()
            && !message.isRedelivered()
            && !batch.get(0).isRedelivered());
  }

  private void settle(List<KafkaMessage> batch, List<Disposition> dispositions) {
    PartitionQueue after = null;
    var done = new HashMap<Long, Long>();
    lock.lock();
    try {
      running = List.of();
      long now = rules.time().nanos();
      var pause = Duration.ZERO;
      for (int i = 0; i < batch.size(); i++) {
        var message = batch.get(i);
        var said = i < dispositions.size() ? dispositions.get(i) : Disposition.REDELIVER;
        // Taken in any case, lest it excuses a later failure.
        boolean postponed = message.wasPostponed();
        if (said == Disposition.ACKNOWLEDGE) {
          progress.done(message);
          done.put(message.offset(), message.timestamp());
        } else if (said == Disposition.RELEASE) {
          message.comesBack();
          again.add(message);
          pause = longer(pause, RELEASED);
        } else if (postponed) {
          message.comesBack();
          again.add(message);
          pause = longer(pause, pauseAfter(Math.max(1, message.failures())));
        } else {
          message.failed(now);
          if (isGivenUp(message, now)) {
            progress.done(message);
          } else {
            again.add(message);
            pause = longer(pause, pauseAfter(message.failures()));
          }
        }
      }
      if (!again.isEmpty() && !stopped) {
        waiting = true;
        rules.time().schedule(pause, this::pauseIsOver);
      }
      if (ended) {
        doneLate.putAll(done);
        after = successor;
      }
      idle.signalAll();
    } finally {
      lock.unlock();
    }
    if (rules.isHeld()) {
      commits.wakeUp();
    }
    if (after != null) {
      after.takesOver(done);
    }
  }

  private Duration pauseAfter(int failures) {
    return rules.redelivery().pause(failures, () -> ThreadLocalRandom.current().nextDouble());
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? other : one;
  }

  /** Dapr's way with what has failed too often; ours only where a setting says so. */
  private boolean isGivenUp(KafkaMessage message, long now) {
    var limit = rules.redelivery().limit();
    if (!limit.skips()
        || stopped
        || !limit.isReached(message.failures(), Duration.ofNanos(now - message.failedAt()))) {
      return false;
    }
    log.error(
        "{} has failed {} times and is skipped, as \"onExhausted\" says: it is lost",
        message,
        message.failures());
    return true;
  }

  private void pauseIsOver() {
    locked(() -> {
      waiting = false;
      schedule();
      return true;
    });
  }

  /** The handler that an earlier assignment has left behind is through. */
  private void takesOver(Map<Long, Long> done) {
    locked(() -> {
      predecessor = null;
      doneBefore.putAll(done);
      schedule();
      return true;
    });
  }

  /** Puts on record that so many attempts of a message have begun; see {@link KafkaMessage}. */
  void record(KafkaMessage message, int begun) {
    var what = "recording attempt %d of %s".formatted(begun, message);
    @Nullable Integer before;
    Future<?> recorded;
    lock.lock();
    try {
      if (ended || (stopped && begun > message.attempts())) {
        throw ComponentException.unavailable(
            what + " is not possible, the partition is no longer held", null);
      }
      before = progress.record(message.offset(), begun);
      if (stopped) {
        // What is taken back goes out with the last commit, which waits for this worker.
        return;
      }
      recorded = commits.now();
    } finally {
      lock.unlock();
    }
    try {
      CommitRequests.await(recorded, rules.recordPatience(), what);
    } catch (BuildingBlockException e) {
      locked(() -> progress.record(message.offset(), before));
      throw e;
    }
  }

  private <T extends @Nullable Object> T locked(Supplier<T> body) {
    lock.lock();
    try {
      return body.get();
    } finally {
      lock.unlock();
    }
  }
}
