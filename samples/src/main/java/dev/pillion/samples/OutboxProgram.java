// SPDX-License-Identifier: Apache-2.0
package dev.pillion.samples;

import dev.pillion.local.Local;
import dev.pillion.outbox.JdbcOutbox;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.runtime.EmbeddedRuntime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/**
 * An order and the event that tells of it, in one SQLite transaction of the program's own: both or
 * neither, without a server.
 */
public final class OutboxProgram {
  record Order(String id, int total) {}

  private OutboxProgram() {}

  public static void main(String[] args) throws Exception {
    var folder = Files.createDirectories(Path.of("target", "data"));
    var database = database(folder);
    var outbox = JdbcOutbox.over(database);
    outbox.createTable();
    var arrived = new CountDownLatch(1);
    try (var runtime = EmbeddedRuntime.builder("shop")
        .with(Local.in(folder))
        .with(outbox)
        .subscribe("pubsub", "orders", Order.class, order -> {
          System.out.println("told of " + order);
          arrived.countDown();
        })
        .start()) {
      try (var connection = database.getConnection()) {
        connection.setAutoCommit(false);

        place(connection, outbox, new Order("41", 10));
        connection.rollback();
        System.out.println("order 41 is rolled back, and nobody is told of it");

        place(connection, outbox, new Order("42", 990));
        connection.commit();
        outbox.wake();
        System.out.println("order 42 is committed");
      }
      if (!arrived.await(10, TimeUnit.SECONDS)) {
        throw new IllegalStateException("nobody was told of order 42");
      }
    }
  }

  private static void place(Connection connection, JdbcOutbox outbox, Order order)
      throws SQLException {
    try (var insert =
        connection.prepareStatement("INSERT OR REPLACE INTO orders (id, total) VALUES (?, ?)")) {
      insert.setString(1, order.id());
      insert.setInt(2, order.total());
      insert.executeUpdate();
    }
    outbox
        .in(connection)
        .publish("pubsub", "orders", order, PublishOptions.defaults().partitionKey(order.id()));
  }

  private static SQLiteDataSource database(Path folder) throws SQLException {
    var config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    var database = new SQLiteDataSource(config);
    database.setUrl("jdbc:sqlite:" + folder.resolve("orders.db"));
    try (var connection = database.getConnection();
        var statement = connection.createStatement()) {
      statement.execute("CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, total INTEGER)");
    }
    return database;
  }
}
