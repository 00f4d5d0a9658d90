// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The partitions that the group has given to one consumer, and what is committed of them. Used by
 * the thread that owns the consumer; only {@link #wake} is for others too.
 */
final class Assignment {
  private static final Logger log = LoggerFactory.getLogger(Assignment.class);
  private static final Duration ANSWER = Duration.ofSeconds(5);

  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final PartitionQueue.Surroundings around;
  private final Beginnings beginnings;
  private final TimeSource time;
  private final Map<TopicPartition, PartitionQueue> queues = new ConcurrentHashMap<>();
  private final Set<TopicPartition> unprepared = new HashSet<>();
  private final Map<TopicPartition, PartitionQueue> leftBehind = new HashMap<>();
  private boolean failing;
  private boolean unanswered;
  private @Nullable Consumer<byte[], byte[]> committing;
  private long prepareAgain;

  Assignment(PartitionQueue.Surroundings around, Beginnings beginnings, TimeSource time) {
    this.around = around;
    this.beginnings = beginnings;
    this.time = time;
    this.prepareAgain = time.nanos();
  }

  Set<TopicPartition> partitions() {
    var all = new HashSet<>(unprepared);
    all.addAll(queues.keySet());
    return all;
  }

  /** These are ours now; they are paused until {@link #prepare} has asked where they begin. */
  void assign(Collection<TopicPartition> partitions) {
    unprepared.addAll(partitions);
  }

  /**
   * Asks where new partitions begin, and what the owner before has left on record. Those of which
   * nobody says so in time stay paused, and are asked for again; what is here already goes on.
   */
  void prepare(Consumer<byte[], byte[]> consumer) {
    if (unprepared.isEmpty() || time.nanos() - prepareAgain < 0) {
      return;
    }
    try {
      openAll(consumer);
      unanswered = false;
    } catch (TimeoutException e) {
      if (!unanswered) {
        log.warn(
            "no broker says where {} begin, asking again: {}", unprepared, KafkaFailures.reason(e));
      }
      unanswered = true;
      prepareAgain = time.nanos() + PAUSE.toNanos();
    }
  }

  private void openAll(Consumer<byte[], byte[]> consumer) {
    // All is known before anything is placed: the end of a log is another one a moment later.
    beginnings.find(consumer, unprepared).forEach((partition, beginning) -> {
      consumer.seek(partition, beginning.place());
      open(partition, beginning.place().offset(), beginning.note());
    });
    unprepared.clear();
    around.commits().soon();
  }

  /** A poll has met partitions without a place: where they begin is asked for before the next. */
  void placeNow(NoOffsetForPartitionException without) {
    if (beginnings.isNone()) {
      throw without;
    }
    prepareAgain = time.nanos();
  }

  /**
   * Goes on where what was to be read next is gone. When nobody says where, the next poll brings it
   * up again.
   */
  void goOn(Consumer<byte[], byte[]> consumer, OffsetOutOfRangeException gone) {
    if (beginnings.isNone()) {
      throw gone;
    }
    Map<TopicPartition, Long> next;
    try {
      next = beginnings.next(consumer, gone);
    } catch (TimeoutException e) {
      log.warn("no broker says where to go on, asking again: {}", KafkaFailures.reason(e));
      return;
    }
    gone.offsetOutOfRangePartitions().forEach((partition, offset) -> {
      var queue = queues.get(partition);
      var place = next.get(partition);
      if (queue == null || place == null) {
        return;
      }
      if (place > offset) {
        beginnings.lost(partition, offset, place);
        queue.skipTo(place);
        around.commits().soon();
      } else {
        beginAnew(consumer, partition, place);
      }
      consumer.seek(partition, place);
    });
  }

  private void open(TopicPartition partition, long position, CommitNote note) {
    var queue = new PartitionQueue(partition, position, note, around);
    var before = leftBehind.remove(partition);
    if (before != null) {
      queue.follow(before);
      if (before.isBusy()) {
        leftBehind.put(partition, before);
      }
    }
    queues.put(partition, queue);
  }

  /** Pauses what has enough, and lets go on what has not. */
  void direct(Consumer<byte[], byte[]> consumer) {
    List<TopicPartition> full = new ArrayList<>();
    List<TopicPartition> low = new ArrayList<>();
    queues.forEach((partition, queue) -> {
      var change = queue.flow();
      if (change != null) {
        (change ? full : low).add(partition);
      }
    });
    if (!full.isEmpty()) {
      consumer.pause(full);
    }
    if (!low.isEmpty()) {
      consumer.resume(low);
    }
  }

  void add(Consumer<byte[], byte[]> consumer, ConsumerRecords<byte[], byte[]> records) {
    for (var partition : records.partitions()) {
      var some = records.records(partition);
      var queue = queues.get(partition);
      if (queue == null) {
        consumer.seek(partition, some.get(0).offset());
        continue;
      }
      if (queue.isBehind(some)) {
        long first = some.get(0).offset();
        beginAnew(consumer, partition, first);
        queue = queues.get(partition);
      }
      if (queue != null) {
        queue.add(some);
      }
    }
  }

  /** The topic is another one by the same name: what was read and committed says nothing of it. */
  void beginAnew(Consumer<byte[], byte[]> consumer) {
    for (var partition : List.copyOf(queues.keySet())) {
      openAnew(consumer, partition, 0);
      consumer.seek(partition, 0);
    }
  }

  private void beginAnew(Consumer<byte[], byte[]> consumer, TopicPartition partition, long first) {
    log.warn(
        "{} begins anew at {}: its topic was made again, or has lost its end", partition, first);
    openAnew(consumer, partition, first);
  }

  private void openAnew(Consumer<byte[], byte[]> consumer, TopicPartition partition, long first) {
    lose(List.of(partition));
    open(partition, first, CommitNote.clean(first));
    consumer.pause(List.of(partition));
    around.commits().soon();
  }

  /**
   * Commits what has changed, without waiting. One commit at a time: workers ask for the next while
   * the last one is under way, and one more for each of them would only keep brokers busy.
   */
  void commit(Consumer<byte[], byte[]> consumer) {
    if (isCommitting(consumer)) {
      return;
    }
    var waiting = around.commits().take();
    var snapshots = new ArrayList<Progress.Snapshot>();
    for (var queue : queues.values()) {
      var snapshot = queue.toCommit();
      if (snapshot != null) {
        snapshots.add(snapshot);
      }
    }
    if (snapshots.isEmpty()) {
      waiting.forEach(answer -> answer.complete(null));
      return;
    }
    committing = consumer;
    try {
      consumer.commitAsync(offsets(snapshots), (offsets, failure) -> {
        committed(consumer);
        answered(snapshots, waiting, failure);
      });
    } catch (KafkaException e) {
      committed(consumer);
      answered(snapshots, waiting, e);
    }
  }

  /** Whether a commit is under way; one that a consumer had begun ends with the consumer. */
  boolean isCommitting(Consumer<byte[], byte[]> consumer) {
    return committing == consumer;
  }

  private void committed(Consumer<byte[], byte[]> consumer) {
    if (isCommitting(consumer)) {
      committing = null;
    }
    if (around.commits().isAsked()) {
      around.commits().wakeUp();
    }
  }

  private void answered(
      List<Progress.Snapshot> snapshots,
      List<CompletableFuture<Void>> waiting,
      @Nullable Exception failure) {
    if (failure == null) {
      snapshots.forEach(snapshot -> snapshot.queue().committed(snapshot));
      waiting.forEach(answer -> answer.complete(null));
      failing = false;
      return;
    }
    waiting.forEach(answer -> answer.completeExceptionally(failure));
    if (!failing) {
      log.warn("offsets can't be committed, trying again: {}", KafkaFailures.reason(failure));
    }
    failing = true;
  }

  private static Map<TopicPartition, OffsetAndMetadata> offsets(List<Progress.Snapshot> snapshots) {
    var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
    snapshots.forEach(snapshot -> offsets.put(snapshot.queue().partition(), snapshot.offset()));
    return offsets;
  }

  /**
   * Gives partitions back in order: nothing begins any more, what runs has so long to end, and what
   * is done is committed. What ends later ends without effect.
   */
  void release(
      Consumer<byte[], byte[]> consumer,
      Collection<TopicPartition> partitions,
      long patienceNanos,
      CommitRequests requests) {
    var going = takeOut(partitions);
    going.forEach(PartitionQueue::stop);
    // After the stop: what runs on would ask anew, for a commit that this thread can't make here.
    requests.refuse(new RebalanceInProgressException("the partition is given back"));
    if (going.isEmpty()) {
      return;
    }
    long until = time.nanos() + patienceNanos;
    try {
      for (var queue : going) {
        queue.awaitIdle(until - time.nanos());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    var last = going.stream().map(PartitionQueue::end).toList();
    leaveBehind(going);
    try {
      unwoken(() -> {
        consumer.commitSync(offsets(last), ANSWER);
        return true;
      });
    } catch (KafkaException e) {
      log.warn(
          "the last offsets of {} were not committed, what was done since comes again: {}",
          partitions,
          KafkaFailures.reason(e));
    }
  }

  /** Another member may have these already: nothing is committed. */
  void lose(Collection<TopicPartition> partitions) {
    var gone = takeOut(partitions);
    gone.forEach(PartitionQueue::stop);
    around.commits().refuse(new RebalanceInProgressException("the partition is lost"));
    gone.forEach(PartitionQueue::end);
    leaveBehind(gone);
  }

  private List<PartitionQueue> takeOut(Collection<TopicPartition> partitions) {
    var out = new ArrayList<PartitionQueue>();
    for (var partition : partitions) {
      unprepared.remove(partition);
      var queue = queues.remove(partition);
      if (queue != null) {
        out.add(queue);
      }
    }
    return out;
  }

  private void leaveBehind(List<PartitionQueue> queues) {
    for (var queue : queues) {
      if (queue.isBusy()) {
        leftBehind.put(queue.partition(), queue);
      }
    }
  }

  /** A wake-up that comes meanwhile is for the loop. */
  private static <T> T unwoken(Supplier<T> call) {
    while (true) {
      try {
        return call.get();
      } catch (WakeupException e) {
        log.trace("woken while committing");
      }
    }
  }

  /** Whether something runs. */
  boolean isBusy() {
    return queues.values().stream().anyMatch(PartitionQueue::isBusy)
        || leftBehind.values().stream().anyMatch(PartitionQueue::isBusy);
  }

  /** Whether there is something to commit before long. */
  boolean isActive() {
    return queues.values().stream().anyMatch(queue -> queue.isDirty() || queue.isBusy());
  }

  /** Looks again what may be handed over. */
  void wake() {
    queues.values().forEach(PartitionQueue::wake);
  }
}
