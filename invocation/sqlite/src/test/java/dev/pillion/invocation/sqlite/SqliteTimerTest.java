// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.pillion.CallRejectedException;
import dev.pillion.Registration;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.connections.sqlite.SqliteSettings;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.testkit.CapturedLog;
import dev.pillion.testkit.ManualTime;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testservers.RawDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The timer that renews registrations is one for the whole runtime, and waits for no database. */
@Timeout(60)
class SqliteTimerTest {
  private static final Duration RENEWAL = Duration.ofSeconds(4);

  @TempDir
  Path folder;

  private final ManualTime time = new ManualTime();
  private final PlainThreads plain = new PlainThreads();
  private final CapturedLog log = new CapturedLog(SqliteNameResolver.class.getPackageName());
  private volatile Runnable onRenewal = () -> {};
  private SqliteNameResolver resolver;
  private Registration registration;
  private RawDatabase raw;

  /** Threads of which there are none left for renewals. */
  private final class Busy implements Threads {
    @Override
    public void execute(String name, Runnable task) {
      onRenewal.run();
      throw new CallRejectedException("ERR_THREADS", "all threads are at work", null);
    }

    @Override
    public Thread start(String name, Runnable loop) {
      return plain.start(name, loop);
    }
  }

  @BeforeEach
  void register() {
    var file = folder.resolve("names.db");
    resolver = SqliteNameResolver.builder(
            SqliteSettings.at(file).busyTimeout(Duration.ofSeconds(20)))
        .timeout(Duration.ofSeconds(20))
        .updateInterval(Duration.ofSeconds(24))
        .build();
    resolver.open(new ComponentContext(
        "web", "default", "nr", time, new Busy(), Deadline.after(Duration.ofSeconds(10), time)));
    registration = resolver.register(
        new AppInstance("orders", "default", new PeerAddress("10.0.0.2", 50_002), 0));
    raw = new RawDatabase(file);
  }

  @AfterEach
  void close() {
    resolver.close();
    raw.close();
    log.close();
  }

  private FutureTask<Void> begun(Runnable work) {
    var task = new FutureTask<Void>(work, null);
    plain.execute("test", task);
    return task;
  }

  @Test
  void aRenewalThatFindsNoThreadDoesNotWaitForAWriteUnderWay() throws Exception {
    raw.execute("BEGIN EXCLUSIVE");
    var closing = new FutureTask<Void>(registration::close, null);
    var closer = new Thread(closing);
    onRenewal = () -> {
      closer.start();
      await().until(() -> isWriting(closer));
    };
    try {
      begun(() -> time.advance(RENEWAL)).get(10, TimeUnit.SECONDS);
      assertThat(closing.isDone()).as("the database is still busy").isFalse();
    } finally {
      raw.execute("COMMIT");
    }
    closing.get(30, TimeUnit.SECONDS);
    assertThat(raw.number("SELECT count(*) FROM hosts")).isZero();
    onRenewal = () -> {};
    time.advance(Duration.ofMinutes(1));
    assertThat(raw.number("SELECT count(*) FROM hosts"))
        .as("what is closed is not renewed")
        .isZero();
  }

  private static boolean isWriting(Thread thread) {
    return Arrays.stream(thread.getStackTrace())
        .anyMatch(frame -> frame.getMethodName().equals("writeOne"));
  }

  @Test
  void aRenewalThatFindsNoThreadIsTriedAgainAndShows() {
    time.advance(RENEWAL);
    assertThatThrownBy(registrationProbe()::run)
        .hasMessage("the registration of app \"orders\" could not be renewed");
    var tries = new int[1];
    onRenewal = () -> tries[0]++;
    time.advance(Duration.ofSeconds(2));
    assertThat(tries[0]).as("each 500 ms").isEqualTo(4);
    assertThat(log.warnings()).hasSize(1);
  }

  private Runnable registrationProbe() {
    return () -> resolver.probe(Deadline.after(Duration.ofSeconds(10), time));
  }
}
