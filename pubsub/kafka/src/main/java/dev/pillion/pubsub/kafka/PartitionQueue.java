// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.ComponentException;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.MessageReceiver;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One partition from its assignment to its revocation: what is fetched, what is being handed over,
 * what is done. Nothing that ends after the revocation is committed by it. Thread-safe.
 *
 * <p>No attempt begins at an offset that the last commit's {@link CommitNote#reach} does not cover.
 * So whoever has the partition after a crash knows which messages may have been attempted, and puts
 * on record what he attempts of those; of all others the first attempt costs nothing.
 */
final class PartitionQueue {
  private static final Logger log = LoggerFactory.getLogger(PartitionQueue.class);

  /** How far attempts may run ahead of the last commit, in offsets. */
  static final int AHEAD = 2_000;

  private static final int FULL = 500;
  private static final long FULL_BYTES = 1024 * 1024;
  private static final Duration RELEASED = Duration.ofMillis(100);

  private final TopicPartition partition;
  private final IntakeRules rules;
  private final MessageReceiver receiver;
  private final Dispatcher dispatcher;
  private final CommitRequests commits;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition idle = lock.newCondition();
  private final Deque<KafkaMessage> fetched = new ArrayDeque<>();
  private final ContiguousOffsets offsets;
  private final TreeMap<Long, Integer> attempts;
  private final long suspectUntil;

  // What was handed over and given back, in order; the partition waits for it.
  private List<KafkaMessage> again = new ArrayList<>();
  private List<KafkaMessage> running = List.of();
  private @Nullable PartitionQueue predecessor;
  private @Nullable PartitionQueue successor;
  private final Set<Long> doneBefore = new HashSet<>();
  private final Set<Long> doneLate = ConcurrentHashMap.newKeySet();
  private long bytes;
  private long next;
  private long reach;
  private long change = 1;
  private long committedChange;
  private boolean asked;
  private boolean scheduled;
  private boolean waiting;
  private boolean batchDue;
  private boolean batchTimer;
  private boolean stopped;
  private boolean ended;
  private boolean flowPaused = true;

  /** A state to commit, and which change it has seen. */
  record Snapshot(PartitionQueue queue, OffsetAndMetadata offset, long reach, long change) {}

  PartitionQueue(
      TopicPartition partition,
      long position,
      CommitNote note,
      Surroundings around) {
    this.partition = partition;
    this.rules = around.rules();
    this.receiver = around.receiver();
    this.dispatcher = around.dispatcher();
    this.commits = around.commits();
    this.offsets = new ContiguousOffsets(position);
    this.attempts = new TreeMap<>(note.attempts().tailMap(position));
    this.suspectUntil = note.reach();
    this.next = position;
    this.reach = position;
  }

  /** What all partitions of an intake share. */
  record Surroundings(
      IntakeRules rules, MessageReceiver receiver, Dispatcher dispatcher, CommitRequests commits) {}

  /**
   * Makes it wait for the handler that an earlier assignment has left behind, if it still runs. What
   * that has done need not be done again: the partition has come back to where it was.
   */
  void follow(PartitionQueue before) {
    lock.lock();
    try {
      if (before.precedes(this)) {
        predecessor = before;
      } else {
        doneBefore.addAll(before.doneLate);
      }
    } finally {
      lock.unlock();
    }
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
    lock.lock();
    try {
      return records.get(0).offset() < next;
    } finally {
      lock.unlock();
    }
  }

  void add(List<ConsumerRecord<byte[], byte[]>> records) {
    lock.lock();
    try {
      for (var record : records) {
        int begun = attempts.getOrDefault(record.offset(), 0);
        var message = new KafkaMessage(
            record, rules.headers(), this, begun, begun > 0 || record.offset() < suspectUntil);
        fetched.addLast(message);
        bytes += message.size();
        next = record.offset() + 1;
      }
      schedule();
    } finally {
      lock.unlock();
    }
  }

