// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.sqlite.SqliteDatabase;
import dev.pillion.connections.sqlite.SqliteSession;
import java.sql.SQLException;
import java.util.List;

/**
 * The tables of the broker.
 *
 * <p>An event is written once, whatever the number of groups. A group's position says up to where
 * it has looked; of what it has looked at, an event that is not done has a row in the deliveries,
 * and one that is done has none. So the deliveries hold only what is under way or waits, and no
 * claim ever passes over events that are done. Ids grow with the order of commits, for SQLite has
 * one writer at a time, and are never given out again, removed events or not.
 */
final class BrokerSchema {
  private static final int VERSION = 1;

  private static final List<String> TABLES = List.of(
      "CREATE TABLE IF NOT EXISTS pubsub_schema (version INTEGER NOT NULL)",
      """
      CREATE TABLE IF NOT EXISTS pubsub_topics (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE
      )""",
      // The data last: what stands before it is read without its pages.
      """
      CREATE TABLE IF NOT EXISTS pubsub_events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        topic_id INTEGER NOT NULL,
        published_at INTEGER NOT NULL,
        event_key TEXT,
        metadata TEXT,
        data BLOB NOT NULL
      )""",
      // A row's id is part of every index: this one is in the order of publishing.
      "CREATE INDEX IF NOT EXISTS pubsub_events_by_topic ON pubsub_events (topic_id)",
      """
      CREATE TABLE IF NOT EXISTS pubsub_groups (
        id INTEGER PRIMARY KEY,
        topic_id INTEGER NOT NULL,
        name TEXT NOT NULL,
        ordering TEXT NOT NULL,
        position INTEGER NOT NULL DEFAULT 0,
        UNIQUE (topic_id, name)
      )""",
      """
      CREATE TABLE IF NOT EXISTS pubsub_owners (
        incarnation INTEGER PRIMARY KEY,
        group_id INTEGER NOT NULL,
        renewals INTEGER NOT NULL,
        lease_millis INTEGER NOT NULL,
        process_place TEXT,
        process_id INTEGER NOT NULL
      )""",
      // With an owner: held. Without: due at that time, or behind another of its key when null.
      """
      CREATE TABLE IF NOT EXISTS pubsub_deliveries (
        group_id INTEGER NOT NULL,
        event_id INTEGER NOT NULL,
        event_key TEXT,
        owner INTEGER,
        due_at INTEGER,
        attempts INTEGER NOT NULL DEFAULT 0,
        fetches INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (group_id, event_id)
      ) WITHOUT ROWID""",
      """
      CREATE INDEX IF NOT EXISTS pubsub_deliveries_due
        ON pubsub_deliveries (group_id, due_at, event_id) WHERE due_at IS NOT NULL""",
      """
      CREATE INDEX IF NOT EXISTS pubsub_deliveries_by_key
        ON pubsub_deliveries (group_id, event_key, event_id) WHERE event_key IS NOT NULL""",
      """
      CREATE INDEX IF NOT EXISTS pubsub_deliveries_by_owner
        ON pubsub_deliveries (owner) WHERE owner IS NOT NULL""");

  private BrokerSchema() {}

  /** Makes what is missing; tables of a newer version than this one are refused. */
  static void create(SqliteDatabase database, Deadline deadline) {
    if (database.read(BrokerSchema::isCurrent, deadline)) {
      return;
    }
    database.write(
        session -> {
          for (String table : TABLES) {
            session.execute(table);
          }
          session.execute(
              "INSERT INTO pubsub_schema SELECT %d WHERE NOT EXISTS (SELECT 1 FROM pubsub_schema)"
                  .formatted(VERSION));
          return check(session);
        },
        deadline);
  }

  private static boolean isCurrent(SqliteSession session) throws SQLException {
    var known = session.statement(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'pubsub_schema'");
    boolean exists;
    try (var result = known.executeQuery()) {
      exists = result.next();
    }
    return exists && check(session);
  }

  private static boolean check(SqliteSession session) throws SQLException {
    int version = (int) Sql.number(session, "SELECT max(version) FROM pubsub_schema");
    if (version > VERSION) {
      throw ComponentException.failed(
          "the tables of pubsub.sqlite have version %d, of a newer Pillion; this one knows version %d"
              .formatted(version, VERSION),
          null);
    }
    return version == VERSION;
  }
}
