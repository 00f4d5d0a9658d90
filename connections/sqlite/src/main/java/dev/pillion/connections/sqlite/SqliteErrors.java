// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import dev.pillion.ComponentException;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/** What SQLite's result codes mean to a caller. */
final class SqliteErrors {
  private static final int PRIMARY_CODE = 0xff;

  private SqliteErrors() {}

  static ComponentException translate(SqliteSettings settings, SQLException cause) {
    var database = "sqlite database \"" + settings + "\" ";
    return switch (primary(cause)) {
      case SQLITE_BUSY, SQLITE_LOCKED -> busy(settings, cause);
      case SQLITE_FULL ->
        ComponentException.unavailable(
            database + "is full: its disk has no space left, or max_page_count is reached", cause);
      case SQLITE_READONLY ->
        ComponentException.failed(
            database + "can't be written: it, or its file system, is read-only", cause);
      case SQLITE_CANTOPEN ->
        ComponentException.unavailable(
            database
                + "can't be opened: its directory must exist, and both must be accessible to this process",
            cause);
      case SQLITE_IOERR ->
        ComponentException.unavailable(
            database + "had an I/O error (%s)".formatted(name(cause)), cause);
      case SQLITE_NOMEM, SQLITE_PROTOCOL, SQLITE_INTERRUPT, SQLITE_SCHEMA ->
        ComponentException.unavailable(database + "failed for now: " + cause.getMessage(), cause);
      case SQLITE_CORRUPT, SQLITE_NOTADB ->
        ComponentException.failed(
            database + "is damaged, or is no SQLite database (%s)".formatted(name(cause)), cause);
      default -> ComponentException.failed(database + "refused: " + cause.getMessage(), cause);
    };
  }

  static ComponentException busy(SqliteSettings settings, @Nullable SQLException cause) {
    return ComponentException.unavailable(
        "sqlite database \"%s\" is busy: another process has been writing to it for longer than busyTimeout, %d ms"
            .formatted(settings, settings.busyMillis()),
        cause);
  }

  static boolean isBusy(SQLException e) {
    return primary(e) == SQLiteErrorCode.SQLITE_BUSY;
  }

  /** Whether the connection had better be opened anew. */
  static boolean breaksConnection(SQLException e) {
    return switch (primary(e)) {
      case SQLITE_IOERR,
          SQLITE_CANTOPEN,
          SQLITE_CORRUPT,
          SQLITE_NOTADB,
          SQLITE_NOMEM,
          SQLITE_MISUSE,
          SQLITE_PROTOCOL -> true;
      default -> false;
    };
  }

  private static SQLiteErrorCode primary(SQLException e) {
    return e instanceof SQLiteException known
        ? SQLiteErrorCode.getErrorCode(known.getResultCode().code & PRIMARY_CODE)
        : SQLiteErrorCode.UNKNOWN_ERROR;
  }

  private static String name(SQLException e) {
    return e instanceof SQLiteException known
        ? known.getResultCode().name()
        : String.valueOf(e.getMessage());
  }
}
