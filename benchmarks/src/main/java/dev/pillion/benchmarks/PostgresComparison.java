// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateStore;
import dev.pillion.state.postgresql.PostgresStateStore;
import dev.pillion.testservers.PostgresServer;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * R2 and R3 on PostgreSQL (v2): the store beside plain JDBC with as many connections, on one
 * durable server.
 */
final class PostgresComparison {
  /** Both arms have as many connections. */
  private static final int CALLERS = 8;

  private static final String TABLE = """
            CREATE TABLE plain (key text PRIMARY KEY, value bytea NOT NULL, etag uuid NOT NULL DEFAULT gen_random_uuid(),
            created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz, expires_at timestamptz)""";
  private static final String SELECT =
      "SELECT value, etag FROM plain WHERE key = ? AND (expires_at IS NULL OR expires_at >= now())";
  private static final String SAVE = """
            INSERT INTO plain (key, value, etag) VALUES (?, ?, gen_random_uuid()) ON CONFLICT (key) DO UPDATE SET
            value = excluded.value, etag = excluded.etag, updated_at = now(), expires_at = NULL""";
  private static final String SAVE_OVER = """
            UPDATE plain SET value = ?, etag = gen_random_uuid(), updated_at = now(), expires_at = NULL
            WHERE key = ? AND etag = ?""";

  private final StateStore store;
  private final List<JdbcArm> arms;

  private PostgresComparison(StateStore store, List<JdbcArm> arms) {
    this.store = store;
    this.arms = arms;
  }

  static void run(Results results) throws Exception {
    try (var server = PostgresServer.start(Map.of("fsync", "on"))) {
      var url = server.jdbcUrl() + (server.jdbcUrl().contains("?") ? "&" : "?") + "user="
          + server.user() + "&password=" + server.password();
      var arms = new ArrayList<JdbcArm>();
      try (var runtime = EmbeddedRuntime.builder(Values.APP)
          .component(
              "postgres",
              PostgresStateStore.builder(url + "&pool_max_conns=" + CALLERS)
                  .version("v2")
                  .build())
          .start()) {
        for (int i = 0; i < CALLERS; i++) {
          var connection = DriverManager.getConnection(url);
          if (i == 0) {
            connection.createStatement().execute(TABLE);
          }
          arms.add(new JdbcArm(connection, SELECT, SAVE, (save, key, value) -> {
            save.setString(1, Values.APP + "||" + key);
            save.setBytes(2, value);
          }));
        }
        new PostgresComparison(runtime.state("postgres"), arms).compare(results);
      } finally {
        for (JdbcArm arm : arms) {
          arm.close();
        }
      }
    }
  }

  private void compare(Results results) throws Exception {
    for (int thread = 0; thread < 8; thread++) {
      var values = new java.util.LinkedHashMap<String, byte[]>();
      for (int i = 0; i < Values.KEYS / 8; i++) {
        values.put(Values.key(thread, i), Values.KILOBYTE);
      }
      store.saveAll(values);
      var connection = arms.get(thread).connection();
      connection.setAutoCommit(false);
      for (String key : values.keySet()) {
        arms.get(thread).save(key, Values.KILOBYTE);
      }
      connection.commit();
      connection.setAutoCommit(true);
    }
    for (int threads : new int[] {1, 8}) {
      var rounds = new PairedRounds(threads, 16, 600);
      results.add(
          "R2",
          "PostgreSQL get, " + threads + " callers, beside plain JDBC",
          rounds.compare(
              (thread, count) -> Values.found(store.get(Values.key(thread, count), byte[].class)),
              (thread, count) ->
                  arms.get(thread).get(Values.APP + "||" + Values.key(thread, count))),
          0.95,
          1.05);
      results.add(
          "R2",
          "PostgreSQL save, " + threads + " callers, beside plain JDBC",
          rounds.compare(
              (thread, count) -> store.save(Values.key(thread, count), Values.KILOBYTE),
              (thread, count) -> arms.get(thread).save(Values.key(thread, count), Values.KILOBYTE)),
          0.95,
          1.05);
      results.add(
          "R3",
          "PostgreSQL read and save over the etag, " + threads
              + " callers, beside the same by hand",
          rounds.compare(this::saveOver, this::rawSaveOver),
          0.91,
          1.10);
      results.add(
          "R3",
          "PostgreSQL transaction of 10, " + threads + " callers, beside a batch by hand",
          rounds.compare(this::transaction, this::rawTransaction),
          0.91,
          1.10);
      results.add(
          "R3",
          "PostgreSQL bulk get of 100, " + threads + " callers, beside = ANY(?) by hand",
          rounds.compare(this::getAll, this::rawGetAll),
          0.95,
          1.05);
    }
  }

  private void saveOver(int thread, long count) {
    var key = Values.key(thread, count);
    var entry = store.entry(key, byte[].class).orElseThrow();
    store.save(key, Values.KILOBYTE, SaveOptions.ifMatch(entry.etag()));
  }

  private void rawSaveOver(int thread, long count) throws SQLException {
    var arm = arms.get(thread);
    var key = Values.APP + "||" + Values.key(thread, count);
    var etag = arm.etag(key);
    try (var update = arm.connection().prepareStatement(SAVE_OVER)) {
      update.setBytes(1, Values.KILOBYTE);
      update.setString(2, key);
      update.setObject(3, etag);
      update.executeUpdate();
    }
  }

  private void transaction(int thread, long count) {
    store.transaction(tx -> {
      for (int i = 0; i < 10; i++) {
        tx.save(Values.key(thread, count * 10 + i), Values.KILOBYTE);
      }
    });
  }

  private void rawTransaction(int thread, long count) throws SQLException {
    var connection = arms.get(thread).connection();
    connection.setAutoCommit(false);
    try (var save = connection.prepareStatement(SAVE)) {
      for (int i = 0; i < 10; i++) {
        save.setString(1, Values.APP + "||" + Values.key(thread, count * 10 + i));
        save.setBytes(2, Values.KILOBYTE);
        save.addBatch();
      }
      save.executeBatch();
      connection.commit();
    } finally {
      connection.setAutoCommit(true);
    }
  }

  private static List<String> hundredKeys(int thread, long count) {
    var keys = new ArrayList<String>(100);
    for (int i = 0; i < 100; i++) {
      keys.add(Values.key(thread, count * 100 + i));
    }
    return keys;
  }

  private void getAll(int thread, long count) {
    store.getAll(hundredKeys(thread, count), byte[].class);
  }

  private void rawGetAll(int thread, long count) throws SQLException {
    var connection = arms.get(thread).connection();
    var keys = hundredKeys(thread, count).stream()
        .map(key -> Values.APP + "||" + key)
        .toArray(String[]::new);
    try (var select = connection.prepareStatement(
        "SELECT key, value, etag FROM plain WHERE key = ANY(?) AND (expires_at IS NULL OR expires_at >= now())")) {
      select.setArray(1, connection.createArrayOf("text", keys));
      try (var result = select.executeQuery()) {
        while (result.next()) {
          result.getBytes(2);
        }
      }
    }
  }
}
