// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.postgresql.PostgresDatabase.Work;
import dev.pillion.testservers.FaultProxy;
import dev.pillion.testservers.PostgresServer;
import dev.pillion.testservers.RealServers;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.ds.PGSimpleDataSource;

@ExtendWith(RealServers.class)
class PostgresDatabaseIT {
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final String url;
  private final String credentials;
  private final FaultProxy proxy;
  private final String direct;
  private final String proxied;
  private PostgresDatabase database;

  PostgresDatabaseIT(PostgresServer server) {
    url = server.newDatabase();
    var uri = URI.create(url.substring("jdbc:".length()));
    credentials = "user=" + server.user() + "&password=" + server.password();
    proxy = FaultProxy.to(uri.getHost(), uri.getPort());
    direct = url + "?" + credentials;
    proxied = "jdbc:postgresql://" + proxy.host() + ":" + proxy.port() + uri.getPath() + "?"
        + credentials;
    database = PostgresDatabase.at(PostgresSettings.of(proxied));
  }

  @BeforeEach
  void clean() throws SQLException {
    admin("CREATE TABLE item (id int PRIMARY KEY, n int)");
  }

  @AfterEach
  void close() {
    database.close();
    proxy.close();
  }

  private void open() {
    database.open(Fixtures.context(), connection -> {});
  }

  private void use(PostgresSettings settings) {
    database = PostgresDatabase.at(settings);
  }

  private void admin(String sql) throws SQLException {
    admin(direct, sql);
  }

