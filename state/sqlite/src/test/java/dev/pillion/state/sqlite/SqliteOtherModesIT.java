// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.sqlite;

import dev.pillion.connections.sqlite.SqliteSettings;
import dev.pillion.state.StateStore;
import dev.pillion.state.testkit.BareStateStore;
import dev.pillion.state.testkit.StateStoreContract;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** The contract in the other ways a database can be kept. */
class SqliteOtherModesIT {
  @TempDir
  static Path directory;

  @Nested
  @DisplayName("rollback journal")
  class WithoutWal extends StateStoreContract {
    private static BareStateStore store;

    @BeforeAll
    static void open() {
      var settings = SqliteSettings.at(directory.resolve("state.db")).withoutWal();
      store = BareStateStore.open(SqliteStateStore.builder(settings).build());
    }

    @AfterAll
    static void close() {
      store.close();
    }

    @Override
    protected StateStore store() {
      return store;
    }
  }

  @Nested
  @DisplayName("in memory")
  class InMemory extends StateStoreContract {
    private static BareStateStore store;

    @BeforeAll
    static void open() {
      store = BareStateStore.open(
          SqliteStateStore.builder(SqliteSettings.inMemory()).build());
    }

    @AfterAll
    static void close() {
      store.close();
    }

    @Override
    protected StateStore store() {
      return store;
    }
  }
}
