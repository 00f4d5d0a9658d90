// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.sqlite;

import dev.pillion.connections.sqlite.SqliteSession;
import dev.pillion.invocation.spi.PeerAddress;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The statements on Dapr's table of hosts. Ages are counted by SQLite's own clock in whole seconds,
 * as daprd counts them; a row's namespace is empty, as daprd writes it.
 */
final class HostTable {
  private static final Logger LOG = LoggerFactory.getLogger(HostTable.class);
  private static final String NOW = "unixepoch(CURRENT_TIMESTAMP)";

  private final String live;
  private final String renew;
  private final String insert;
  private final String delete;
  private final String holder;

  HostTable(String table, long livingSeconds) {
    live = "SELECT address FROM %s WHERE app_id = ? AND %s - last_update < %d"
        .formatted(table, NOW, livingSeconds);
    renew = "UPDATE %s SET last_update = %s WHERE registration_id = ? AND address = ?"
        .formatted(table, NOW);
    insert = """
        INSERT INTO %1$s (registration_id, address, app_id, namespace, last_update)
        VALUES (?, ?, ?, '', %2$s)
        ON CONFLICT (address) DO UPDATE SET registration_id = excluded.registration_id,
          app_id = excluded.app_id, namespace = excluded.namespace,
          last_update = excluded.last_update
        WHERE %2$s - %1$s.last_update >= %3$d""".formatted(table, NOW, livingSeconds);
    delete = "DELETE FROM %s WHERE registration_id = ? AND address = ?".formatted(table);
    holder = "SELECT app_id FROM %s WHERE address = ?".formatted(table);
  }

  /** What makes Dapr's table. */
  static List<String> creations(String table) {
    return List.of(
        """
        CREATE TABLE IF NOT EXISTS %s (
          registration_id TEXT NOT NULL PRIMARY KEY,
          address TEXT NOT NULL,
          app_id TEXT NOT NULL,
          namespace TEXT NOT NULL,
          last_update INTEGER NOT NULL
        )""".formatted(table),
        "CREATE UNIQUE INDEX IF NOT EXISTS %1$s_address_idx ON %1$s (address)".formatted(table),
        "CREATE INDEX IF NOT EXISTS %1$s_last_update_idx ON %1$s (last_update)".formatted(table));
  }

  /** Where the app's replicas that have renewed in time are. */
  List<PeerAddress> live(SqliteSession session, String appId) throws SQLException {
    var statement = session.statement(live);
    statement.setString(1, appId);
    var addresses = new ArrayList<PeerAddress>();
    try (var result = statement.executeQuery()) {
      while (result.next()) {
        var text = String.valueOf(result.getString(1));
        try {
          addresses.add(PeerAddress.parse(text));
        } catch (IllegalArgumentException e) {
          LOG.debug("app \"{}\" is registered at \"{}\", which is no address", appId, text);
        }
      }
    }
    return addresses;
  }

  /**
   * Renews a row, or makes it: another process may have deleted it. A row of the same address that
   * belongs to another and has not expired stays as it is.
   *
   * @return whether the row is there now
   */
  boolean renewOrInsert(SqliteSession session, String id, String address, String appId)
      throws SQLException {
    var update = session.statement(renew);
    update.setString(1, id);
    update.setString(2, address);
    if (update.executeUpdate() > 0) {
      return true;
    }
    var fresh = session.statement(insert);
    fresh.setString(1, id);
    fresh.setString(2, address);
    fresh.setString(3, appId);
    return fresh.executeUpdate() > 0;
  }

  /** The app that an address is registered for; empty when it is not. */
  String holder(SqliteSession session, String address) throws SQLException {
    var statement = session.statement(holder);
    statement.setString(1, address);
    try (var result = statement.executeQuery()) {
      return result.next() ? String.valueOf(result.getString(1)) : "";
    }
  }

  int delete(SqliteSession session, String id, String address) throws SQLException {
    var statement = session.statement(delete);
    statement.setString(1, id);
    statement.setString(2, address);
    return statement.executeUpdate();
  }
}
