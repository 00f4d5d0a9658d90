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
import java.net.URI;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Commits as the server numbers them, and round trips as a slow network shows them. */
@ParameterizedClass
@ValueSource(strings = {"v1", "v2"})
class RoundTripsIT {
  private static final Duration REPLY = Duration.ofMillis(100);

  private static PostgresServer server;

  private final Sql sql;
  private final FaultProxy proxy;
  private final PostgresStateStore store;

  RoundTripsIT(String version) {
    var url = server.newDatabase();
    var uri = URI.create(url.substring("jdbc:".length()));
    sql = new Sql(Databases.withUser(server, url));
    proxy = FaultProxy.to(uri.getHost(), uri.getPort());
    store = PostgresStateStore.builder(Databases.withUser(
            server, "jdbc:postgresql://" + proxy.host() + ":" + proxy.port() + uri.getPath()))
        .version(version)
        .cleanupInterval(Duration.ZERO)
        .build();
  }

  /** Nobody else's transactions are to be counted. */
  @BeforeAll
  static void start() {
    server = PostgresServer.start(Map.of("autovacuum", "off"));
  }

  @AfterAll
  static void stop() {
    server.close();
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

  /** How many transactions {@code work} writes in. */
  private long commits(Runnable work) throws SQLException {
    long before = nextTransaction();
    work.run();
    return nextTransaction() - before;
  }

  /** Transactions that write are numbered, those that read are not. */
  private long nextTransaction() throws SQLException {
    return Long.parseLong(sql.one("SELECT pg_snapshot_xmax(pg_current_snapshot())"));
  }

  @Test
  void oneCallIsOneCommit() throws SQLException {
    assertThat(commits(() -> IntStream.range(0, 20).forEach(i -> apply(store, bytes("k", "" + i)))))
        .as("saves")
        .isEqualTo(20);
    assertThat(commits(() -> store.transact(puts(10), soon())))
        .as("a transaction of 10")
        .isEqualTo(1);
    assertThat(commits(() -> store.applyAll(puts(100), soon())))
        .as("a bulk save")
        .isEqualTo(1);
    var mixed = mixed();
    assertThat(commits(() -> store.transact(mixed, soon())))
        .as("a transaction with conditions")
        .isEqualTo(1);
    assertThat(commits(() -> IntStream.range(0, 20).forEach(i -> get(store, "k"))))
        .as("reads")
        .isZero();
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
    var etags = List.<StateChange>of(
        ifMatch("a", "3", etag(store, "a")), ifMatch("z", "3", etag(store, "z")));
    assertThat(roundTrips(() -> store.transact(etags, soon())))
        .as("transaction of etags")
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
