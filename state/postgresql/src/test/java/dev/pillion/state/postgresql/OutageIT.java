// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import static dev.pillion.state.postgresql.TestStore.apply;
import static dev.pillion.state.postgresql.TestStore.bytes;
import static dev.pillion.state.postgresql.TestStore.get;
import static dev.pillion.state.postgresql.TestStore.ifMatch;
import static dev.pillion.state.postgresql.TestStore.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.component.ComponentSpec;
import dev.pillion.runtime.ComponentHealth;
import dev.pillion.runtime.ComponentHealth.Status;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.spi.StateChange;
import dev.pillion.testservers.FaultProxy;
import dev.pillion.testservers.PostgresServer;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The server goes, comes, freezes and is cut off while the store is in use. */
class OutageIT {
  private static PostgresServer server;
  private FaultProxy proxy;
  private PostgresStateStore store;
  private Sql sql;

  @BeforeAll
  static void start() {
    server = PostgresServer.start(Map.of("fsync", "on"));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void open() {
    var url = server.newDatabase();
    var uri = URI.create(url.substring("jdbc:".length()));
    sql = new Sql(Databases.withUser(server, url));
    proxy = FaultProxy.to(uri.getHost(), uri.getPort());
    store = TestStore.open(PostgresStateStore.at(Databases.withUser(
        server, "jdbc:postgresql://" + proxy.host() + ":" + proxy.port() + uri.getPath())));
  }

  @AfterEach
  void close() {
    store.close();
    proxy.close();
  }

  @Test
  void anOutageDegradesItsComponentAloneAndHeals() {
    var place = URI.create(sql.url().substring("jdbc:".length()));
    var settings = Map.of(
        "host", proxy.host(),
        "port", Integer.toString(proxy.port()),
        "database", place.getPath().substring(1),
        "user", server.user(),
        "password", server.password(),
        "timeout", "2s");
    var remoteSpec = ComponentSpec.of("remote", "state.postgresql", settings).version("v2");
    try (var runtime = EmbeddedRuntime.builder("outage")
        .component(remoteSpec)
        .component(ComponentSpec.of("local", "state.in-memory", Map.of()))
        .start()) {
      var remote = runtime.state("remote");
      var local = runtime.state("local");
      remote.save("k", 1);
      assertThat(status(runtime)).isEqualTo(Map.of("remote", Status.READY, "local", Status.READY));

      proxy.cut();
      for (Runnable call : List.<Runnable>of(
          () -> remote.get("k", Integer.class),
          () -> remote.save("k", 2),
          () -> remote.delete("k"))) {
        assertThatThrownBy(call::run)
            .isInstanceOfSatisfying(
                ComponentException.class, e -> assertThat(e.isTransient()).isTrue());
      }
      local.save("k", 2);
      assertThat(local.get("k", Integer.class)).contains(2);
      assertThat(status(runtime))
          .isEqualTo(Map.of("remote", Status.DEGRADED, "local", Status.READY));

      proxy.heal();
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (status(runtime).get("remote") != Status.READY) {
        assertThat(System.nanoTime()).as("not ready again in time").isLessThan(end);
        LockSupport.parkNanos(10_000_000);
      }
      assertThat(remote.get("k", Integer.class)).contains(1);
    }
  }

  private static Map<String, Status> status(EmbeddedRuntime runtime) {
    return runtime.health(Duration.ofSeconds(2)).stream()
        .collect(Collectors.toMap(ComponentHealth::name, ComponentHealth::status));
  }

  /** Writers that note what was acknowledged, and what they were told otherwise. */
  private final class Load implements AutoCloseable {
    final Map<String, Integer> acknowledged = new ConcurrentHashMap<>();
    final ConcurrentLinkedQueue<RuntimeException> failures = new ConcurrentLinkedQueue<>();
    final AtomicInteger count = new AtomicInteger();
    private final AtomicBoolean done = new AtomicBoolean();
    private final ExecutorService threads = Executors.newFixedThreadPool(4);
    private final List<Future<?>> writers;

    Load() {
      writers = IntStream.range(0, 4)
          .<Future<?>>mapToObj(t -> threads.submit(() -> write(t)))
          .toList();
    }

    private void write(int thread) {
      for (int n = 1; !done.get(); n++) {
        var key = "writer " + thread;
        try {
          var change = bytes(key, Integer.toString(n));
          var beside = bytes(key + " beside", Integer.toString(n));
          if (n % 2 == 0) {
            store.transact(
                List.<StateChange>of(change, beside), TestStore.in(Duration.ofSeconds(2)));
          } else {
            store.apply(change, TestStore.in(Duration.ofSeconds(2)));
          }
          acknowledged.put(key, n);
          count.incrementAndGet();
        } catch (RuntimeException e) {
          failures.add(e);
          LockSupport.parkNanos(1_000_000);
        }
      }
    }

    void awaitProgress() {
      int target = count.get() + 40;
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (count.get() < target) {
        assertThat(System.nanoTime()).as("writes go on").isLessThan(end);
        LockSupport.parkNanos(1_000_000);
      }
    }

    @Override
    public void close() throws ExecutionException, TimeoutException {
      done.set(true);
      try {
        for (Future<?> writer : writers) {
          writer.get(20, TimeUnit.SECONDS);
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      } finally {
        threads.shutdownNow();
      }
    }

    /** Each key holds what was acknowledged last, or one of the attempts after it. */
    void assertNothingLost() {
      acknowledged.forEach((key, n) ->
          assertThat(Integer.parseInt(text(store, key))).as(key).isGreaterThanOrEqualTo(n));
    }

    void assertTyped() {
      assertThat(failures).allSatisfy(e -> {
        if (!(e instanceof CallTimeoutException)) {
          assertThat(e).isInstanceOf(ComponentException.class);
          assertThat(((ComponentException) e).isTransient()).as(e.getMessage()).isTrue();
        }
      });
    }
  }

  @Test
  void aRestartUnderLoadLosesNothing() throws Exception {
    var load = new Load();
    try (load) {
      load.awaitProgress();
      server.restart();
      load.awaitProgress();
      server.kill();
      server.restart();
      load.awaitProgress();
    }
    load.assertNothingLost();
    load.assertTyped();
    assertThat(load.failures).isNotEmpty();
  }

  @Test
  void aCutNetworkUnderLoadHeals() throws Exception {
    var load = new Load();
    try (load) {
      for (int i = 0; i < 3; i++) {
        load.awaitProgress();
        proxy.cut();
        int before = load.failures.size();
        while (load.failures.size() < before + 4) {
          LockSupport.parkNanos(1_000_000);
        }
        proxy.heal();
      }
      load.awaitProgress();
    }
    load.assertNothingLost();
    load.assertTyped();
  }

  @Test
  void aFrozenServerEndsCallsByTheirDeadlinesAndThawsByItself() throws Exception {
    var load = new Load();
    try (load) {
      load.awaitProgress();
      server.pause();
      try {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (load.failures.size() < 4) {
          assertThat(System.nanoTime()).isLessThan(end);
          LockSupport.parkNanos(1_000_000);
        }
      } finally {
        server.resume();
      }
      load.awaitProgress();
    }
    load.assertTyped();
  }

  @Test
  void terminatedSessionsAreReplaced() throws Exception {
    var load = new Load();
    try (load) {
      for (int i = 0; i < 5; i++) {
        load.awaitProgress();
        sql.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            + " WHERE datname = current_database() AND pid <> pg_backend_pid()");
      }
      load.awaitProgress();
    }
    load.assertNothingLost();
    load.assertTyped();
  }

  /** The reply to a commit is lost: the caller must not be told that nothing happened. */
  @Test
  void aLostAnswerIsATimeoutAndNeverAMismatch() {
    apply(store, bytes("k", "1"));
    var etag = TestStore.etag(store, "k");
    proxy.stallReplies();
    assertThatThrownBy(
            () -> store.apply(ifMatch("k", "2", etag), TestStore.in(Duration.ofMillis(500))))
        .isInstanceOf(CallTimeoutException.class)
        .hasMessageContaining("unknown");
    proxy.heal();
    assertThat(text(store, "k")).isEqualTo("2");
  }

  /** A write that waits for another one's lock is taken back when its caller gives up. */
  @Test
  void aWriteWhoseCallerGaveUpIsNotAppliedLater() throws Exception {
    apply(store, bytes("k", "1"));
    try (var other = sql.connect()) {
      other.setAutoCommit(false);
      other.createStatement().execute("SELECT 1 FROM state WHERE key = 'k' FOR UPDATE");
      assertThatThrownBy(() -> store.apply(bytes("k", "2"), TestStore.in(Duration.ofMillis(300))))
          .isInstanceOf(CallTimeoutException.class);
      for (int i = 0; i < 500 && !waiters().equals("0"); i++) {
        LockSupport.parkNanos(10_000_000);
      }
      assertThat(waiters()).isEqualTo("0");
      other.rollback();
    }
    assertThat(text(store, "k")).isEqualTo("1");
    assertThat(get(store, "other")).isEmpty();
  }

  private String waiters() throws Exception {
    return sql.one("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        + " AND wait_event_type = 'Lock'");
  }
}
