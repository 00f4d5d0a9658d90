// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.connections.sqlite.SqlWork;
import dev.pillion.connections.sqlite.SqliteDatabase;
import dev.pillion.connections.sqlite.SqliteSession;
import dev.pillion.pubsub.spi.OutgoingMessage;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Topics, and the events published to them. Thread-safe. */
final class EventLog {
  private static final String PARTITION_KEY = "partitionKey";
  private static final String INSERT =
      "INSERT INTO pubsub_events (topic_id, published_at, event_key, metadata, data) VALUES (?, ?, ?, ?, ?)";

  private final SqliteDatabase database;
  private final TimeSource time;
  private final Map<String, Long> topics = new ConcurrentHashMap<>();

  EventLog(SqliteDatabase database, TimeSource time) {
    this.database = database;
    this.time = time;
  }

  void append(OutgoingMessage message, Deadline deadline) {
    long topic = topic(message.topic(), deadline);
    database.writeOne(insert(topic, message), deadline);
  }

  /** All of them in one transaction, or none. */
  void appendAll(List<OutgoingMessage> messages, Deadline deadline) {
    long topic = topic(messages.get(0).topic(), deadline);
    var inserts = messages.stream().map(message -> insert(topic, message)).toList();
    database.write(
        session -> {
          for (SqlWork<Integer> insert : inserts) {
            insert.run(session);
          }
          return true;
        },
        deadline);
  }

  /** The topic's id, which it keeps for ever; made on first use. */
  long topic(String name, Deadline deadline) {
    var known = topics.get(name);
    if (known == null) {
      known = database.write(session -> topic(session, name), deadline);
      topics.put(name, known);
    }
    return known;
  }

  private static long topic(SqliteSession session, String name) throws SQLException {
    Sql.update(session, "INSERT OR IGNORE INTO pubsub_topics (name) VALUES (?)", name);
    return Sql.number(session, "SELECT id FROM pubsub_topics WHERE name = ?", name);
  }

  private SqlWork<Integer> insert(long topic, OutgoingMessage message) {
    long now = time.now().toEpochMilli();
    var metadata = MetadataJson.write(message.metadata());
    var key = emptyToNull(message.metadata(PARTITION_KEY));
    return session -> Sql.update(session, INSERT, topic, now, key, metadata, message.data());
  }

  private static @Nullable String emptyToNull(@Nullable String text) {
    return text == null || text.isEmpty() ? null : text;
  }
}
