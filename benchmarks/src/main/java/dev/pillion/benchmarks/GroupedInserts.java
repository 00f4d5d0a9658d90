// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * What an application would write by hand: one writer that commits whatever waits, then tells all.
 */
final class GroupedInserts implements AutoCloseable {
  @SuppressWarnings("ArrayRecordComponent") // Passed through, never compared.
  private record Insert(byte[] data, CompletableFuture<Void> done) {}

  private final LinkedBlockingQueue<Insert> waiting = new LinkedBlockingQueue<>();
  private final Connection connection;
  private final PreparedStatement insert;
  private final Thread writer;

  private GroupedInserts(Connection connection) throws Exception {
    this.connection = connection;
    try (var statement = connection.createStatement()) {
      statement.execute("PRAGMA journal_mode=WAL");
      statement.execute("PRAGMA synchronous=FULL");
      statement.execute(
          "CREATE TABLE events (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, data BLOB NOT NULL)");
    }
    connection.setAutoCommit(false);
    this.insert =
        connection.prepareStatement("INSERT INTO events (topic, data) VALUES ('events', ?)");
    this.writer = new Thread(this::write, "writer");
    writer.setDaemon(true);
    writer.start();
  }

  static GroupedInserts into(Path file) throws Exception {
    return new GroupedInserts(DriverManager.getConnection("jdbc:sqlite:" + file));
  }

  void insert(byte[] data) throws Exception {
    var done = new CompletableFuture<Void>();
    waiting.add(new Insert(data, done));
    done.get();
  }

  private void write() {
    List<Insert> group = new ArrayList<>();
    try {
      while (true) {
        group.clear();
        group.add(waiting.take());
        waiting.drainTo(group, 127);
        for (var one : group) {
          insert.setBytes(1, one.data);
          insert.executeUpdate();
        }
        connection.commit();
        group.forEach(one -> one.done.complete(null));
      }
    } catch (Exception e) {
      group.forEach(one -> one.done.completeExceptionally(e));
    }
  }

  @Override
  public void close() throws Exception {
    writer.interrupt();
    writer.join();
    connection.close();
  }
}
