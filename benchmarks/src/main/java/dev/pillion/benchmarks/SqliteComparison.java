// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.sqlite.SqliteStateStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.Base64;
import java.util.UUID;

/**
 * R2 on SQLite: the store beside plain JDBC on a file of its own, WAL and {@code synchronous=FULL}
 * in both.
 */
final class SqliteComparison {
  private static final String TABLE = """
            CREATE TABLE state (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, is_binary BOOLEAN NOT NULL,
            etag TEXT NOT NULL, expiration_time TIMESTAMP DEFAULT NULL,
            update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)""";
  private static final String SAVE = """
            INSERT INTO state (key, value, is_binary, etag) VALUES (?, ?, 1, ?)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value, etag = excluded.etag""";

  private SqliteComparison() {}

  static void run(Results results) throws Exception {
    var folder = Files.createTempDirectory(Path.of("target"), "sqlite-");
    var arms = new ArrayList<JdbcArm>();
    try (var runtime = EmbeddedRuntime.builder(Values.APP)
        .component("local", SqliteStateStore.at(folder.resolve("ours.db")))
        .start()) {
      var store = runtime.state("local");
      var file = folder.resolve("plain.db");
      for (int i = 0; i < 8; i++) {
        var connection = connect(file);
        if (i == 0) {
          connection.createStatement().execute(TABLE);
        }
        arms.add(new JdbcArm(
            connection, "SELECT value, etag FROM state WHERE key = ?", SAVE, (save, key, value) -> {
              save.setString(1, Values.APP + "||" + key);
              save.setString(2, Base64.getEncoder().encodeToString(value));
              save.setString(3, UUID.randomUUID().toString());
            }));
      }
      for (int i = 0; i < Values.KEYS / 8; i++) {
        for (int thread = 0; thread < 8; thread++) {
          arms.get(0).save(Values.key(thread, i), Values.KILOBYTE);
          store.save(Values.key(thread, i), Values.KILOBYTE);
        }
      }
      for (int threads : new int[] {1, 8}) {
        var rounds = new PairedRounds(threads, 16, 600);
        results.add(
            "R2",
            "SQLite get, " + threads + " callers, beside plain JDBC",
            rounds.compare(
                (thread, count) -> Values.found(store.get(Values.key(thread, count), byte[].class)),
                (thread, count) -> Base64.getDecoder()
                    .decode(arms.get(thread).get(Values.APP + "||" + Values.key(thread, count)))),
            0.95,
            1.05);
        results.add(
            "R2",
            "SQLite save, " + threads + " callers, beside plain JDBC",
            rounds.compare(
                (thread, count) -> store.save(Values.key(thread, count), Values.KILOBYTE),
                (thread, count) ->
                    arms.get(thread).save(Values.key(thread, count), Values.KILOBYTE)),
            0.95,
            1.05);
      }
    } finally {
      for (JdbcArm arm : arms) {
        arm.close();
      }
    }
  }

  private static Connection connect(Path file) throws Exception {
    var connection = DriverManager.getConnection("jdbc:sqlite:" + file);
    try (var pragma = connection.createStatement()) {
      pragma.execute("PRAGMA journal_mode=WAL");
      pragma.execute("PRAGMA synchronous=FULL");
      pragma.execute("PRAGMA busy_timeout=20000");
    }
    return connection;
  }
}
