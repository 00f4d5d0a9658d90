// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.ComponentException;
import dev.pillion.connections.sqlite.SqliteSession;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** One group of one topic, and the order its events are kept in. */
record Group(long id, long topicId, String topic, String name, Ordering ordering) {

  /** Finds it, or makes it: a new group begins with the oldest event that is still there. */
  static Group join(
      SqliteSession session, long topicId, String topic, String name, Ordering ordering)
      throws SQLException {
    Sql.update(
        session,
        "INSERT OR IGNORE INTO pubsub_groups (topic_id, name, ordering) VALUES (?, ?, ?)",
        topicId,
        name,
        ordering.word());
    var found = Sql.bound(
        session,
        "SELECT id, ordering FROM pubsub_groups WHERE topic_id = ? AND name = ?",
        topicId,
        name);
    long id;
    String stored;
    try (var result = found.executeQuery()) {
      result.next();
      id = result.getLong(1);
      stored = result.getString(2);
    }
    var group = new Group(id, topicId, topic, name, ordering);
    if (!ordering.word().equals(stored)) {
      group.reorder(session, stored);
    }
    return group;
  }

  /** What an event is kept in order by; null when by nothing. */
  @Nullable
  String lane(@Nullable String key) {
    return ordering == Ordering.TOPIC ? "" : key;
  }

  /** All members keep one order: it changes only while there are none. */
  private void reorder(SqliteSession session, String stored) throws SQLException {
    if (Sql.number(session, "SELECT count(*) FROM pubsub_owners WHERE group_id = ?", id) > 0) {
      throw ComponentException.unavailable(
          "group \"%s\" of topic \"%s\" has members with ordering \"%s\", and \"%s\" is asked for; close those first, or set \"ordering\" alike in all processes"
              .formatted(name, topic, stored, ordering.word()),
          null);
    }
    Sql.update(session, "UPDATE pubsub_groups SET ordering = ? WHERE id = ?", ordering.word(), id);
    Sql.update(
        session,
        ordering == Ordering.TOPIC
            ? "UPDATE pubsub_deliveries SET event_key = '' WHERE group_id = ?"
            : "UPDATE pubsub_deliveries SET event_key = (SELECT e.event_key FROM pubsub_events e WHERE e.id = event_id) WHERE group_id = ?",
        id);
    Sql.update(session, """
        UPDATE pubsub_deliveries SET owner = NULL, due_at = CASE WHEN event_key IS NULL
          OR event_id = (SELECT min(d.event_id) FROM pubsub_deliveries d
              WHERE d.group_id = pubsub_deliveries.group_id AND d.event_key = pubsub_deliveries.event_key)
          THEN 0 END
        WHERE group_id = ?""", id);
  }
}
