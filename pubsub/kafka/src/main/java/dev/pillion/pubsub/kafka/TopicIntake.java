// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.spi.Intake;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One topic taken in for one group: a consumer, and the thread that owns it. That thread polls
 * whatever handlers do, with partitions paused whose messages are not wanted yet, so a handler may
 * run for as long as it likes. Thread-safe.
 *
 * <p>Each topic has a consumer of its own, that is, a member of the group with this one topic. A
 * daprd has one member with all its topics; assignors deal out each topic among the members that
 * have it, so both kinds live in one group. Its own consumer gives a topic that is forbidden,
 * missing or slow nothing to share with the others but the group's rebalances, and those a change
 * of the one member's topics would bring as well.
 */
final class TopicIntake implements Intake, ConsumerRebalanceListener {
  private static final Logger log = LoggerFactory.getLogger(TopicIntake.class);
  private static final Duration COMMIT = Duration.ofSeconds(1);
  private static final Duration BUSY_POLL = Duration.ofMillis(200);
  private static final Duration IDLE_POLL = Duration.ofSeconds(1);
  private static final Duration LEAVE = Duration.ofSeconds(5);
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(10);

  /**
   * For so long a rebalance waits for what runs; most handlers end within, and need not run again
   * elsewhere.
   */
  private static final Duration REVOKE = Duration.ofSeconds(3);

  private final ComponentContext context;
  private final String name;
  private final String topic;
  private final Supplier<Consumer<byte[], byte[]>> consumers;
  private final TopicWatch watch;
  private final Duration retry;
  private final Assignment assignment;
  private final CommitRequests commits;
  private final CountDownLatch over = new CountDownLatch(1);
  private final AtomicBoolean woken = new AtomicBoolean();
  private volatile Consumer<byte[], byte[]> consumer;
  private volatile boolean polling;
  private volatile boolean paused;
  private volatile boolean closing;
  private volatile long closeBy = Long.MAX_VALUE;
  private volatile @Nullable String trouble;
  private boolean subscribed;
  private long lastCommit;
  private Duration pause;

  /**
   * @param consumers makes a consumer, again when one has failed for good
   * @param watch sees when the topic becomes another one
   * @param retry the first pause after a failure
   * @param assignments makes what holds the partitions, given what workers ask this thread
   */
  TopicIntake(
      ComponentContext context,
      String topic,
      Supplier<Consumer<byte[], byte[]>> consumers,
      TopicWatch watch,
      Duration retry,
      Function<TopicIntake, Assignment> assignments) {
    this.context = context;
    this.name = "pubsub/" + context.name() + "/" + topic;
    this.topic = topic;
    this.consumers = consumers;
    this.watch = watch;
    this.retry = retry;
    this.pause = retry;
    this.commits = new CommitRequests(this::wakeUp);
    this.consumer = consumers.get();
    this.assignment = assignments.apply(this);
    this.lastCommit = context.time().nanos();
  }

  CommitRequests commits() {
    return commits;
  }

  /** Whether nothing new is handed over. */
  boolean isHeld() {
    return paused || closing;
  }

  void start() {
    context.threads().start(name, this::run);
  }

  private void wakeUp() {
    if (polling && woken.compareAndSet(false, true)) {
      consumer.wakeup();
    }
  }

  private void run() {
    try {
      while (!isOver()) {
        step();
      }
      if (!closing) {
        log.warn("taking in \"{}\" ends: its thread was interrupted", topic);
        trouble = "its thread was interrupted";
      }
      leave();
    } finally {
      over.countDown();
    }
  }

  /** Why nothing is taken in, as long as that is so; null otherwise. */
  @Nullable
  String trouble() {
    var reason = closing ? null : watch.isGone() ? "the topic is not there" : trouble;
    return reason == null ? null : "\"" + topic + "\" is not taken in: " + reason;
  }

  /** Whether it has left the group. */
  boolean isOverAndDone() {
    return over.getCount() == 0;
  }

  private boolean isOver() {
    return Thread.currentThread().isInterrupted()
        || (closing && (!assignment.isBusy() || context.time().nanos() - closeBy >= 0));
  }

