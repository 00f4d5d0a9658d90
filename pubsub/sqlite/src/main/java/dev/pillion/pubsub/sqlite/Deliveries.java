// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.connections.sqlite.SqliteSession;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The rows of what is under way or waits.
 *
 * <p>Of the rows of one key, in the order of events: either some at the beginning are held, all by
 * one owner; or the first is due some time. All others have neither owner nor time: they wait
 * behind. So a claim finds the heads of keys by one index, and never reads what waits behind.
 */
final class Deliveries {
  private Deliveries() {}

  /** Done for good, whoever holds it by now. */
  static void done(SqliteSession session, long group, long event) throws SQLException {
    // The key of the row: since the event was handed over, the group's order may have changed.
    @Nullable String key = null;
    var deleted = Sql.bound(
        session,
        "DELETE FROM pubsub_deliveries WHERE group_id = ? AND event_id = ? RETURNING event_key",
        group,
        event);
    try (var row = deleted.executeQuery()) {
      while (row.next()) {
        key = row.getString(1);
      }
    }
    if (key != null) {
      promote(session, group, key);
    }
  }

  /**
   * Gives back one event, and with it what its owner holds of the same key behind it, which has not
   * been handed over. Does nothing to what the owner does not hold any more.
   *
   * @param dueAt when it is to come again; null: at once, or behind what is before it
   * @param attempts how many are known of; what is on record may be one more, of which nobody was
   *     told. Null: as it is on record
   * @param handedOver whether a receiver has seen it
   */
  static void giveBack(
      SqliteSession session,
      long group,
      long event,
      @Nullable String key,
      long owner,
      @Nullable Long dueAt,
      @Nullable Integer attempts,
      boolean handedOver)
      throws SQLException {
    Sql.update(
        session,
        "UPDATE pubsub_deliveries SET owner = NULL, due_at = ?, attempts = coalesce(?, attempts), fetches = fetches - ? WHERE group_id = ? AND event_id = ? AND owner = ?",
        dueAt == null && key == null ? Long.valueOf(0) : dueAt,
        attempts == null ? null : Long.valueOf(attempts),
        handedOver ? 0L : 1L,
        group,
        event,
        owner);
    if (key != null) {
      // Even when a late success of a former holder has removed the event itself.
      Sql.update(
          session,
          "UPDATE pubsub_deliveries SET owner = NULL, fetches = fetches - 1 WHERE group_id = ? AND event_key = ? AND owner = ? AND event_id > ?",
          group,
          key,
          owner,
          event);
      promote(session, group, key);
    }
  }

  /** Gives back everything that an owner holds; it may have been handed over. */
  static void giveBackAll(SqliteSession session, long group, long owner) throws SQLException {
    var keys = new ArrayList<String>();
    var held = Sql.bound(
        session,
        "SELECT DISTINCT event_key FROM pubsub_deliveries WHERE owner = ? AND event_key IS NOT NULL",
        owner);
    try (var row = held.executeQuery()) {
      while (row.next()) {
        keys.add(row.getString(1));
      }
    }
    Sql.update(
        session,
        "UPDATE pubsub_deliveries SET owner = NULL, due_at = CASE WHEN event_key IS NULL THEN 0 END WHERE owner = ?",
        owner);
    for (String key : keys) {
      promote(session, group, key);
    }
  }

  /**
   * Gives back what an owner holds without knowing: a claim whose outcome it was not told may have
   * been committed.
   */
  static void giveBackUnknown(SqliteSession session, long group, long owner, Set<Long> known)
      throws SQLException {
    var unknown = new TreeMap<Long, Optional<String>>();
    var held = Sql.bound(
        session, "SELECT event_id, event_key FROM pubsub_deliveries WHERE owner = ?", owner);
    try (var row = held.executeQuery()) {
      while (row.next()) {
        if (!known.contains(row.getLong(1))) {
          unknown.put(row.getLong(1), Optional.ofNullable(row.getString(2)));
        }
      }
    }
    for (Map.Entry<Long, Optional<String>> event : unknown.entrySet()) {
      giveBack(
          session, group, event.getKey(), event.getValue().orElse(null), owner, null, null, false);
    }
  }

  /** Whether it was put on record; false when the owner does not hold it any more. */
  static boolean recordAttempts(
      SqliteSession session, long group, long event, long owner, int attempts) throws SQLException {
    return Sql.update(
            session,
            "UPDATE pubsub_deliveries SET attempts = ? WHERE group_id = ? AND event_id = ? AND owner = ?",
            (long) attempts,
            group,
            event,
            owner)
        == 1;
  }

  /** Makes the first event of a key due, when it is neither held nor due later. */
  private static void promote(SqliteSession session, long group, String key) throws SQLException {
    Sql.update(session, """
        UPDATE pubsub_deliveries SET due_at = 0
        WHERE group_id = ? AND owner IS NULL AND due_at IS NULL AND event_id = (
          SELECT event_id FROM pubsub_deliveries
          WHERE group_id = ? AND event_key = ? ORDER BY event_id LIMIT 1)""", group, group, key);
  }
}
