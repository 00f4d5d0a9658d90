// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import dev.pillion.concurrent.Deadline;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Where the connections of one open database come from; each is in auto-commit when taken. */
interface Sessions {
  /** A connection and what is to be set on it when it is given back. */
  record Session(Connection connection, boolean autoCommit, int networkTimeout) {}

  /** A connection by the deadline; null when there was none by then. */
  @Nullable
  Session take(Deadline deadline) throws SQLException;

  /** Gives one back, as it was taken; {@code broken} ones are never seen again. */
  void give(Session session, boolean broken);

  void close();
}
