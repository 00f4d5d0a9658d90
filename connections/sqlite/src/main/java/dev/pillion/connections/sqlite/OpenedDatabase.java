// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import dev.pillion.concurrent.TimeSource;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The database of a component, there from the component's open on. Thread-safe. */
public final class OpenedDatabase implements AutoCloseable {
  private final SqliteSettings settings;
  private volatile @Nullable SqliteDatabase database;

  /** Not open yet. */
  public OpenedDatabase(SqliteSettings settings) {
    this.settings = settings;
  }

  /**
   * Opens it.
   *
   * @param prepare makes tables and the like, before others see it; when that fails, the database
   *     is closed again
   * @throws dev.pillion.ComponentException as {@link SqliteDatabase#open} does
   */
  public void open(TimeSource time, Consumer<SqliteDatabase> prepare) {
    var made = SqliteDatabase.open(settings, time);
    try {
      prepare.accept(made);
      database = made;
    } catch (RuntimeException e) {
      made.close();
      throw e;
    }
  }

  /**
   * The database; after the close its calls throw.
   *
   * @throws IllegalStateException before it is open
   */
  public SqliteDatabase get() {
    var open = database;
    if (open == null) {
      throw new IllegalStateException("sqlite database \"%s\" is not open".formatted(settings));
    }
    return open;
  }

  /** Closes it, if it is open. Idempotent. */
  @Override
  public void close() {
    var open = database;
    if (open != null) {
      open.close();
    }
  }

  /** The file, or {@code :memory:}. */
  @Override
  public String toString() {
    return settings.toString();
  }
}
