// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.connections.sqlite.SqliteDatabase;
import dev.pillion.connections.sqlite.SqliteSettings;
import dev.pillion.pubsub.spi.TopicSubscription;
import dev.pillion.testkit.ManualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What another process publishes is heard of, not only found when it is looked for. */
@EnabledOnOs(OS.LINUX)
class SqliteWatchIT {
  private static final Duration DAY = Duration.ofDays(1);

  @TempDir
  Path directory;

  private final ManualTime time = new ManualTime();
  private final Patience patience = new Patience();
  private final TestReceiver receiver = new TestReceiver();
  private final List<Thread> started = new CopyOnWriteArrayList<>();
  private SqliteDatabase database;
  private Keeper keeper;
  private SqliteIntake intake;

  /** Once a look would be a long time off there is none, unless it is woken. */
  private static final class Patience extends Signal {
    volatile boolean waiting;

    @Override
    void await(long nanos) throws InterruptedException {
      waiting = nanos >= TimeUnit.MILLISECONDS.toNanos(500);
      super.await(waiting ? Long.MAX_VALUE : nanos);
      waiting = false;
    }
  }

  private final class TestThreads implements Threads {
    @Override
    public void execute(String name, Runnable task) {
      start(name, task);
    }

    @Override
    public Thread start(String name, Runnable loop) {
      var thread = new Thread(loop, name);
      thread.setDaemon(true);
      started.add(thread);
      thread.start();
      return thread;
    }
  }

  private Path file() {
    return directory.resolve("pubsub.db");
  }

  @BeforeEach
  void open() {
    var context =
        new ComponentContext("orders", "", "pubsub", time, new TestThreads(), Deadline.none());
    database = SqliteDatabase.open(SqliteSettings.at(file()), time);
    BrokerSchema.create(database, Deadline.none());
    var place = ProcessPlace.ofThisProcess();
    var pace = new Pace(DAY, DAY, DAY, Duration.ofMillis(40));
    keeper = new Keeper(database, context, pace, place, patience);
    keeper.start();
    var membership = new Membership(time, pace, place);
    long topic = new EventLog(database, time).topic("paid", Deadline.none());
    membership.join(database, topic, "paid", "g", Ordering.KEY);
    intake = new SqliteIntake(
        database,
        context,
        membership,
        new SqliteIntake.Handling(receiver, 10, 100),
        new TopicSubscription("paid", "g", Map.of(), 10, null));
    keeper.add(intake);
    intake.start();
  }

  @AfterEach
  void close() {
    intake.close(Deadline.after(Duration.ZERO, time));
    keeper.close();
    intake.abort();
    database.close();
  }

  private void awaitWaiting() {
    await().atMost(TestReceiver.PATIENCE).until(() -> patience.waiting);
  }

  @Test
  void whatAnotherProcessPublishesIsHandledAlthoughNobodyLooksForIt() throws Exception {
    for (int round = 0; round < 3; round++) {
      awaitWaiting();
      var published =
          PublisherProcess.killAfter(PublisherProcess.start(file(), "r" + round + "-"), 100);
      await().atMost(TestReceiver.PATIENCE).untilAsserted(() -> assertThat(receiver.texts())
          .containsAll(published));
    }
  }

  @Test
  void closingEndsTheThreadOfTheWatch() throws Exception {
    awaitWaiting();
    close();
    assertThat(started)
        .extracting(Thread::getName)
        .contains("pubsub/pubsub/keeper", "pubsub/pubsub/watch");
    for (Thread thread : started) {
      thread.join(TestReceiver.PATIENCE.toMillis());
      assertThat(thread.isAlive()).as(thread.getName()).isFalse();
    }
  }
}
