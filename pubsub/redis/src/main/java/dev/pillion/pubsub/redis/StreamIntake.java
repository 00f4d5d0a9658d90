// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.redis.RedisConnection;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One topic, taken in by one consumer of its group. */
final class StreamIntake implements Intake {
  private static final Logger LOG = LoggerFactory.getLogger(StreamIntake.class);
  private static final int BULK_MESSAGES = 100;
  private static final Duration BULK_AWAIT = Duration.ofSeconds(1);
  private static final Duration LONGEST_BLOCK = Duration.ofSeconds(2);
  /** After so long without a sign of life a consumer with nothing pending is removed. */
  private static final Duration FORGOTTEN = Duration.ofHours(1);
  /** How long giving back may take when the deadline has passed already. */
  private static final Duration GRACE = Duration.ofSeconds(1);

  private final RedisConnection reading;
  private final Inbox inbox;
  private final Keeper keeper;
  private final Workers workers;
  private final Thread fetching;
  private final ComponentContext context;
  private final AtomicBoolean closed = new AtomicBoolean();

  private StreamIntake(
      RedisConnection reading,
      Inbox inbox,
      Keeper keeper,
      Workers workers,
      Thread fetching,
      ComponentContext context) {
    this.reading = reading;
    this.inbox = inbox;
    this.keeper = keeper;
    this.workers = workers;
    this.fetching = fetching;
    this.context = context;
  }

  static StreamIntake start(
      RedisConnection connection,
      TopicSubscription subscription,
      MessageReceiver receiver,
      StreamSettings settings,
      LongAdder lost,
      ComponentContext context) {
    var time = context.time();
    var group = new Group(
        connection,
        subscription.topic(),
        subscription.consumerId(),
        UUID.randomUUID().toString(),
        settings.claimable(),
        time);
    group.create();
    tidy(group);
    var bulk = subscription.bulk();
    var inbox = new Inbox(limits(subscription, settings), settings.redelivers(), time);
    var keeper = new Keeper(group, inbox, settings, receiver, lost, time);
    var name = "pubsub/" + context.name();
    var workers = new Workers(
        inbox,
        keeper,
        receiver,
        bulk != null,
        settings.doubtfulAfter(),
        context.threads(),
        name,
        time);
    keeper.onReclaimed(workers::add);
    var reading = connection.another(Deadline.none());
    var fetcher = new Fetcher(group, reading, inbox, workers::add, block(reading, settings), time);
    try {
      var unused = context.threads().start(name + "/claims/" + subscription.topic(), keeper);
      var fetching = context.threads().start(name + "/fetch/" + subscription.topic(), fetcher);
      return new StreamIntake(reading, inbox, keeper, workers, fetching, context);
    } catch (RuntimeException e) {
      keeper.abandon();
      reading.close();
      throw e;
    }
  }

  private static void tidy(Group group) {
    try {
      group.tidy(FORGOTTEN);
    } catch (RuntimeException e) {
      // Nobody depends on it.
      LOG.debug("consumers of topic \"{}\" that ended can't be removed", group.topic(), e);
    }
  }

  private static Inbox.Limits limits(TopicSubscription subscription, StreamSettings settings) {
    int concurrency =
        subscription.concurrency() == 0 ? settings.concurrency() : subscription.concurrency();
    var bulk = subscription.bulk();
    int batch = bulk == null ? 1 : bulk.maxMessages() == 0 ? BULK_MESSAGES : bulk.maxMessages();
    var maxAwait =
        bulk == null ? Duration.ZERO : bulk.maxAwait().isZero() ? BULK_AWAIT : bulk.maxAwait();
    // What nobody takes over from us, we must not have fetched before a handler is free.
    int ahead = settings.redelivers() ? settings.queueDepth() : 0;
    int atOnce = bulk == null ? concurrency : 2 * batch;
    return new Inbox.Limits(Math.max(ahead, atOnce), concurrency, batch, maxAwait);
  }

  /** How long a read waits: its answer must come well before the connection counts as silent. */
  private static Duration block(RedisConnection reading, StreamSettings settings) {
    var block = Collections.min(List.of(
        LONGEST_BLOCK,
        reading.timeout().dividedBy(2),
        // A claim is dated from the sending of the read.
        settings.redelivers() ? settings.renewInterval().dividedBy(2) : LONGEST_BLOCK));
    return block.toMillis() > 0 ? block : Duration.ofMillis(1);
  }

  @Override
  public void pause() {
    keeper.settleAll(inbox.pause(), Disposition.RELEASE);
  }

  @Override
  public void resume() {
    inbox.resume();
    keeper.scanSoon();
    workers.dispatch();
  }

  @Override
  public void close(Deadline deadline) {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    keeper.settleAll(inbox.close(), Disposition.RELEASE);
    fetching.interrupt();
    reading.close();
    try {
      fetching.join(GRACE.toMillis());
      boolean idle = inbox.awaitEnd(deadline);
      keeper.close();
      var grace = Deadline.after(GRACE, context.time());
      keeper.awaitTold(grace);
      if (idle) {
        keeper.awaitEnd(grace);
      }
      // A handler that still runs keeps its message renewed; the keeper ends with the last of them.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      keeper.close();
      LOG.debug("interrupted while messages were given back", e);
    }
  }

  boolean hasEnded() {
    return closed.get() && keeper.hasEnded();
  }

  /** Ends it without giving back what is held: the connection goes. */
  void abandon() {
    keeper.abandon();
    try {
      keeper.awaitEnd(Deadline.after(GRACE, context.time()));
      fetching.join(TimeUnit.SECONDS.toMillis(1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
