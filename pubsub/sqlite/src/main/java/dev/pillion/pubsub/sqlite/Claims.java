// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.connections.sqlite.SqliteSession;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Takes events for an owner, in one transaction: first those that are due again, then those that
 * the group has not looked at yet.
 */
final class Claims {
  /** So many events at most are looked at in one transaction, for others want to write as well. */
  private static final int MAX_LOOKS = 1000;

  private final Group group;
  private final long owner;
  private final Due due;

  /** What is held now; {@code attempts} and {@code fetches} as they were before. */
  record Claimed(StoredEvent event, @Nullable String lane, int attempts, int fetches) {}

  /** Of the time of day and the pause between deliveries, both in milliseconds. */
  record Due(long now, long pause) {
    /** What is due later than a full pause from now: then the clock has been set back. */
    long tooLate() {
      return now + pause;
    }
  }

  private record Row(long event, @Nullable String lane, int attempts, int fetches) {}

  Claims(Group group, long owner, Due due) {
    this.group = group;
    this.owner = owner;
    this.due = due;
  }

  /** Whether a claim would find something to do. */
  static boolean possible(SqliteSession session, Group group, Due due) throws SQLException {
    return Sql.number(
            session,
            """
            SELECT EXISTS (SELECT 1 FROM pubsub_events WHERE topic_id = ?
                AND id > (SELECT position FROM pubsub_groups WHERE id = ?))
              OR EXISTS (SELECT 1 FROM pubsub_deliveries WHERE group_id = ? AND due_at <= ?)
              OR EXISTS (SELECT 1 FROM pubsub_deliveries WHERE group_id = ? AND due_at > ?)""",
            group.topicId(),
            group.id(),
            group.id(),
            due.now(),
            group.id(),
            due.tooLate())
        == 1;
  }

  /** When the next event is due again, in milliseconds; {@link Long#MAX_VALUE}: none is. */
  static long nextDue(SqliteSession session, Group group) throws SQLException {
    var first = Sql.bound(
        session,
        "SELECT due_at FROM pubsub_deliveries WHERE group_id = ? AND due_at >= 0 ORDER BY due_at LIMIT 1",
        group.id());
    try (var row = first.executeQuery()) {
      return row.next() ? row.getLong(1) : Long.MAX_VALUE;
    }
  }

  List<Claimed> claim(SqliteSession session, int want) throws SQLException {
    var claimed = new ArrayList<Claimed>();
    claimDue(session, "due_at <= ?", due.now(), want, claimed);
    claimDue(session, "due_at > ?", due.tooLate(), want, claimed);
    if (claimed.size() < want) {
      claimNew(session, want, claimed);
    }
    return claimed;
  }

  private void claimDue(
      SqliteSession session, String which, long when, int want, List<Claimed> claimed)
      throws SQLException {
    var heads = rows(
        session,
        "SELECT event_id, event_key, attempts, fetches FROM pubsub_deliveries WHERE group_id = ? AND "
            + which
            + " ORDER BY due_at, event_id LIMIT ?",
        group.id(),
        when,
        (long) (want - claimed.size()));
    for (Row head : heads) {
      hold(session, head, claimed);
      if (head.lane() != null && claimed.size() < want) {
        // The first of a key is ours, so those behind it may be.
        var behind = rows(
            session,
            "SELECT event_id, event_key, attempts, fetches FROM pubsub_deliveries WHERE group_id = ? AND event_key = ? AND event_id > ? ORDER BY event_id LIMIT ?",
            group.id(),
            head.lane(),
            head.event(),
            (long) (want - claimed.size()));
        for (Row row : behind) {
          hold(session, row, claimed);
        }
      }
      if (claimed.size() >= want) {
        return;
      }
    }
  }

  private void hold(SqliteSession session, Row row, List<Claimed> claimed) throws SQLException {
    var event = event(session, row.event());
    if (event == null) {
      // Somebody has deleted it by hand.
      Deliveries.done(session, group.id(), row.event());
      return;
    }
    Sql.update(
        session,
        "UPDATE pubsub_deliveries SET owner = ?, due_at = NULL, fetches = fetches + 1 WHERE group_id = ? AND event_id = ?",
        owner,
        group.id(),
        row.event());
    claimed.add(new Claimed(event, row.lane(), row.attempts(), row.fetches()));
  }

  private void claimNew(SqliteSession session, int want, List<Claimed> claimed)
      throws SQLException {
    long before =
        Sql.number(session, "SELECT position FROM pubsub_groups WHERE id = ?", group.id());
    long position = before;
    var events = Sql.bound(
        session,
        "SELECT " + StoredEvent.COLUMNS
            + " FROM pubsub_events WHERE topic_id = ? AND id > ? ORDER BY id LIMIT ?",
        group.topicId(),
        position,
        (long) MAX_LOOKS);
    try (var row = events.executeQuery()) {
      while (claimed.size() < want && row.next()) {
        position = row.getLong(1);
        var lane = group.lane(row.getString(2));
        boolean free = lane == null || isFree(session, lane);
        Sql.update(
            session,
            "INSERT INTO pubsub_deliveries (group_id, event_id, event_key, owner, fetches) VALUES (?, ?, ?, ?, ?)",
            group.id(),
            position,
            lane,
            free ? owner : null,
            free ? 1L : 0L);
        if (free) {
          claimed.add(new Claimed(StoredEvent.read(row), lane, 0, 0));
        }
      }
    }
    if (position != before) {
      Sql.update(
          session, "UPDATE pubsub_groups SET position = ? WHERE id = ?", position, group.id());
    }
  }

  /** Whether nothing of the key is under way, or all of it is this owner's. */
  private boolean isFree(SqliteSession session, String lane) throws SQLException {
    var last = Sql.bound(
        session,
        "SELECT owner FROM pubsub_deliveries WHERE group_id = ? AND event_key = ? ORDER BY event_id DESC LIMIT 1",
        group.id(),
        lane);
    try (var row = last.executeQuery()) {
      return !row.next() || row.getLong(1) == owner;
    }
  }

  private static List<Row> rows(SqliteSession session, String sql, Object... values)
      throws SQLException {
    var rows = new ArrayList<Row>();
    try (var row = Sql.bound(session, sql, values).executeQuery()) {
      while (row.next()) {
        rows.add(new Row(row.getLong(1), row.getString(2), row.getInt(3), row.getInt(4)));
      }
    }
    return rows;
  }

  private static @Nullable StoredEvent event(SqliteSession session, long id) throws SQLException {
    var found = Sql.bound(
        session, "SELECT " + StoredEvent.COLUMNS + " FROM pubsub_events WHERE id = ?", id);
    try (var row = found.executeQuery()) {
      return row.next() ? StoredEvent.read(row) : null;
    }
  }
}
