// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.connections.sqlite.SqliteSession;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who may hold events: one row for each intake, by a random incarnation that never comes again. Its
 * lease is the number of its renewals, which others watch: clocks of processes are never compared.
 */
final class Owners {
  private Owners() {}

  /**
   * A row.
   *
   * @param leaseMillis how long its renewals stand still before it counts as gone
   * @param place where its process can be looked for; null when it can't
   */
  record Owner(
      long incarnation,
      long groupId,
      long renewals,
      long leaseMillis,
      @Nullable String place,
      long processId) {}

  static void add(SqliteSession session, Owner owner) throws SQLException {
    Sql.update(
        session,
        "INSERT INTO pubsub_owners (incarnation, group_id, renewals, lease_millis, process_place, process_id) VALUES (?, ?, ?, ?, ?, ?)",
        owner.incarnation(),
        owner.groupId(),
        owner.renewals(),
        owner.leaseMillis(),
        owner.place(),
        owner.processId());
  }

  static boolean exists(SqliteSession session, long incarnation) throws SQLException {
    return Sql.number(session, "SELECT 1 FROM pubsub_owners WHERE incarnation = ?", incarnation)
        == 1;
  }

  /** False when it has been given up: what it held is others' now. */
  static boolean renew(SqliteSession session, long incarnation) throws SQLException {
    return Sql.update(
            session,
            "UPDATE pubsub_owners SET renewals = renewals + 1 WHERE incarnation = ?",
            incarnation)
        == 1;
  }

  static List<Owner> all(SqliteSession session) throws SQLException {
    var owners = new ArrayList<Owner>();
    var statement = session.statement(
        "SELECT incarnation, group_id, renewals, lease_millis, process_place, process_id FROM pubsub_owners");
    try (var row = statement.executeQuery()) {
      while (row.next()) {
        owners.add(new Owner(
            row.getLong(1),
            row.getLong(2),
            row.getLong(3),
            row.getLong(4),
            row.getString(5),
            row.getLong(6)));
      }
    }
    return owners;
  }

  /** Ends an owner that is still as it was seen, and gives the group back what it held. */
  static boolean end(SqliteSession session, Owner seen) throws SQLException {
    int ended = Sql.update(
        session,
        "DELETE FROM pubsub_owners WHERE incarnation = ? AND renewals = ?",
        seen.incarnation(),
        seen.renewals());
    if (ended == 1) {
      Deliveries.giveBackAll(session, seen.groupId(), seen.incarnation());
    }
    return ended == 1;
  }

  /** An owner's own end. */
  static void leave(SqliteSession session, long groupId, long incarnation) throws SQLException {
    Sql.update(session, "DELETE FROM pubsub_owners WHERE incarnation = ?", incarnation);
    Deliveries.giveBackAll(session, groupId, incarnation);
  }
}