  private void step() {
    try {
      if (!subscribed) {
        consumer.subscribe(List.of(topic), this);
        subscribed = true;
      }
      if (watch.isAnotherOne()) {
        assignment.beginAnew(consumer);
      }
      commitWhenDue();
      assignment.prepare(consumer);
      assignment.direct(consumer);
      poll();
      pause = retry;
      trouble = null;
    } catch (WakeupException e) {
      // There is something to do.
      log.trace("{} was woken", name);
    } catch (InterruptException | InterruptedException e) {
      // Threads end by interrupt: so does the loop.
      Thread.currentThread().interrupt();
    } catch (KafkaException e) {
      log.warn("taking in \"{}\" failed, trying again: {}", topic, KafkaFailures.reason(e), e);
      trouble = KafkaFailures.reason(e);
      again();
    } catch (RuntimeException | Error e) {
      log.error("taking in \"{}\" failed unexpectedly, trying again", topic, e);
      trouble = "failed with " + e.getClass().getName();
      again();
    }
  }

  private void poll() {
    woken.set(false);
    polling = true;
    try {
      var timeout = assignment.isActive() || closing ? BUSY_POLL : IDLE_POLL;
      if (commits.isAsked() && !assignment.isCommitting(consumer)) {
        timeout = Duration.ZERO;
      }
      var records = consumer.poll(timeout);
      polling = false;
      assignment.add(consumer, records);
    } catch (OffsetOutOfRangeException e) {
      polling = false;
      assignment.goOn(consumer, e);
    } catch (NoOffsetForPartitionException e) {
      assignment.placeNow(e);
    } finally {
      polling = false;
    }
  }

  private void commitWhenDue() {
    long now = context.time().nanos();
    if (commits.isAsked() || now - lastCommit >= COMMIT.toNanos()) {
      lastCommit = now;
      assignment.commit(consumer);
    }
  }

  /** A consumer that has failed is of no use to anyone; a new one begins at what is committed. */
  private void again() {
    try {
      assignment.lose(List.copyOf(assignment.partitions()));
      consumer.close(CloseOptions.timeout(Duration.ZERO));
      var until = context.time().nanos() + pause.toNanos();
      pause = pause.multipliedBy(2).compareTo(LONGEST_RETRY) > 0
          ? LONGEST_RETRY
          : pause.multipliedBy(2);
      while (!isOver() && context.time().nanos() - until < 0) {
        over.await(BUSY_POLL.toMillis(), TimeUnit.MILLISECONDS);
      }
      consumer = consumers.get();
      subscribed = false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      log.warn("a new consumer of \"{}\" can't be made: {}", topic, KafkaFailures.reason(e), e);
    }
  }

  private void leave() {
    // An interrupt has said what it had to say; leaving is still worth its while.
    boolean interrupted = Thread.interrupted();
    try {
      assignment.release(consumer, List.copyOf(assignment.partitions()), 0, commits);
      consumer.close(CloseOptions.timeout(LEAVE));
    } catch (RuntimeException | Error e) {
      log.warn("the group of \"{}\" was not left in order: {}", topic, KafkaFailures.reason(e), e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    // What is here already keeps its state: assignors that leave partitions where they are name
    // only those that are new.
    consumer.pause(partitions);
    assignment.assign(partitions);
    if (!partitions.isEmpty()) {
      // Paused, they give the poll nothing to end with.
      wakeUp();
    }
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    assignment.release(consumer, partitions, closing ? 0 : REVOKE.toNanos(), commits);
    if (woken.get()) {
      // What it was woken for is still to do.
      consumer.wakeup();
    }
  }

  @Override
  public void onPartitionsLost(Collection<TopicPartition> partitions) {
    assignment.lose(partitions);
  }

  @Override
  public void pause() {
    paused = true;
  }

  @Override
  public void resume() {
    paused = false;
    assignment.wake();
  }

  @Override
  public void close(Deadline deadline) {
    long by = context.time().nanos() + deadline.remainingNanos(Long.MAX_VALUE / 4);
    if (!closing || by - closeBy < 0) {
      closeBy = by;
    }
    closing = true;
    wakeUp();
    try {
      while (over.getCount() > 0 && !deadline.hasPassed()) {
        over.await(deadline.remainingNanos(BUSY_POLL.toNanos()), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
