// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who shares a commit with whom, and what then becomes of each. */
class GroupCommitTest {
  private static final Duration SOON = Duration.ofMillis(100);

  @TempDir
  Path directory;

  private final WallTime time = new WallTime();
  private SqliteDatabase database;

  @BeforeEach
  void open() {
    open(SqliteSettings.at(file()));
  }

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void writersThatComeTogetherShareCommits() throws Exception {
    int writers = 16;
    int each = 100;
    long before = database.commits();
    var callers = new ArrayList<Caller>();
    for (int writer = 0; writer < writers; writer++) {
      int first = writer * each;
      callers.add(new Caller(() -> {
        for (int i = 0; i < each; i++) {
          int id = first + i;
          database.writeOne(session -> insert(session, id), Deadline.none());
        }
        return true;
      }));
    }
    for (Caller caller : callers) {
      caller.result();
    }
    assertThat(ids()).hasSize(writers * each);
    assertThat(database.commits() - before).isLessThan(writers * each);
  }

  @Test
  void aCallerAloneHasACommitOfItsOwn() {
    long commits = database.commits();
    long works = database.works();
    for (int i = 0; i < 10; i++) {
      int id = i;
      database.writeOne(session -> insert(session, id), Deadline.none());
    }
    assertThat(database.commits() - commits).isEqualTo(10);
    assertThat(database.works() - works).isEqualTo(10);
  }

  @Test
  void whoQueuesBehindALeaderIsCommittedTogether() throws Exception {
    var leader = new Held();
    var queued = new ArrayList<Caller>();
    for (int i = 1; i <= 5; i++) {
      queued.add(queue(i));
    }
    long commits = database.commits();
    leader.release();
    for (Caller caller : queued) {
      assertThat(caller.failure()).isNull();
    }
    assertThat(database.commits() - commits).isEqualTo(2);
    assertThat(ids()).containsExactly(0, 1, 2, 3, 4, 5);
  }

  @Test
  void aTransactionThatFailsLeavesItsNeighboursAlone() throws Exception {
    var leader = new Held();
    var before = queue(1);
    var failing = new Caller(() -> database.write(
        session -> {
          insert(session, 2);
          throw new IllegalArgumentException("no");
        },
        Deadline.none()));
    failing.awaitParked();
    var after = queue(3);
    leader.release();
    assertThat(before.failure()).isNull();
    assertThat(failing.failure()).isInstanceOf(IllegalArgumentException.class).hasMessage("no");
    assertThat(after.failure()).isNull();
    assertThat(ids()).containsExactly(0, 1, 3);
  }

  @Test
  void aSingleWriteThatFailsLeavesItsNeighboursAlone() throws Exception {
    var leader = new Held();
    var before = queue(1);
    var refused = queue(1);
    var thrown = new Caller(() -> database.writeOne(
        session -> {
          insert(session, 2);
          throw new AssertionError("broken");
        },
        Deadline.none()));
    thrown.awaitParked();
    var after = queue(3);
    leader.release();
    assertThat(before.failure()).isNull();
    assertThat(refused.failure())
        .isInstanceOf(ComponentException.class)
        .hasMessageContaining("UNIQUE");
    assertThat(thrown.failure()).isInstanceOf(AssertionError.class).hasMessage("broken");
    assertThat(after.failure()).isNull();
    assertThat(ids()).containsExactly(0, 1, 3);
  }

  @Test
  void aFailedStatementInATransactionLeavesItsNeighboursAlone() throws Exception {
    var leader = new Held();
    var before = queue(1);
    var failing = new Caller(
        () -> database.write(session -> insert(session, 2) + insert(session, 1), Deadline.none()));
    failing.awaitParked();
    var after = queue(3);
    leader.release();
    assertThat(before.failure()).isNull();
    assertThat(failing.failure()).isInstanceOf(ComponentException.class);
    assertThat(after.failure()).isNull();
    assertThat(ids()).containsExactly(0, 1, 3);
  }

  @Test
  void whenTheCommitFailsNobodyIsAcknowledged() throws Exception {
    // With a rollback journal a commit must wait for readers, and this one does not end.
    database.close();
    open(SqliteSettings.at(file()).withoutWal().busyTimeout(Duration.ofMillis(100)));
    try (var reader = DriverManager.getConnection("jdbc:sqlite:" + file());
        var statement = reader.createStatement()) {
      var leader = new Held();
      var first = queue(1);
      var second = queue(2);
      statement.execute("BEGIN");
      statement.executeQuery("SELECT * FROM t").next();
      leader.release();
      assertThat(leader.caller.failure()).isInstanceOf(ComponentException.class);
      for (Caller caller : List.of(first, second)) {
        assertThat(caller.failure())
            .isInstanceOf(ComponentException.class)
            .hasMessageContaining("busy");
      }
      statement.execute("COMMIT");
    }
    assertThat(ids()).isEmpty();
    database.writeOne(session -> insert(session, 7), Deadline.none());
    assertThat(ids()).containsExactly(7);
  }

