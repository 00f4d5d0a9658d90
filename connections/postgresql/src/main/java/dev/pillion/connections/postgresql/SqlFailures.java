// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;

/**
 * The one place where the driver's failures become ours. Texts take the server's primary message
 * alone: its details may quote rows.
 */
final class SqlFailures {
  /** Lost connections and servers that go, come or are full. */
  private static final Set<String> TRANSIENT_CLASSES = Set.of("08", "53", "57");

  /** Serialization failure, deadlock, lock not available, and a server that became a replica. */
  private static final Set<String> TRANSIENT_STATES = Set.of("40001", "40P01", "55P03", "25006");

  private final String component;
  private final String database;

  SqlFailures(String component, String database) {
    this.component = component;
    this.database = database;
  }

  /** A statement failed. */
  BuildingBlockException of(SQLException e) {
    if (isTimeout(e)) {
      return late("did not answer in time; whether a write was applied is unknown", e);
    }
    var text = text("failed: " + reason(e));
    return isTransient(e)
        ? ComponentException.unavailable(text, e)
        : ComponentException.failed(text, e);
  }

  /** There was no connection to be had. */
  ComponentException connecting(SQLException e) {
    var text = text("can't be reached: " + reason(e));
    // Without a state: a pool that gave up, or was interrupted.
    return isTransient(e) || e.getSQLState() == null
        ? ComponentException.unavailable(text, e)
        : ComponentException.failed(text, e);
  }

  /** The time was over before there was a connection. */
  CallTimeoutException noConnection(@Nullable Throwable cause) {
    return late("gave no connection in time; nothing was done", cause);
  }

  private CallTimeoutException late(String what, @Nullable Throwable cause) {
    return new CallTimeoutException("ERR_COMPONENT", text(what), cause);
  }

  private String text(String what) {
    return "component \"%s\": PostgreSQL at %s %s".formatted(component, database, what);
  }

  static boolean isTimeout(@Nullable Throwable e) {
    for (var cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof SocketTimeoutException) {
        return true;
      }
    }
    return false;
  }

  /** Whether the session is of no use any more, or should be one with another server. */
  static boolean isBroken(SQLException e) {
    var state = e.getSQLState();
    if (state == null) {
      return isTimeout(e);
    }
    return isTimeout(e)
        || state.startsWith("08")
        || state.startsWith("57P")
        || state.equals("25006");
  }

  private static boolean isTransient(SQLException e) {
    var state = e.getSQLState();
    return state != null
        && state.length() == 5
        && (TRANSIENT_CLASSES.contains(state.substring(0, 2)) || TRANSIENT_STATES.contains(state));
  }

  private static String reason(SQLException e) {
    if (e instanceof PSQLException server && server.getServerErrorMessage() != null) {
      return server.getServerErrorMessage().getMessage() + " (SQLSTATE " + e.getSQLState() + ")";
    }
    var cause = e.getCause();
    return cause == null || cause instanceof SQLException
        ? String.valueOf(e.getMessage())
        : e.getMessage() + " (" + cause + ")";
  }
}
