// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import static dev.pillion.state.postgresql.TestStore.apply;
import static dev.pillion.state.postgresql.TestStore.bytes;
import static dev.pillion.state.postgresql.TestStore.delete;
import static dev.pillion.state.postgresql.TestStore.etag;
import static dev.pillion.state.postgresql.TestStore.get;
import static dev.pillion.state.postgresql.TestStore.ifMatch;
import static dev.pillion.state.postgresql.TestStore.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.EtagMismatchException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.StateChange;
import dev.pillion.testservers.FaultProxy;
import dev.pillion.testservers.PostgresServer;
import dev.pillion.testservers.RealServers;
import java.net.URI;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Commits as the server counts them, and round trips as a slow network shows them. */
@ExtendWith(RealServers.class)
@ParameterizedClass
@ValueSource(strings = {"v1", "v2"})
class RoundTripsIT {
  private static final Duration REPLY = Duration.ofMillis(100);

  private final Sql sql;
  private final Sql postgres;
  private final String databaseName;
  private final FaultProxy proxy;
  private final PostgresStateStore store;

  RoundTripsIT(String version, PostgresServer server) {
    var url = server.newDatabase();
    var uri = URI.create(url.substring("jdbc:".length()));
    databaseName = uri.getPath().substring(1);
    sql = new Sql(Databases.withUser(server, url));
    postgres = new Sql(Databases.withUser(server, server.jdbcUrl()));
    proxy = FaultProxy.to(uri.getHost(), uri.getPort());
    store = PostgresStateStore.builder(Databases.withUser(
            server, "jdbc:postgresql://" + proxy.host() + ":" + proxy.port() + uri.getPath()))
        .version(version)
        .cleanupInterval(Duration.ZERO)
        .build();
  }

  @BeforeEach
  void open() {
    TestStore.open(store);
    for (int i = 0; i < 3; i++) {
      apply(store, bytes("warm", "up"));
      get(store, "warm");
    }
  }

  @AfterEach
  void close() {
    store.close();
    proxy.close();
  }

  private static List<StateChange> puts(int count) {
    return IntStream.range(0, count)
        .<StateChange>mapToObj(i -> bytes("key " + i, "value " + i))
        .toList();
  }

  private static Deadline soon() {
    return TestStore.in(Duration.ofSeconds(20));
  }

  /**
   * How many transactions {@code work} commits, and how many more the pool's check of an idle
   * connection and the read that makes them public do: always as many.
   */
  private long commits(Runnable work) throws SQLException {
    long before = settledCommits();
    work.run();
    return settledCommits() - before;
  }

  /** A session reports what it did at the end of a statement, twice a second at most. */
  private long settledCommits() throws SQLException {
    LockSupport.parkNanos(Duration.ofMillis(600).toNanos());
    get(store, "warm");
    long last = -1;
    for (int same = 0; same < 2; ) {
      LockSupport.parkNanos(Duration.ofMillis(600).toNanos());
      long now = Long.parseLong(postgres.one(
          "SELECT xact_commit FROM pg_stat_database WHERE datname = '" + databaseName + "'"));
      same = now == last ? same + 1 : 0;
      last = now;
    }
    return last;
  }

  @Test
  void oneCallIsOneCommit() throws SQLException {
    long one = commits(() -> apply(store, bytes("k", "0")));
    assertThat(commits(() -> IntStream.range(0, 20).forEach(i -> apply(store, bytes("k", "" + i)))))
        .as("saves")
        .isEqualTo(one + 19);
    assertThat(commits(() -> store.transact(puts(10), soon())))
        .as("a transaction of 10")
        .isEqualTo(one);
    assertThat(commits(() -> store.applyAll(puts(100), soon())))
        .as("a bulk save")
        .isEqualTo(one);
    var mixed = mixed();
    assertThat(commits(() -> store.transact(mixed, soon())))
        .as("a transaction with conditions")
        .isEqualTo(one);
  }