  @Test
  void whoseTimeIsUpWhileQueuedIsCertainlyNotApplied() throws Exception {
    var leader = new Held();
    var late = new Caller(
        () -> database.writeOne(session -> insert(session, 1), Deadline.after(SOON, time)));
    assertThat(late.failure())
        .isInstanceOf(CallTimeoutException.class)
        .hasMessageContaining("was not applied");
    leader.release();
    assertThat(leader.caller.failure()).isNull();
    database.writeOne(session -> insert(session, 2), Deadline.none());
    assertThat(ids()).containsExactly(0, 2);
  }

  @Test
  void whoseTimeIsUpWhileRunningLearnsThatTheOutcomeIsUnknown() throws Exception {
    var leader = new Held();
    var gate = new Gate();
    var slow = new Caller(() -> database.write(
        session -> {
          gate.pass();
          return insert(session, 1);
        },
        Deadline.none()));
    slow.awaitParked();
    var caught = new Caller(() -> database.writeOne(
        session -> insert(session, 2), Deadline.after(Duration.ofMillis(400), time)));
    caught.awaitParked();
    leader.release();
    gate.awaitReached();
    assertThat(caught.failure())
        .isInstanceOf(CallTimeoutException.class)
        .hasMessageContaining("may or may not be applied");
    gate.open();
    assertThat(slow.failure()).isNull();
    assertThat(ids()).contains(0, 1);
  }

  @Test
  void aDeadlineThatHasPassedWritesNothing() throws Exception {
    var past = Deadline.after(Duration.ZERO, time);
    var call = new Caller(() -> database.writeOne(session -> insert(session, 1), past));
    assertThat(call.failure()).isInstanceOf(CallTimeoutException.class);
    var read = new Caller(() -> database.read(session -> true, past));
    assertThat(read.failure()).isInstanceOf(CallTimeoutException.class);
    assertThat(ids()).isEmpty();
  }

  @Test
  void aDeadlineEndsTheWaitForAnotherProcess() throws Exception {
    try (var other = DriverManager.getConnection("jdbc:sqlite:" + file());
        var statement = other.createStatement()) {
      statement.execute("BEGIN IMMEDIATE");
      var call = new Caller(
          () -> database.writeOne(session -> insert(session, 1), Deadline.after(SOON, time)));
      assertThat(call.failure())
          .isInstanceOf(CallTimeoutException.class)
          .hasMessageContaining("was not applied");
    }
    assertThat(ids()).isEmpty();
  }

  @Test
  void anInterruptWithdrawsWhoIsQueuedAndKeepsTheFlag() throws Exception {
    var leader = new Held();
    var flag = new AtomicBoolean();
    var call = new Caller(() -> {
      try {
        return database.writeOne(session -> insert(session, 1), Deadline.none());
      } finally {
        flag.set(Thread.currentThread().isInterrupted());
      }
    });
    call.awaitParked();
    call.interrupt();
    assertThat(call.failure())
        .isInstanceOf(ComponentException.class)
        .hasMessageContaining("interrupted");
    assertThat(flag).isTrue();
    leader.release();
    assertThat(leader.caller.failure()).isNull();
    assertThat(ids()).containsExactly(0);
  }

  @Test
  void closeLetsTheBatchUnderWayFinishAndFailsTheRest() throws Exception {
    var leader = new Held();
    var queued = queue(1);
    var close = new Caller(() -> {
      database.close();
      return true;
    });
    assertThatIllegalStateException().isThrownBy(() -> {
      while (true) {
        database.read(session -> true, Deadline.none());
      }
    });
    leader.release();
    close.result();
    assertThat(leader.caller.failure()).isNull();
    assertThat(queued.failure()).isInstanceOfAny(IllegalStateException.class, null);
  }

  private void open(SqliteSettings settings) {
    database = SqliteDatabase.open(settings, time);
    database.write(
        session -> {
          session.execute("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY)");
          return true;
        },
        Deadline.none());
  }

  private Path file() {
    return directory.resolve("a.db");
  }

  /** A write that waits behind the leader. */
  private Caller queue(int id) {
    var caller =
        new Caller(() -> database.writeOne(session -> insert(session, id), Deadline.none()));
    caller.awaitParked();
    return caller;
  }

  private List<Integer> ids() {
    return database.read(
        session -> {
          var ids = new ArrayList<Integer>();
          try (var result = session.statement("SELECT id FROM t ORDER BY id").executeQuery()) {
            while (result.next()) {
              ids.add(result.getInt(1));
            }
          }
          return ids;
        },
        Deadline.none());
  }

  private static int insert(SqliteSession session, int id) throws SQLException {
    var statement = session.statement("INSERT INTO t (id) VALUES (?)");
    statement.setInt(1, id);
    return statement.executeUpdate();
  }

  /** A leader that inserts 0 and holds everybody else up until it is released. */
  private final class Held {
    private final Gate gate = new Gate();
    private final Caller caller = new Caller(() -> database.write(
        session -> {
          gate.pass();
          return insert(session, 0);
        },
        Deadline.none()));

    Held() {
      gate.awaitReached();
    }

    void release() {
      gate.open();
    }
  }
}
