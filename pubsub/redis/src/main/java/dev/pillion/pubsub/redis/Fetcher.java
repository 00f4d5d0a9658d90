// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import dev.pillion.concurrent.TimeSource;
import dev.pillion.connections.redis.RedisConnection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waits for messages that nobody has had, on a connection of its own. One thread runs it. */
final class Fetcher implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Fetcher.class);

  private final Group group;
  private final RedisConnection reading;
  private final Inbox inbox;
  private final Consumer<List<StreamEntry>> taker;
  private final TimeSource time;
  private final Duration block;
  private final Backoff backoff = new Backoff();

  Fetcher(
      Group group,
      RedisConnection reading,
      Inbox inbox,
      Consumer<List<StreamEntry>> taker,
      Duration block,
      TimeSource time) {
    this.group = group;
    this.reading = reading;
    this.inbox = inbox;
    this.taker = taker;
    this.block = block;
    this.time = time;
  }

  @Override
  public void run() {
    try {
      for (int room = inbox.awaitRoom(); room > 0; room = inbox.awaitRoom()) {
        try {
          fetch(room);
        } catch (RuntimeException e) {
          if (!inbox.isClosed()) {
            heal(e);
          }
        }
      }
    } catch (InterruptedException e) {
      LOG.debug("no more is fetched of topic \"{}\"", group.topic(), e);
    }
  }

  private void fetch(int room) {
    taker.accept(group.read(reading, room, block));
    if (!backoff.isReset()) {
      LOG.info("topic \"{}\" is read again", group.topic());
      backoff.reset();
    }
  }

  private void heal(RuntimeException failure) throws InterruptedException {
    boolean isFirst = backoff.isReset();
    var pause = backoff.next();
    if (Group.isMissing(failure)) {
      try {
        group.create();
        LOG.warn(
            "the group of topic \"{}\" was gone from the server and is made anew, from the first message on",
            group.topic());
        if (isFirst) {
          return;
        }
      } catch (RuntimeException e) {
        LOG.debug("the group of topic \"{}\" could not be made yet", group.topic(), e);
      }
    } else if (isFirst) {
      LOG.warn("topic \"{}\" can't be read; trying again: {}", group.topic(), failure.getMessage());
    }
    var over = new CountDownLatch(1);
    var alarm = time.schedule(pause, over::countDown);
    try {
      over.await();
    } finally {
      alarm.cancel();
    }
  }
}