  /** Two etags, two saves, two deletes. */
  private List<StateChange> mixed() {
    apply(store, bytes("a", "1"));
    apply(store, bytes("z", "1"));
    return List.of(
        ifMatch("z", "2", etag(store, "z")),
        bytes("b", "2"),
        delete("c"),
        ifMatch("a", "2", etag(store, "a")),
        bytes("d", "2"),
        delete("e"));
  }

  private double roundTrips(Runnable work) {
    proxy.delay(REPLY);
    long start = System.nanoTime();
    work.run();
    long nanos = System.nanoTime() - start;
    proxy.delay(Duration.ZERO);
    return nanos / (double) REPLY.toNanos();
  }

  @Test
  void aCallIsOneRoundTrip() {
    var mixed = mixed();
    var etag = etag(store, "warm");
    var deletes =
        puts(10).stream().<StateChange>map(change -> delete(change.key())).toList();
    assertThat(roundTrips(() -> get(store, "warm"))).as("get").isBetween(0.9, 1.9);
    assertThat(roundTrips(() -> apply(store, bytes("k", "v")))).as("save").isBetween(0.9, 1.9);
    assertThat(roundTrips(() -> apply(store, ifMatch("warm", "v", etag))))
        .as("save by etag")
        .isBetween(0.9, 1.9);
    assertThat(roundTrips(() -> apply(store, delete("k")))).as("delete").isBetween(0.9, 1.9);
    assertThat(roundTrips(() -> store.transact(puts(10), soon())))
        .as("transaction of saves")
        .isBetween(0.9, 1.9);
    assertThat(roundTrips(() -> store.transact(deletes, soon())))
        .as("transaction of deletes")
        .isBetween(0.9, 1.9);
    assertThat(roundTrips(() -> store.transact(mixed, soon())))
        .as("transaction with conditions")
        .isBetween(1.9, 2.9);
    assertThat(roundTrips(() -> store.applyAll(puts(100), soon())))
        .as("bulk save")
        .isBetween(0.9, 1.9);
    assertThat(roundTrips(() -> store.getAll(
            puts(100).stream().map(StateChange::key).toList(), ReadOptions.defaults(), soon())))
        .as("bulk get")
        .isBetween(0.9, 1.9);
  }

  @Test
  void aTransactionOfThousandsIsWhole() throws SQLException {
    var changes = new ArrayList<>(puts(2500));
    changes.add(ifMatch("warm", "wrong", "00000000-0000-4000-8000-000000000000".substring(0, 8)));
    assertThatThrownBy(() -> store.transact(changes, soon()))
        .isInstanceOf(EtagMismatchException.class);
    assertThat(get(store, "key 0")).isEmpty();

    changes.set(2500, ifMatch("warm", "right", etag(store, "warm")));
    store.transact(changes, soon());
    assertThat(text(store, "key 2499")).isEqualTo("value 2499");
    assertThat(text(store, "warm")).isEqualTo("right");
    assertThat(store.applyAll(changes.subList(0, 2500), soon())).isEmpty();
    assertThat(sql.one("SELECT count(*) FROM state")).isEqualTo("2501");
  }

  @Test
  void theFirstChangeThatFailsIsTheOneNamed() {
    apply(store, bytes("a", "1"));
    apply(store, bytes("b", "1"));
    apply(store, bytes("c", "1"));
    var stale = etag(store, "a");
    apply(store, bytes("a", "2"));
    assertThatThrownBy(() -> store.transact(
            List.of(
                ifMatch("c", "2", etag(store, "c")),
                ifMatch("b", "2", stale),
                ifMatch("a", "3", stale)),
            soon()))
        .isInstanceOfSatisfying(
            EtagMismatchException.class, e -> assertThat(e.key()).isEqualTo("b"));
    assertThat(text(store, "c")).isEqualTo("1");
  }
}