  private static void admin(String url, String sql) throws SQLException {
    try (var connection = new PGSimpleDataSourceAt(url).getConnection();
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static Work<Integer> query(String sql) {
    return connection -> {
      try (var statement = connection.createStatement();
          var rows = statement.executeQuery(sql)) {
        rows.next();
        return rows.getInt(1);
      }
    };
  }

  private int ask(String sql) {
    return database.call(Fixtures.in(Duration.ofSeconds(10)), query(sql));
  }

  @Test
  void worksOnceItIsOpen() {
    assertThatThrownBy(() -> ask("SELECT 1")).isInstanceOf(IllegalStateException.class);
    open();
    assertThat(ask("SELECT 42")).isEqualTo(42);
    database.probe(Deadline.none());
    database.close();
    database.close();
    assertThatThrownBy(() -> ask("SELECT 1")).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void theFirstConnectionIsUsedOn() {
    open();
    assertThat(ask("SELECT 1")).isEqualTo(1);
    assertThat(proxy.accepted()).isEqualTo(1);
  }

  @Test
  void theSessionBearsTheAppIdAndTheSettings() {
    use(PostgresSettings.of(direct.replace("jdbc:postgresql://", "postgres://") + "&work_mem=7MB"));
    open();
    assertThat(ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'app'"))
        .isEqualTo(1);
    assertThat(ask("SELECT setting::int FROM pg_settings WHERE name = 'work_mem'"))
        .isEqualTo(7 * 1024);
  }

  @Test
  void aServerThatIsAwayAtOpenIsUnavailableAtOnceAndMayComeLater() {
    proxy.cut();
    long start = System.nanoTime();
    var failure = catchThrowableOfType(ComponentException.class, this::open);
    assertThat(failure.isTransient()).isTrue();
    assertThat(failure).hasMessageContaining("\"orders\"").hasMessageContaining("can't be reached");
    assertThat(elapsed(start)).isLessThan(SECOND);

    proxy.heal();
    open();
    assertThat(ask("SELECT 1")).isEqualTo(1);
  }

  @Test
  void aServerThatDoesNotAnswerAtOpenIsUnavailableByTheDeadline() {
    proxy.stall();
    long start = System.nanoTime();
    var failure = catchThrowableOfType(
        ComponentException.class, () -> database.open(Fixtures.context(SECOND), connection -> {}));
    assertThat(failure.isTransient()).isTrue();
    assertThat(elapsed(start)).isLessThan(Duration.ofSeconds(4));
  }

  @Test
  void aSlowPreparationIsUnavailableToo() {
    var failure = catchThrowableOfType(
        ComponentException.class,
        () -> database.open(Fixtures.context(SECOND), query("SELECT 1 FROM pg_sleep(10)")::run));
    assertThat(failure.isTransient()).isTrue();
    assertThat(failure).hasMessageContaining("initTimeout");
  }

  @Test
  void anUnknownDatabaseIsNamed() {
    use(PostgresSettings.of(direct.replaceFirst("/t[0-9a-f]+\\?", "/nosuch?")));
    var failure = catchThrowableOfType(ComponentException.class, this::open);
    assertThat(failure.isTransient()).isFalse();
    assertThat(failure).hasMessageContaining("\"nosuch\" does not exist");
  }

  @Test
  void aDeadlineEndsACallAndWhatRunsOnTheServer() {
    open();
    long start = System.nanoTime();
    assertThatThrownBy(() ->
            database.call(Fixtures.in(Duration.ofMillis(300)), query("SELECT 1 FROM pg_sleep(60)")))
        .isInstanceOf(CallTimeoutException.class)
        .hasMessageContaining("unknown");
    assertThat(elapsed(start)).isLessThan(Duration.ofSeconds(2));
    Eventually.holds(() -> ask("SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
            + " AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()")
        == 0);
  }

  @Test
  void theTimeoutSettingLimitsACallWithoutDeadline() {
    use(PostgresSettings.of(direct).timeout(SECOND));
    open();
    assertThatThrownBy(() -> database.call(Deadline.none(), query("SELECT 1 FROM pg_sleep(60)")))
        .isInstanceOf(CallTimeoutException.class);
    assertThat(database.<Integer>longCall(
            Fixtures.in(Duration.ofSeconds(20)), query("SELECT 1 FROM pg_sleep(1.5)")))
        .as("a long call has its deadline alone")
        .isEqualTo(1);
    assertThatThrownBy(() -> database.call(Fixtures.in(Duration.ZERO), query("SELECT 1")))
        .isInstanceOf(CallTimeoutException.class)
        .hasMessageContaining("nothing was done");
  }

  @Test
  void aBusyPoolIsWaitedForUntilTheDeadline() throws Exception {
    use(PostgresSettings.of(
        direct.replace("jdbc:postgresql://", "postgres://") + "&pool_max_conns=1"));
    open();
    var taken = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var threads = Executors.newSingleThreadExecutor();
    try {
      Future<?> holder = threads.submit(() -> database.call(Deadline.none(), connection -> {
        taken.countDown();
        await(release);
        return 0;
      }));
      await(taken);
      long start = System.nanoTime();
      assertThatThrownBy(
              () -> database.call(Fixtures.in(Duration.ofMillis(600)), query("SELECT 1")))
          .isInstanceOf(CallTimeoutException.class)
          .hasMessageContaining("no connection");
      assertThat(elapsed(start)).isBetween(Duration.ofMillis(590), Duration.ofSeconds(2));
      Thread.currentThread().interrupt();
      var interrupted = catchThrowableOfType(ComponentException.class, () -> ask("SELECT 1"));
      assertThat(Thread.interrupted()).as("the flag is kept").isTrue();
      assertThat(interrupted.isTransient()).isTrue();
      release.countDown();
      holder.get(5, TimeUnit.SECONDS);
      assertThat(ask("SELECT 1")).isEqualTo(1);
    } finally {
      release.countDown();
      threads.shutdownNow();
    }
  }

  @Test
  void anOutageIsReportedAtOnceAndHealsByItself() {
    open();
    assertThat(ask("SELECT 1")).isEqualTo(1);
    proxy.cut();
    for (int i = 0; i < 5; i++) {
      long start = System.nanoTime();
      var failure = catchThrowableOfType(ComponentException.class, () -> ask("SELECT 1"));
      assertThat(failure.isTransient()).isTrue();
      assertThat(elapsed(start)).isLessThan(SECOND);
    }
    proxy.heal();
    long start = System.nanoTime();
    assertThat(ask("SELECT 1")).isEqualTo(1);
    assertThat(elapsed(start)).isLessThan(SECOND);
  }

  @Test
  void aStalledNetworkEndsCallsByTheirDeadlinesAndHealsByItself() {
    open();
    assertThat(ask("SELECT 1")).isEqualTo(1);
    proxy.stall();
    for (int i = 0; i < 3; i++) {
      long start = System.nanoTime();
      assertThatThrownBy(
              () -> database.call(Fixtures.in(Duration.ofMillis(400)), query("SELECT 1")))
          .isInstanceOfAny(CallTimeoutException.class, ComponentException.class);
      assertThat(elapsed(start)).isLessThan(Duration.ofSeconds(3));
    }
    proxy.heal();
    Eventually.holds(() -> ask("SELECT 1") == 1);
  }

  @Test
  void aTerminatedSessionIsUnavailableOnceAndReplaced() throws SQLException {
    open();
    int victim = ask("SELECT pg_backend_pid()");
    admin("SELECT pg_terminate_backend(" + victim + ")");
    var failure = catchThrowableOfType(ComponentException.class, () -> ask("SELECT 1"));
    assertThat(failure.isTransient()).isTrue();
    assertThat(ask("SELECT pg_backend_pid()")).isNotEqualTo(victim);
  }

  @Test
  void refusalsAreFailuresThatQuoteNoRow() {
    open();
    ask("INSERT INTO item VALUES (4711, 1) RETURNING 1");
    var failure = catchThrowableOfType(
        ComponentException.class, () -> ask("INSERT INTO item VALUES (4711, 1) RETURNING 1"));
    assertThat(failure.isTransient()).isFalse();
    assertThat(failure).hasMessageContaining("23505");
    assertThat(failure.toString() + failure.getCause()).doesNotContain("4711");
    assertThat(ask("SELECT 1")).as("the connection is still good").isEqualTo(1);
  }

  @Test
  void deadlocksAndReadOnlyServersAreTransient() {
    open();
    for (String state : new String[] {"40001", "40P01", "55P03", "25006", "53300", "57P03"}) {
      var failure = catchThrowableOfType(
          BuildingBlockException.class,
          () -> database.call(Deadline.none(), connection -> {
            throw new SQLException("made up", state);
          }));
      assertThat(failure)
          .as(state)
          .isInstanceOfSatisfying(
              ComponentException.class, e -> assertThat(e.isTransient()).isTrue());
    }
  }

  /** On a server of its own, for it changes who may log in. */
  @Test
  void aWrongPasswordIsSaidWithoutThePassword() throws SQLException {
    try (var server = PostgresServer.start()) {
      var strict = server.jdbcUrl() + "?user=" + server.user() + "&password=" + server.password();
      admin(strict, "CREATE ROLE shy LOGIN PASSWORD 'right'");
      admin(strict, """
          DO $$ BEGIN
            EXECUTE format('COPY (SELECT ''host all shy all scram-sha-256'') TO %L',
              current_setting('hba_file'));
            PERFORM pg_reload_conf();
          END $$""");
      use(PostgresSettings.of(server.jdbcUrl() + "?user=shy&password=right"));
      Eventually.holds(() -> {
        open();
        return true;
      });
      database.close();
      use(PostgresSettings.of(server.jdbcUrl() + "?user=shy&password=hunter2"));
      Eventually.holds(() -> {
        var failure = catchThrowableOfType(ComponentException.class, this::open);
        if (failure == null) { // The new rules are not in force yet.
          database.close();
          return false;
        }
        assertThat(failure.isTransient()).isFalse();
        assertThat(failure).hasMessageContaining("password authentication failed");
        for (Throwable e = failure; e != null; e = e.getCause()) {
          assertThat(e.toString()).doesNotContain("hunter2");
        }
        return true;
      });
    }
  }

  @Test
  void aBorrowedDataSourceGetsItsConnectionsBackAsTheyWere() throws SQLException {
    var closed = new ArrayList<String>();
    var source = new RecordingDataSource(direct, closed);
    var borrowing = PostgresDatabase.on(source, Duration.ofSeconds(5));
    borrowing.open(Fixtures.context(), connection -> {});
    assertThat(borrowing.<Boolean>call(Deadline.none(), Connection::getAutoCommit))
        .isTrue();
    assertThat(borrowing.<Integer>call(Deadline.none(), query("SELECT 7"))).isEqualTo(7);
    borrowing.close();
    assertThat(closed).containsOnly("autoCommit=false timeout=12345").hasSize(3);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Duration elapsed(long start) {
    return Duration.ofNanos(System.nanoTime() - start);
  }

  /** The driver's own data source at a URL. */
  private static final class PGSimpleDataSourceAt extends PGSimpleDataSource {
    private static final long serialVersionUID = 1;

    PGSimpleDataSourceAt(String url) {
      setURL(url);
    }
  }
}
