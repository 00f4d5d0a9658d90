// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.sqlite.SqliteDatabase;
import dev.pillion.connections.sqlite.SqliteSession;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Removes events that are old enough and done in every group of their topic, in small portions, so
 * that publishers never wait long. Not thread-safe.
 */
final class Retention {
  private static final int PORTION = 500;

  private final SqliteDatabase database;
  private final ArrayDeque<Long> topics = new ArrayDeque<>();
  private long cutoff;
  private long position;

  Retention(SqliteDatabase database) {
    this.database = database;
  }

  /** Begins a round over all topics: events from before {@code cutoff}, in milliseconds, may go. */
  void begin(long cutoff) {
    this.cutoff = cutoff;
    position = 0;
    topics.clear();
    topics.addAll(database.read(Retention::topics, Deadline.none()));
  }

  /** Removes the next portion; false when the round is over. */
  boolean next() {
    var topic = topics.peek();
    if (topic == null) {
      return false;
    }
    long after = position;
    long last = database.read(session -> lastOld(session, topic, after), Deadline.none());
    if (last > after) {
      database.write(session -> remove(session, topic, after, last), Deadline.none());
      position = last;
    } else {
      topics.remove();
      position = 0;
    }
    return true;
  }

  private static List<Long> topics(SqliteSession session) throws SQLException {
    var topics = new ArrayList<Long>();
    try (var row = session.statement("SELECT id FROM pubsub_topics").executeQuery()) {
      while (row.next()) {
        topics.add(row.getLong(1));
      }
    }
    return topics;
  }

  /** Up to where a portion reaches: to the first event that is too young, or not looked at. */
  private long lastOld(SqliteSession session, long topic, long after) throws SQLException {
    long looked = Sql.number(
        session,
        "SELECT coalesce(min(position), 9223372036854775807) FROM pubsub_groups WHERE topic_id = ?",
        topic);
    long last = after;
    var events = Sql.bound(
        session,
        "SELECT id, published_at FROM pubsub_events WHERE topic_id = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?",
        topic,
        after,
        looked,
        (long) PORTION);
    try (var row = events.executeQuery()) {
      while (row.next() && row.getLong(2) < cutoff) {
        last = row.getLong(1);
      }
    }
    return last;
  }

  private static int remove(SqliteSession session, long topic, long after, long last)
      throws SQLException {
    // Once more up to where all groups have looked: one may have joined in the meantime.
    return Sql.update(session, """
        DELETE FROM pubsub_events WHERE topic_id = ? AND id > ? AND id <= ?
          AND id <= (SELECT coalesce(min(position), 9223372036854775807)
            FROM pubsub_groups WHERE topic_id = ?)
          AND NOT EXISTS (SELECT 1 FROM pubsub_groups g JOIN pubsub_deliveries d ON d.group_id = g.id
            WHERE g.topic_id = ? AND d.event_id = pubsub_events.id)""", topic, after, last, topic, topic);
  }
}