  /** Whether fetching must pause, or may go on; null when it stays as it is. */
  @Nullable
  Boolean flow() {
    lock.lock();
    try {
      if (!flowPaused && (fetched.size() >= full() || bytes >= FULL_BYTES)) {
        flowPaused = true;
        return true;
      }
      if (flowPaused && isLow()) {
        flowPaused = false;
        return false;
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  private int full() {
    return Math.max(FULL, rules.batch());
  }

  private boolean isLow() {
    return fetched.size() < full() / 2 && bytes < FULL_BYTES / 2;
  }

  /** What to commit now; null when nothing has changed. */
  @Nullable
  Snapshot toCommit() {
    lock.lock();
    try {
      asked = false;
      if (change == committedChange || ended) {
        return null;
      }
      return snapshot(Math.max(offsets.position(), lastBegun()) + AHEAD);
    } finally {
      lock.unlock();
    }
  }

  /** The offset behind the last message that was handed over. */
  private long lastBegun() {
    long last = running.isEmpty() ? 0 : running.get(running.size() - 1).offset() + 1;
    var first = fetched.peekFirst();
    return Math.max(last, first == null ? 0 : first.offset());
  }

  private Snapshot snapshot(long newReach) {
    long position = offsets.position();
    long written = Math.max(newReach, Math.max(suspectUntil, position));
    var note = new CommitNote(written, attempts.tailMap(position));
    return new Snapshot(
        this, new OffsetAndMetadata(position, note.write(position)), newReach, change);
  }

  /** A snapshot is committed. */
  void committed(Snapshot snapshot) {
    lock.lock();
    try {
      reach = Math.max(reach, snapshot.reach());
      committedChange = Math.max(committedChange, snapshot.change());
      schedule();
    } finally {
      lock.unlock();
    }
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
    lock.lock();
    try {
      return !running.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  boolean isDirty() {
    lock.lock();
    try {
      return change != committedChange;
    } finally {
      lock.unlock();
    }
  }

  /** Ends it: what runs ends without effect here. What is returned is its last word. */
  Snapshot end() {
    lock.lock();
    try {
      stopped = true;
      ended = true;
      for (var message : again) {
        // A first attempt that has failed; what a stop has ended is none.
        if (message.failures() > 0) {
          attempts.merge(message.offset(), message.attempts(), Math::max);
        }
      }
      return snapshot(
          running.isEmpty() ? offsets.position() : running.get(running.size() - 1).offset() + 1);
    } finally {
      lock.unlock();
    }
  }

  // The workers' side.

  /** Looks again whether there is something to hand over. */
  void wake() {
    lock.lock();
    try {
      schedule();
    } finally {
      lock.unlock();
    }
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
    var first = fetched.peekFirst();
    if (first == null) {
      return false;
    }
    if (first.offset() >= reach) {
      askForCommit();
      return false;
    }
    return !rules.isBulk() || isBatchDue();
  }

  private boolean isBatchDue() {
    if (batchDue || fetched.size() >= rules.batch() || flowPaused) {
      return true;
    }
    if (!batchTimer) {
      batchTimer = true;
      rules.time().schedule(rules.batchAwait(), this::batchIsDue);
    }
    return false;
  }

  private void batchIsDue() {
    lock.lock();
    try {
      batchTimer = false;
      batchDue = true;
      schedule();
    } finally {
      lock.unlock();
    }
  }

  private void askForCommit() {
    if (!asked) {
      asked = true;
      change++;
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
    lock.lock();
    try {
      scheduled = false;
      schedule();
    } finally {
      lock.unlock();
    }
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
      boolean wasFull = flowPaused && !isLow();
      var batch = new ArrayList<KafkaMessage>();
      for (var message = fetched.peekFirst();
          message != null && message.offset() < reach && batch.size() < rules.batch();
          message = fetched.peekFirst()) {
        message.handed(offsets.handed(message.offset()));
        bytes -= message.size();
        fetched.removeFirst();
        if (doneBefore.remove(message.offset())) {
          done(message);
        } else {
          batch.add(message);
        }
      }
      if (batch.isEmpty()) {
        return List.of();
      }
      batchDue = false;
      running = batch;
      if (reach - batch.get(batch.size() - 1).offset() < AHEAD / 2) {
        askForCommit();
      }
      if (wasFull && isLow()) {
        commits.wakeUp();
      }
      return running;
    } finally {
      lock.unlock();
    }
  }

  private void settle(List<KafkaMessage> batch, List<Disposition> dispositions) {
    PartitionQueue after = null;
    var done = new ArrayList<Long>();
    lock.lock();
    try {
      running = List.of();
      long now = rules.time().nanos();
      var pause = Duration.ZERO;
      for (int i = 0; i < batch.size(); i++) {
        var message = batch.get(i);
        var said = i < dispositions.size() ? dispositions.get(i) : Disposition.REDELIVER;
        if (said == Disposition.ACKNOWLEDGE) {
          done(message);
          done.add(message.offset());
        } else if (said == Disposition.RELEASE) {
          message.comesBack();
          again.add(message);
          pause = longer(pause, RELEASED);
        } else {
          message.failed(now);
          if (isGivenUp(message, now)) {
            done(message);
          } else {
            again.add(message);
            pause = longer(
                pause,
                rules
                    .redelivery()
                    .pause(message.failures(), () -> ThreadLocalRandom.current().nextDouble()));
          }
        }
      }
      if (!again.isEmpty() && !stopped) {
        waiting = true;
        rules.time().schedule(pause, this::pauseIsOver);
      }
      if (ended) {
        doneLate.addAll(done);
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

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? other : one;
  }

  private void done(KafkaMessage message) {
    var handed = message.handed();
    if (handed != null) {
      long before = offsets.position();
      offsets.done(handed);
      attempts.remove(message.offset());
      if (offsets.position() != before) {
        change++;
      }
    }
  }

  /** Dapr's way with what has failed too often; ours only where a setting says so. */
  private boolean isGivenUp(KafkaMessage message, long now) {
    var limit = rules.redelivery().limit();
    if (!limit.skips()
        || stopped
        || !limit.isReached(
            message.failures(), Duration.ofNanos(now - message.failedAt()))) {
      return false;
    }
    log.error(
        "{} has failed {} times and is skipped, as \"onExhausted\" says: it is lost",
        message,
        message.failures());
    return true;
  }

  private void pauseIsOver() {
    lock.lock();
    try {
      waiting = false;
      schedule();
    } finally {
      lock.unlock();
    }
  }

  /** The handler that an earlier assignment has left behind is through. */
  private void takesOver(List<Long> done) {
    lock.lock();
    try {
      predecessor = null;
      doneBefore.addAll(done);
      schedule();
    } finally {
      lock.unlock();
    }
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
      before =
          begun == 0 ? attempts.remove(message.offset()) : attempts.put(message.offset(), begun);
      change++;
      if (stopped) {
        // What is taken back goes out with the last commit, which waits for this worker.
        return;
      }
      recorded = commits.now();
    } finally {
      lock.unlock();
    }
    try {
      recorded.get(rules.recordPatience().toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      unrecord(message, before);
      throw KafkaFailures.interrupted(what, e);
    } catch (TimeoutException e) {
      unrecord(message, before);
      throw KafkaFailures.timeout(what, e);
    } catch (ExecutionException e) {
      unrecord(message, before);
      throw ComponentException.unavailable(
          what + " failed: " + KafkaFailures.reason(e), e.getCause());
    }
  }

  private void unrecord(KafkaMessage message, @Nullable Integer before) {
    lock.lock();
    try {
      if (before == null) {
        attempts.remove(message.offset());
      } else {
        attempts.put(message.offset(), before);
      }
      change++;
    } finally {
      lock.unlock();
    }
  }
}
